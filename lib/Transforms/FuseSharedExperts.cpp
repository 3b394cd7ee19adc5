//===- FuseSharedExperts.cpp - moe-fuse-shared-experts --------------------===//

#include "moe/IR/LayerPlan.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::moe {
#define GEN_PASS_DEF_FUSESHAREDEXPERTSPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

namespace {
/// Makes the shared expert the last of the experts that tokens choose.
class Fuser {
public:
  explicit Fuser(SharedExpert found)
      : found(found), b(found.mix.getLoc(), found.mix) {}

  void fuse() {
    ExpertMlpOp experts = found.experts, shared = found.shared;
    auto [indices, weights] = appendChoice();
    GroupByExpertOp grouping = group(indices);
    auto rowsType = cast<RankedTensorType>(experts.getRows().getType());
    int64_t numRows = grouping.getSources().getType().getDimSize(0);
    auto withRows = [&](RankedTensorType type) {
      return RankedTensorType::get({numRows, type.getDimSize(1)},
                                   type.getElementType());
    };
    Value rows = DispatchOp::create(b, withRows(rowsType), shared.getRows(),
                                    grouping.getSources(), /*weights=*/Value(),
                                    /*positions=*/Value());
    auto all = cast<ExpertMlpOp>(b.clone(*experts.getOperation()));
    all.getRowsMutable().assign(rows);
    all.getOffsetsMutable().assign(grouping.getOffsets());
    all.getUpMutable().assign(append(experts.getUp(), shared.getUp()));
    for (auto [operand, more] :
         {std::pair<MutableOperandRange, Value>(all.getGateMutable(),
                                                shared.getGate()),
          {all.getDownMutable(), shared.getDown()},
          {all.getUpBiasMutable(), shared.getUpBias()},
          {all.getGateBiasMutable(), shared.getGateBias()},
          {all.getDownBiasMutable(), shared.getDownBias()}})
      if (more)
        operand.assign(append(operand[0].get(), more));
    // Its operands follow it in the order of their creation.
    all->moveBefore(found.mix);
    all.getResult().setType(
        withRows(cast<RankedTensorType>(all.getResult().getType())));
    auto combine = CombineOp::create(b, found.mix.getResult().getType(),
                                     all.getResult(), grouping.getPositions(),
                                     weights, found.combine.getAccumulate(),
                                     found.combine.getOrder());
    found.mix.replaceAllUsesWith(combine.getResult());
    eraseUnused();
  }

private:
  std::pair<Value, Value> appendChoice() {
    Value weights = found.combine.getWeights();
    auto ids = found.grouping.getIndices().getType();
    auto factors = cast<RankedTensorType>(weights.getType());
    // A share of the shared expert is not rounded to narrow weights.
    Type element = factors.getElementType().isF64() ? factors.getElementType()
                                                    : b.getF32Type();
    SmallVector<int64_t> shape(ids.getShape());
    if (!ShapedType::isDynamic(shape[1]))
      ++shape[1];
    auto append = AppendChoiceOp::create(
        b, RankedTensorType::get(shape, ids.getElementType()),
        RankedTensorType::get(shape, element), found.grouping.getIndices(),
        weights, found.mix.getCoefficient(),
        getFirstExpert() + static_cast<int64_t>(found.grouping.getNumExperts()),
        getFirstExpert(), found.mix.getBScale());
    return {append.getMoreIndices(), append.getMoreWeights()};
  }

  int64_t getFirstExpert() {
    return static_cast<int64_t>(found.grouping.getFirstExpert());
  }

  /// Without slots: choices that found none are no choices any more, and empty
  /// rows are not needed.
  GroupByExpertOp group(Value indices) {
    auto ids = cast<RankedTensorType>(indices.getType());
    int64_t experts = static_cast<int64_t>(found.grouping.getNumExperts()) + 1;
    auto vector = [&](int64_t size) {
      return RankedTensorType::get({size}, b.getI32Type());
    };
    bool isStatic = !ShapedType::isDynamic(
        found.grouping.getSources().getType().getDimSize(0));
    return GroupByExpertOp::create(
        b, vector(experts + 1),
        vector(isStatic && ids.hasStaticShape() ? ids.getNumElements()
                                                : ShapedType::kDynamic),
        ids, indices, /*slots=*/Value(), /*capacity=*/Value(), experts,
        getFirstExpert());
  }

  Value append(Value weights, Value expert) {
    if (auto many = weights.getDefiningOp<DequantizeOp>())
      return appendCodes(many, expert.getDefiningOp<DequantizeOp>());
    auto type = cast<RankedTensorType>(weights.getType());
    SmallVector<int64_t> shape(type.getShape());
    ++shape.front();
    return AppendExpertOp::create(
        b,
        RankedTensorType::get(shape, type.getElementType(),
                              PerExpertAttr::get(b.getContext())),
        weights, expert);
  }

  Value appendCodes(DequantizeOp many, DequantizeOp one) {
    SmallVector<int64_t> shape(many.getType().getShape());
    ++shape.front();
    Value zeroPoints;
    if (many.getZeroPoints())
      zeroPoints = append(many.getZeroPoints(), one.getZeroPoints());
    return DequantizeOp::create(
        b, RankedTensorType::get(shape, many.getType().getElementType()),
        many.getScheme(), append(many.getData(), one.getData()),
        append(many.getScales(), one.getScales()), zeroPoints,
        many.getBlockShapeAttr(), many.getOrder(), many.getZeroOffset());
  }

  void eraseUnused() {
    llvm::SetVector<Operation *> ops;
    ops.insert(found.mix);
    ops.insert(found.combine);
    for (ExpertMlpOp mlp : {found.shared, found.experts}) {
      ops.insert(mlp);
      for (Value weights : mlp->getOperands())
        if (auto quantised = weights.getDefiningOp<DequantizeOp>())
          ops.insert(quantised);
    }
    if (Operation *dispatch = found.experts.getRows().getDefiningOp())
      ops.insert(dispatch);
    ops.insert(found.grouping);
    for (Operation *op : ops)
      if (isOpTriviallyDead(op))
        op->erase();
  }

  SharedExpert found;
  ImplicitLocOpBuilder b;
};

struct FuseSharedExpertsPass
    : moe::impl::FuseSharedExpertsPassBase<FuseSharedExpertsPass> {
  void runOnOperation() override {
    if (getPlan(getOperation()).getSharedExperts() == SharedExpertsPlan::beside)
      return;
    SmallVector<SharedExpert> shared;
    getOperation().walk([&](MixOp mix) {
      if (auto found = findSharedExpert(mix))
        shared.push_back(*found);
    });
    for (SharedExpert &found : shared) {
      auto options = remark::RemarkOpts::name("FuseSharedExperts")
                         .category("moe-fuse-shared-experts");
      Location loc = found.mix.getLoc();
      if (StringRef obstacle = findObstacle(found); !obstacle.empty()) {
        remark::missed(loc, options) << remark::reason("{0}", obstacle);
        continue;
      }
      remark::passed(loc, options)
          << remark::metric("experts", found.grouping.getNumExperts() + 1);
      Fuser(found).fuse();
    }
  }
};
} // namespace
