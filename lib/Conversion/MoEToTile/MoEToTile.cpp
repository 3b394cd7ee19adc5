//===- MoEToTile.cpp - convert-moe-to-tile --------------------------------===//

#include "../WeightReader.h"
#include "moe/Conversion/Passes.h"
#include "moe/Tile/Tile.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::moe {
#define GEN_PASS_DEF_CONVERTMOETOTILEPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

namespace {
/// Writes one grouped GEMM as a kernel.
class Converter {
public:
  Converter(GroupedGemmOp op, Code &code)
      : op(op), code(code), schedule(*op.getSchedule()),
        tileRows(getRows(schedule)), tileColumns(getColumns(schedule)),
        type(cast<RankedTensorType>(op.getResult().getType())),
        compute(op.getComputeType()) {}

  Value convert() {
    Value x = code.buffer(op.getX());
    Value sources = op.getSources() ? code.buffer(op.getSources()) : Value();
    Value offsets = op.getOffsets() ? code.buffer(op.getOffsets()) : Value();
    Term rows = code.dim(sources ? sources : x, 0);
    SmallVector<WeightOperand> weights;
    for (Value operand : op.getWeights())
      weights.push_back(WeightOperand::get(operand, code));
    SmallVector<StoredWeights> columnInputs;
    for (Value input : op.getColumnInputs())
      columnInputs.push_back(StoredWeights::get(input, code));
    SmallVector<Value> rowInputs;
    for (Value input : op.getRowInputs())
      rowInputs.push_back(code.buffer(input));
    Value targets = op.getTargets() ? code.buffer(op.getTargets()) : Value();
    Term outRows = targets ? code.term(op.getNumRows()) : rows;
    Value out = code.allocate(type, {outRows, code.index(type.getDimSize(1))});
    if (op.getAdds())
      code.fill(out, code.real(0));

    auto loop = tile::ForEachOp::create(code.builder, code.loc, offsets,
                                        offsets ? Value() : rows.value,
                                        type.getDimSize(1), schedule);
    Value result = code.tensor(out, type);
    Block &body = loop.getBody().emplaceBlock();
    at = body.addArgument(tile::CoordsType::get(op.getContext()), code.loc);
    code.builder.setInsertionPointToEnd(&body);

    SmallVector<Value> sums = contract(x, sources, weights);
    for (const StoredWeights &input : columnInputs)
      sums.push_back(tile::LoadColumnsOp::create(
          code.builder, code.loc, fragment(1, tileColumns), input.getMemory(),
          at, getSliceAttr(input)));
    for (Value input : rowInputs)
      sums.push_back(tile::LoadRowsOp::create(
          code.builder, code.loc, fragment(tileRows, 1), input, at));
    tile::StoreOp::create(code.builder, code.loc, map(sums), out, at, targets,
                          op.getAdds());
    return result;
  }

private:
  Type fragment(int64_t rows, int64_t columns) {
    return tile::FragmentType::get(op.getContext(), rows, columns, compute);
  }
  Type tileFragment() { return fragment(tileRows, tileColumns); }

  static TypeAttr getSliceAttr(const StoredWeights &stored) {
    return stored.getSlice() ? TypeAttr::get(stored.getSlice()) : TypeAttr();
  }

  SmallVector<Value> contract(Value x, Value sources,
                              ArrayRef<WeightOperand> weights) {
    auto xType = cast<MemRefType>(x.getType());
    int64_t depth = xType.getDimSize(1);
    if (ShapedType::isDynamic(depth))
      depth = getDepth();
    auto source = [&](Type element) {
      return tile::SourceType::get(op.getContext(), depth, element);
    };
    Value rows = tile::RowsOp::create(
        code.builder, code.loc, source(xType.getElementType()), x, at, sources);
    SmallVector<Value> columns;
    for (auto [index, operand] : llvm::enumerate(weights)) {
      const std::optional<Quantisation> &quantisation = operand.quantisation;
      Value scales, zeroPoints;
      QuantSchemeAttr scheme;
      DenseI64ArrayAttr blockShape;
      TypeAttr scaleSlice, zeroPointSlice;
      NibbleOrder order = NibbleOrder::ascending;
      int64_t zeroOffset = 0;
      if (quantisation) {
        scales = quantisation->scales.getMemory();
        scheme = QuantSchemeAttr::get(op.getContext(), quantisation->scheme);
        if (!quantisation->blockShape.empty())
          blockShape =
              code.builder.getDenseI64ArrayAttr(quantisation->blockShape);
        scaleSlice = getSliceAttr(quantisation->scales);
        order = quantisation->packing.order;
        if (const auto &zeros = quantisation->zeroPoints) {
          zeroPoints = zeros->codes.getMemory();
          zeroPointSlice = getSliceAttr(zeros->codes);
          zeroOffset = zeros->offset;
        }
      }
      columns.push_back(tile::WeightsOp::create(
          code.builder, code.loc,
          source(getElementTypeOrSelf(op.getWeights()[index].getType())),
          operand.data.getMemory(), at, scales, zeroPoints, op.getLayout(index),
          op.getStrides()[index], op.getStarts()[index], scheme, blockShape,
          order, zeroOffset, getSliceAttr(operand.data), scaleSlice,
          zeroPointSlice));
    }
    SmallVector<Type> types(columns.size(), tileFragment());
    return SmallVector<Value>(
        tile::ContractOp::create(code.builder, code.loc, types, rows, columns)
            .getSums());
  }

  int64_t getDepth() {
    auto weight = cast<ShapedType>(op.getWeights().front().getType());
    return weight.getDimSize(2 * weight.getRank() - 3 - op.getOutputDim(0));
  }

  /// The epilogue, unless it only passes its argument on.
  Value map(ArrayRef<Value> fragments) {
    Block &epilogue = op.getEpilogue().front();
    auto yield = cast<YieldOp>(epilogue.getTerminator());
    if (auto argument = dyn_cast<BlockArgument>(yield.getElement());
        argument && argument.getOwner() == &epilogue)
      return fragments[argument.getArgNumber()];
    auto map =
        tile::MapOp::create(code.builder, code.loc, tileFragment(), fragments);
    map.getBody().takeBody(op.getEpilogue());
    OpBuilder::InsertionGuard guard(code.builder);
    code.builder.setInsertionPoint(yield);
    tile::YieldOp::create(code.builder, yield.getLoc(), yield.getElement());
    yield.erase();
    return map;
  }

  GroupedGemmOp op;
  Code &code;
  static int64_t getRows(Attribute schedule) {
    auto warpgroups = dyn_cast<WarpgroupScheduleAttr>(schedule);
    return warpgroups ? warpgroups.getRows()
                      : cast<ScheduleAttr>(schedule).getRows();
  }
  static int64_t getColumns(Attribute schedule) {
    auto warpgroups = dyn_cast<WarpgroupScheduleAttr>(schedule);
    return warpgroups ? warpgroups.getColumns()
                      : cast<ScheduleAttr>(schedule).getColumns();
  }

  Attribute schedule;
  /// Of a tile.
  int64_t tileRows, tileColumns;
  RankedTensorType type;
  FloatType compute;
  Value at;
};

struct ConvertMoEToTilePass
    : moe::impl::ConvertMoEToTilePassBase<ConvertMoEToTilePass> {
  void runOnOperation() override {
    SmallVector<GroupedGemmOp> gemms;
    getOperation().walk([&](GroupedGemmOp op) {
      if (op.getSchedule())
        gemms.push_back(op);
    });
    for (GroupedGemmOp op : gemms) {
      OpBuilder builder(op);
      Code code(builder, op.getLoc(), op.getComputeType());
      SmallVector<DequantizeOp> quantised;
      for (Value weight : op.getWeights())
        if (auto dequantize = weight.getDefiningOp<DequantizeOp>())
          if (!llvm::is_contained(quantised, dequantize))
            quantised.push_back(dequantize);
      op.getResult().replaceAllUsesWith(Converter(op, code).convert());
      op.erase();
      for (DequantizeOp dequantize : quantised)
        if (dequantize.use_empty())
          dequantize.erase();
    }
  }
};
} // namespace
