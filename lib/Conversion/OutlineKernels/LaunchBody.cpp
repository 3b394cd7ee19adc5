//===- LaunchBody.cpp - Kernels that are written where they run -----------===//

#include "LaunchBody.h"
#include "WarpLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::moe;

std::optional<int64_t> mlir::moe::getBlockSize(gpu::LaunchOp launch) {
  for (Value size : {launch.getGridSizeY(), launch.getGridSizeZ(),
                     launch.getBlockSizeY(), launch.getBlockSizeZ()})
    if (!isConstantIntValue(size, 1))
      return std::nullopt;
  return getConstantIntValue(launch.getBlockSizeX());
}

LogicalResult mlir::moe::emitLaunchBody(gpu::LaunchOp launch,
                                        KernelWriter &kernel) {
  SetVector<Value> used;
  getUsedValuesDefinedAbove(launch.getBody(), used);
  for (Value value : used)
    if (failed(kernel.use(value)))
      return failure();

  OpBuilder &builder = kernel.builder;
  Type i32 = builder.getI32Type();
  auto mapId = [&](Value argument, Value number) {
    kernel.map(argument,
               arith::IndexCastUIOp::create(builder, kernel.loc,
                                            builder.getIndexType(), number));
  };
  mapId(launch.getThreadIds().x,
        NVVM::ThreadIdXOp::create(builder, kernel.loc, i32));
  mapId(launch.getBlockIds().x,
        NVVM::BlockIdXOp::create(builder, kernel.loc, i32));
  mapId(launch.getBlockSize().x,
        NVVM::BlockDimXOp::create(builder, kernel.loc, i32));
  mapId(launch.getGridSize().x,
        NVVM::GridDimXOp::create(builder, kernel.loc, i32));
  Value zero = arith::ConstantIndexOp::create(builder, kernel.loc, 0),
        one = arith::ConstantIndexOp::create(builder, kernel.loc, 1);
  for (gpu::KernelDim3 ids : {launch.getThreadIds(), launch.getBlockIds()}) {
    kernel.map(ids.y, zero);
    kernel.map(ids.z, zero);
  }
  for (gpu::KernelDim3 sizes : {launch.getBlockSize(), launch.getGridSize()}) {
    kernel.map(sizes.y, one);
    kernel.map(sizes.z, one);
  }
  for (BlockArgument shared : launch.getWorkgroupAttributions()) {
    auto type = cast<MemRefType>(shared.getType());
    kernel.map(shared,
               kernel.allocateShared(type.getShape(), type.getElementType()));
  }
  for (Operation &op : launch.getBody().front().without_terminator()) {
    auto loop = dyn_cast<scf::ParallelOp>(op);
    if (!loop)
      kernel.clone(&op);
    else if (failed(emitWarpsOfBlock(kernel, loop, *getBlockSize(launch))))
      return failure();
  }
  return success();
}
