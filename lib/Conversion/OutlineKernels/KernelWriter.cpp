//===- KernelWriter.cpp - Moving code of the host to a kernel -------------===//

#include "KernelWriter.h"
#include "../DeviceModule.h"
#include "SequentialLoop.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::moe;

SetVector<Value> mlir::moe::getUsedValues(Operation *op) {
  SetVector<Value> used;
  used.insert_range(op->getOperands());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return used;
}

KernelWriter::KernelWriter(StringRef name, gpu::GPUModuleOp module,
                           SymbolTable &symbols,
                           const DeviceValues &deviceValues, int64_t threads,
                           Operation *launchPoint)
    : builder(module.getContext()), loc(launchPoint->getLoc()), module(module),
      symbols(symbols), deviceValues(deviceValues), threads(threads),
      host(launchPoint) {
  builder.setInsertionPointToEnd(module.getBody());
  // Its type is set when its arguments are known.
  function = LLVM::LLVMFuncOp::create(
      builder, loc, name,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  {}));
  for (StringRef attribute : {gpu::GPUDialect::getKernelFuncAttrName(),
                              NVVM::NVVMDialect::getKernelFuncAttrName()})
    function->setAttr(attribute, builder.getUnitAttr());
  function->setAttr(
      NVVM::NVVMDialect::getReqntidAttrName(),
      builder.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  // More blocks at the same time are not worth registers that spill.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    builder.getI32IntegerAttr(1));
  symbols.insert(function);
  Block *body = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(body);
  startNext(builder, loc);
  waitForOthers(builder, loc);
  auto end = LLVM::ReturnOp::create(builder, loc, Value());
  builder.setInsertionPoint(end);
}

LogicalResult KernelWriter::useOperands(Operation *op) {
  for (Value value : getUsedValues(op))
    if (failed(use(value)))
      return failure();
  return success();
}

FailureOr<Value> KernelWriter::use(Value value) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *definition = value.getDefiningOp();
  bool isBuffer = isa<MemRefType>(value.getType());
  // The launch has the addresses of arguments and of views of bytes; other
  // views are made again.
  bool isRoot = !definition || isa<memref::ViewOp>(definition);
  if (definition && (definition->hasTrait<OpTrait::ConstantLike>() ||
                     deviceValues.contains(value) ||
                     (isBuffer && !isRoot && isMemoryEffectFree(definition)))) {
    if (failed(useOperands(definition)))
      return failure();
    clone(definition);
    return mapping.lookup(value);
  }
  FailureOr<Value> result = failure();
  if (isBuffer && isRoot)
    result = useBuffer(value);
  else if (value.getType().isIndex())
    result = addIndexArgument(value);
  else if (value.getType().isIntOrFloat())
    result = addArgument(value);
  if (failed(result))
    return emitError(loc, "uses a value of type ")
           << value.getType() << " that a kernel cannot be given";
  mapping.map(value, *result);
  return result;
}

/// Rebuilds the buffer as the conversion to the LLVM dialect does.
FailureOr<Value> KernelWriter::useBuffer(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  LLVMTypeConverter converter(builder.getContext());
  auto record =
      dyn_cast_or_null<LLVM::LLVMStructType>(converter.convertType(type));
  if (!record || !type.getLayout().isIdentity())
    return failure();
  Value address = addArgument(getGlobalPointer(host, loc, buffer));
  // The address space of buffers; LLVM finds out where they lie.
  Value pointer = LLVM::AddrSpaceCastOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
  auto constant = [&](int64_t number) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), number);
  };
  SmallVector<Value> sizes;
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    if (ShapedType::isStatic(extent)) {
      sizes.push_back(constant(extent));
      continue;
    }
    Value size;
    if (auto view = buffer.getDefiningOp<memref::ViewOp>()) {
      FailureOr<Value> used = use(view.getSizes()[type.getDynamicDimIndex(i)]);
      if (failed(used))
        return failure();
      size = *used;
    } else {
      size = addIndexArgument(
          memref::DimOp::create(host, loc, buffer, static_cast<int64_t>(i)));
    }
    sizes.push_back(
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), size));
  }
  Value descriptor = LLVM::PoisonOp::create(builder, loc, record);
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor =
        LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  insert(pointer, {0});     // allocated
  insert(pointer, {1});     // aligned
  insert(constant(0), {2}); // offset
  Value stride = constant(1);
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    insert(sizes[d], {3, d});
    insert(stride, {4, d});
    stride = LLVM::MulOp::create(builder, loc, stride, sizes[d]);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
      .getResult(0);
}

Value KernelWriter::addArgument(Value operand) {
  operands.push_back(operand);
  return function.getBody().front().addArgument(operand.getType(), loc);
}

Value KernelWriter::addIndexArgument(Value index) {
  Value number = addArgument(
      arith::IndexCastOp::create(host, loc, host.getI64Type(), index));
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    number);
}

Value KernelWriter::allocateShared(ArrayRef<int64_t> shape, Type element) {
  OpBuilder::InsertionGuard guard(builder);
  auto type = MemRefType::get(shape, element, MemRefLayoutAttrInterface(),
                              builder.getI64IntegerAttr(static_cast<int64_t>(
                                  NVVM::NVVMMemorySpace::Shared)));
  builder.setInsertionPointToStart(module.getBody());
  auto variable = memref::GlobalOp::create(
      builder, loc, (function.getName() + "_shared").str(),
      builder.getStringAttr("private"), type,
      /*initial_value=*/builder.getUnitAttr(), /*constant=*/false,
      /*alignment=*/IntegerAttr());
  symbols.insert(variable);
  builder.setInsertionPointToStart(&function.getBody().front());
  return memref::GetGlobalOp::create(builder, loc, type, variable.getSymName());
}

void KernelWriter::copyGlobal(memref::GetGlobalOp op) {
  if (module.lookupSymbol(op.getName()))
    return;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  builder.clone(*SymbolTable::lookupNearestSymbolFrom(module->getParentOp(),
                                                      op.getNameAttr()));
}

template <typename Register> static Value readRegister(KernelWriter &kernel) {
  Value number =
      Register::create(kernel.builder, kernel.loc, kernel.builder.getI32Type());
  return arith::IndexCastUIOp::create(kernel.builder, kernel.loc,
                                      kernel.builder.getIndexType(), number);
}

Value KernelWriter::emitThreadOfBlock() {
  return readRegister<NVVM::ThreadIdXOp>(*this);
}

Value KernelWriter::emitThread() {
  Value before = arith::MulIOp::create(
      builder, loc, readRegister<NVVM::BlockIdXOp>(*this),
      arith::ConstantIndexOp::create(builder, loc, threads));
  return arith::AddIOp::create(builder, loc, before, emitThreadOfBlock());
}

Value KernelWriter::emitNumThreads() {
  return arith::MulIOp::create(
      builder, loc, readRegister<NVVM::GridDimXOp>(*this),
      arith::ConstantIndexOp::create(builder, loc, threads));
}

void KernelWriter::launch(Value blocks) {
  // Parallel loops inside of a thread's work are its own.
  function.walk([](scf::ParallelOp loop) { makeSequential(loop); });
  // A thread reuses the memory on its stack for all its iterations.
  Operation *first = &function.getBody().front().front();
  function.walk([&](memref::AllocaOp memory) {
    if (memory.getType().hasStaticShape())
      memory->moveBefore(first);
  });
  function.walk([&](memref::GetGlobalOp op) { copyGlobal(op); });
  function.setFunctionType(LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()),
      llvm::to_vector(ValueRange(operands).getTypes())));
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(host, loc, value);
  };
  gpu::LaunchFuncOp::create(
      host, loc,
      SymbolRefAttr::get(module.getNameAttr(), {SymbolRefAttr::get(function)}),
      gpu::KernelDim3{blocks, index(1), index(1)},
      gpu::KernelDim3{index(threads), index(1), index(1)},
      /*dynamicSharedMemorySize=*/Value(), operands);
}
