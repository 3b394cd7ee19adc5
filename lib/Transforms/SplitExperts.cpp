//===- SplitExperts.cpp - moe-split-experts -------------------------------===//

#include "moe/Transforms/SplitExperts.h"
#include "Activation.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::moe {
#define GEN_PASS_DEF_SPLITEXPERTSPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

namespace {
/// A weight matrix and which of its outputs the columns of a GEMM select.
struct Projection {
  Value weights;
  int64_t stride = 1;
  int64_t start = 0;
};

class Splitter {
public:
  Splitter(ExpertMlpOp op, RewriterBase &rewriter)
      : op(op), b(op.getLoc(), rewriter), width(op.getInnerWidth()) {
    if (op.getOffsets())
      offsets = dropIdentityExperts();
  }

  Value split() {
    Value hidden = buildHidden();
    Value result = op.getDown() ? buildDown(hidden) : hidden;
    return op.getIdentityExperts() > 0 ? copyIdentityRows(result) : result;
  }

private:
  /// The offsets of the experts that have weights.
  Value dropIdentityExperts() {
    if (op.getIdentityExperts() == 0)
      return op.getOffsets();
    int64_t count = op.getNumExperts() + 1;
    return tensor::ExtractSliceOp::create(
        b, RankedTensorType::get({count}, b.getI32Type()), op.getOffsets(),
        ArrayRef<OpFoldResult>{b.getIndexAttr(0)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(count)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
  }

  /// Up, and gate if there is one, as the gating lays them out.
  SmallVector<Projection, 2> getProjections() {
    Value up = op.getUp();
    switch (op.getGating()) {
    case Gating::none:
      return {{up}};
    case Gating::separate:
      return {{up}, {op.getGate()}};
    case Gating::gate_first:
      return {{up, 1, width}, {up, 1, 0}};
    case Gating::up_first:
      return {{up, 1, 0}, {up, 1, width}};
    case Gating::interleaved:
      return {{up, 2, 1}, {up, 2, 0}};
    }
    llvm_unreachable("unknown gating");
  }

  /// The biases of the projections: those of a fused one are the slices that
  /// its columns select.
  SmallVector<Value, 2> getBiases(ArrayRef<Projection> projections) {
    SmallVector<Value, 2> biases;
    if (!op.isFused()) {
      if (op.getUpBias())
        biases.push_back(op.getUpBias());
      if (op.getGateBias())
        biases.push_back(op.getGateBias());
      return biases;
    }
    if (op.getUpBias())
      for (const Projection &projection : projections)
        biases.push_back(sliceLast(op.getUpBias(), projection));
    return biases;
  }

  Value sliceLast(Value bias, const Projection &projection) {
    // A table of addresses has no slices, what it is made of has.
    if (auto table = bias.getDefiningOp<AppendExpertOp>()) {
      Value many = sliceLast(table.getWeights(), projection);
      auto tableType = cast<RankedTensorType>(table.getType());
      SmallVector<int64_t> shape(tableType.getShape());
      shape.back() = width;
      return AppendExpertOp::create(
          b,
          RankedTensorType::get(shape, tableType.getElementType(),
                                tableType.getEncoding()),
          many, sliceLast(table.getExpert(), projection));
    }
    auto type = cast<RankedTensorType>(bias.getType());
    SmallVector<OpFoldResult> starts(type.getRank(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(b, b.getLoc(), bias);
    starts.back() = b.getIndexAttr(projection.start);
    strides.back() = b.getIndexAttr(projection.stride);
    sizes.back() = b.getIndexAttr(width);
    return tensor::ExtractSliceOp::create(b, bias, starts, sizes, strides);
  }

  GroupedGemmOp buildGemm(Value x, ArrayRef<Projection> projections,
                          ValueRange biases, MatrixLayout layout,
                          Type resultType) {
    SmallVector<Value> weights;
    SmallVector<int64_t> strides, starts;
    for (const Projection &projection : projections) {
      weights.push_back(projection.weights);
      strides.push_back(projection.stride);
      starts.push_back(projection.start);
    }
    SmallVector<Attribute> layouts(
        weights.size(), MatrixLayoutAttr::get(b.getContext(), layout));
    auto gemm = GroupedGemmOp::create(b, resultType, x, Value(), offsets,
                                      weights, biases, ValueRange(),
                                      b.getArrayAttr(layouts), strides, starts);
    Type type = gemm.getComputeType();
    size_t inputs = weights.size() + biases.size();
    gemm.getEpilogue().emplaceBlock().addArguments(
        SmallVector<Type>(inputs, type),
        SmallVector<Location>(inputs, b.getLoc()));
    return gemm;
  }

  /// With as many biases as sums, or none.
  Value addBias(Block &epilogue, size_t projection, size_t projections) {
    Value sum = epilogue.getArgument(projection);
    if (epilogue.getNumArguments() == projections)
      return sum;
    return arith::AddFOp::create(
        b, sum, epilogue.getArgument(projections + projection));
  }

  Value buildHidden() {
    SmallVector<Projection, 2> projections = getProjections();
    SmallVector<Value, 2> biases = getBiases(projections);
    auto rowsType = cast<RankedTensorType>(op.getRows().getType());
    auto type = op.getDown()
                    ? RankedTensorType::get({rowsType.getDimSize(0), width},
                                            rowsType.getElementType())
                    : cast<RankedTensorType>(op.getResult().getType());
    GroupedGemmOp gemm =
        buildGemm(op.getRows(), projections, biases, op.getUpLayout(), type);
    Block &epilogue = gemm.getEpilogue().front();
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&epilogue);
    Value u = addBias(epilogue, 0, projections.size());
    Value g = projections.size() > 1 ? addBias(epilogue, 1, projections.size())
                                     : Value();
    YieldOp::create(b, buildActivation(b, op.getActivation(), u, g));
    return gemm.getResult();
  }

  Value buildDown(Value hidden) {
    SmallVector<Value, 1> biases;
    if (op.getDownBias())
      biases.push_back(op.getDownBias());
    GroupedGemmOp gemm =
        buildGemm(hidden, Projection{op.getDown()}, biases, op.getDownLayout(),
                  op.getResult().getType());
    Block &epilogue = gemm.getEpilogue().front();
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&epilogue);
    YieldOp::create(b, addBias(epilogue, 0, 1));
    return gemm.getResult();
  }

  /// Puts the rows of the experts without weights into the result.
  Value copyIdentityRows(Value result) {
    auto offset = [&](int64_t expert) -> Value {
      Value at = arith::ConstantIndexOp::create(b, expert);
      Value row = tensor::ExtractOp::create(b, op.getOffsets(), at);
      return arith::IndexCastOp::create(b, b.getIndexType(), row);
    };
    int64_t experts = op.getNumExperts();
    Value begin = offset(experts),
          end = offset(experts + op.getIdentityExperts());
    Value count = arith::SubIOp::create(b, end, begin);
    int64_t columns = cast<ShapedType>(result.getType()).getDimSize(1);
    SmallVector<OpFoldResult> starts = {begin, b.getIndexAttr(0)};
    SmallVector<OpFoldResult> sizes = {count, b.getIndexAttr(columns)};
    SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
    Value rows = convertTo(getElementTypeOrSelf(result.getType()),
                           tensor::ExtractSliceOp::create(
                               b, op.getRows(), starts, sizes, strides));
    return tensor::InsertSliceOp::create(b, rows, result, starts, sizes,
                                         strides);
  }

  Value convertTo(Type element, Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    unsigned from = type.getElementTypeBitWidth(),
             to = element.getIntOrFloatBitWidth();
    if (type.getElementType() == element)
      return tensor;
    if (from < to)
      return arith::ExtFOp::create(b, type.clone(element), tensor);
    return arith::TruncFOp::create(b, type.clone(element), tensor);
  }

  ExpertMlpOp op;
  ImplicitLocOpBuilder b;
  int64_t width;
  Value offsets;
};

struct SplitExpertsPass : moe::impl::SplitExpertsPassBase<SplitExpertsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](ExpertMlpOp op) {
      auto options = remark::RemarkOpts::name("SplitExperts")
                         .category("moe-split-experts");
      remark::passed(op.getLoc(), options)
          << remark::metric("gemms", op.getDown() ? 2 : 1);
      splitExperts(op, rewriter);
    });
  }
};
} // namespace

void mlir::moe::splitExperts(ExpertMlpOp op, RewriterBase &rewriter) {
  rewriter.setInsertionPoint(op);
  rewriter.replaceOp(op, Splitter(op, rewriter).split());
}
