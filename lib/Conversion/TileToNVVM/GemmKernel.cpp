//===- GemmKernel.cpp - A tile loop as a kernel for Hopper ----------------===//

#include "GemmKernel.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::moe;

/// The only op of its kind in the loop.
template <typename Op> static Op getOnly(tile::ForEachOp op) {
  auto ops = op.getBody().getOps<Op>();
  return std::distance(ops.begin(), ops.end()) == 1 ? *ops.begin() : Op();
}

/// Whether two projections are the even and the odd outputs of weights whose
/// outputs lie next to each other.
static bool isInterleaved(ArrayRef<tile::WeightsOp> weights) {
  if (weights.size() != 2)
    return false;
  tile::WeightsOp a = weights[0], b = weights[1];
  return a.getWeights() == b.getWeights() &&
         a.getLayout() == MatrixLayout::in_out && a.getStride() == 2 &&
         b.getLayout() == MatrixLayout::in_out && b.getStride() == 2 &&
         a.getStart() + b.getStart() == 1;
}

/// Which copies and products the projections need.
static void planWeights(SmallVector<tile::WeightsOp> weights,
                        GemmKernel &kernel) {
  int64_t columns = kernel.schedule.columns;
  int64_t offset = kernel.layout.rowBytes;
  if (isInterleaved(weights)) {
    tile::WeightsOp op = weights[0];
    kernel.tiles.push_back(
        {op.getWeights(), /*outIn=*/false, 2 * columns, 1, 0, offset});
    for (tile::WeightsOp op : weights)
      kernel.projections.push_back({0, 2, static_cast<int64_t>(op.getStart())});
    return;
  }
  for (auto [i, op] : llvm::enumerate(MutableArrayRef(weights))) {
    kernel.tiles.push_back({op.getWeights(),
                            op.getLayout() == MatrixLayout::out_in, columns,
                            static_cast<int64_t>(op.getStride()),
                            static_cast<int64_t>(op.getStart()), offset});
    kernel.projections.push_back({static_cast<unsigned>(i)});
    offset += columns * swizzleBytes;
  }
}

static LogicalResult checkWeights(tile::WeightsOp op, FloatType element,
                                  bool interleaved) {
  Type found = op.getWeights().getType().getElementType();
  if (found != element)
    return op.emitOpError("elements are ") << found << ", expected " << element
                                           << " as in the rows, for warpgroups";
  if (op.getLayout() == MatrixLayout::in_out && op.getStride() != 1 &&
      !interleaved)
    return op.emitOpError("stride is ")
           << op.getStride() << ", expected 1 for in_out weights of one "
           << "projection, for warpgroups";
  return success();
}

/// A kernel has nothing of its host but constants.
static LogicalResult checkMaps(tile::ForEachOp op) {
  for (auto map : op.getBody().getOps<tile::MapOp>()) {
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(map.getBody(), captured);
    for (Value value : captured)
      if (Operation *definition = value.getDefiningOp();
          !definition || !definition->hasTrait<OpTrait::ConstantLike>())
        return map.emitOpError("uses a value from outside that is no constant, "
                               "for warpgroups");
  }
  return success();
}

FailureOr<GemmKernel> GemmKernel::get(tile::ForEachOp op) {
  if (failed(checkMaps(op)))
    return failure();
  GemmKernel kernel;
  kernel.op = op;
  kernel.schedule = toSchedule(cast<WarpgroupScheduleAttr>(op.getSchedule()));
  auto contract = getOnly<tile::ContractOp>(op);
  auto store = getOnly<tile::StoreOp>(op);
  auto rows = getOnly<tile::RowsOp>(op);
  if (!contract || !store || !rows)
    return op.emitOpError("expected one contraction, one source of rows and "
                          "one store, for warpgroups");
  kernel.offsets = op.getOffsets();
  kernel.rowCount = op.getRows();
  kernel.x = rows.getX();
  kernel.sources = rows.getSources();
  kernel.element =
      cast<FloatType>(cast<MemRefType>(kernel.x.getType()).getElementType());
  kernel.sums.assign(contract.getSums().begin(), contract.getSums().end());
  kernel.result = store.getFragment();
  kernel.out = store.getBuffer();
  kernel.targets = store.getTargets();
  if (store.getAdds())
    return store.emitOpError("adds to what is there, expected a store that "
                             "does not, for warpgroups");
  kernel.experts =
      kernel.offsets
          ? cast<MemRefType>(kernel.offsets.getType()).getDimSize(0) - 1
          : 1;
  kernel.depth = contract.getRows().getType().getDepth();
  kernel.columns = static_cast<int64_t>(op.getColumns());
  SmallVector<tile::WeightsOp> weights;
  for (Value source : contract.getWeights())
    weights.push_back(source.getDefiningOp<tile::WeightsOp>());
  for (tile::WeightsOp weight : weights)
    if (failed(checkWeights(weight, kernel.element, isInterleaved(weights))))
      return failure();
  kernel.layout = getSharedMemoryLayout(
      kernel.schedule,
      kernel.schedule.columns * static_cast<int64_t>(weights.size()),
      kernel.experts);
  planWeights(weights, kernel);
  return kernel;
}
