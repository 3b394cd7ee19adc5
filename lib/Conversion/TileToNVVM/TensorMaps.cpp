//===- TensorMaps.cpp - What bulk copies know of matrices -----------------===//

#include "TensorMaps.h"
#include "../DeviceModule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr StringLiteral encodeName = "moe_encode_tensor_map";

/// Values of CUtensorMapDataType.
static constexpr int64_t float16Type = 6, bfloat16Type = 9;

void mlir::moe::declareTensorMaps(ModuleOp module) {
  if (module.lookupSymbol(encodeName))
    return;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  Type host = LLVM::LLVMPointerType::get(module.getContext());
  Type device = LLVM::LLVMPointerType::get(module.getContext(), 1);
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto function = func::FuncOp::create(
      builder, module.getLoc(), encodeName,
      builder.getFunctionType(
          {host, device, i32, i64, i64, i64, i64, i64, i32, i32}, {}));
  function.setPrivate();
}

namespace {
/// A tensor as in moe_encode_tensor_map.
struct MapShape {
  Value address;
  Term size0, size1, size2, stride1, stride2;
  int64_t box0, box1;
};
} // namespace

static Value encode(const MapShape &shape, FloatType element,
                    DeviceCode &host) {
  OpBuilder &builder = host.builder;
  Value map = LLVM::AllocaOp::create(
      builder, host.loc, LLVM::LLVMPointerType::get(builder.getContext()),
      LLVM::LLVMArrayType::get(builder.getI8Type(), tensorMapBytes),
      host.i32(1), tensorMapAlignment);
  func::CallOp::create(
      builder, host.loc, encodeName, TypeRange(),
      ValueRange{map, shape.address,
                 host.i32(element.isBF16() ? bfloat16Type : float16Type),
                 shape.size0, shape.size1, shape.size2, shape.stride1,
                 shape.stride2, host.i32(shape.box0), host.i32(shape.box1)});
  return map;
}

Value mlir::moe::makeWeightMap(const WeightTile &tile, const GemmKernel &kernel,
                               DeviceCode &host) {
  MemRefType type = tile.weights.getType();
  ArrayRef<int64_t> shape = type.getShape().take_back(2);
  int64_t bytes = shape[0] * shape[1] * 2, rowBytes = shape[1] * 2;
  int64_t outputs = kernel.columns * tile.columns / kernel.schedule.columns;
  Value base = getGlobalPointer(host.builder, host.loc, tile.weights);
  MapShape map;
  map.size2 = host.i64(type.getRank() == 3 ? type.getDimSize(0) : 1);
  map.stride2 = host.i64(bytes);
  map.box0 = swizzleElements;
  if (tile.outIn) {
    map.address = host.advance(base, host.i64(tile.start * rowBytes));
    map.size0 = host.i64(kernel.depth);
    map.size1 = host.i64(outputs);
    map.stride1 = host.i64(tile.stride * rowBytes);
    map.box1 = tile.columns / kernel.schedule.cluster;
  } else {
    map.address = host.advance(base, host.i64(tile.start * 2));
    map.size0 = host.i64(outputs);
    map.size1 = host.i64(kernel.depth);
    map.stride1 = host.i64(rowBytes);
    map.box1 = kernel.schedule.depth;
  }
  return encode(map, kernel.element, host);
}

Value mlir::moe::makeRowMap(const GemmKernel &kernel, DeviceCode &host) {
  int64_t rowBytes = kernel.depth * 2;
  // A tensor has no empty dimension.
  Term count = host.max(host.dim(kernel.x, 0), host.index(1));
  MapShape map;
  map.address = getGlobalPointer(host.builder, host.loc, kernel.x);
  map.size0 = host.i64(kernel.depth);
  map.size1 = host.term(arith::IndexCastOp::create(
      host.builder, host.loc, host.builder.getI64Type(), count));
  map.size2 = host.i64(1);
  map.stride1 = host.i64(rowBytes);
  map.stride2 = map.size1 * static_cast<double>(rowBytes);
  map.box0 = swizzleElements;
  map.box1 = kernel.schedule.rows;
  return encode(map, kernel.element, host);
}
