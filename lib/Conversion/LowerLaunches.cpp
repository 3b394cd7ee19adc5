//===- LowerLaunches.cpp - moe-lower-launches -----------------------------===//

#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::moe {
#define GEN_PASS_DEF_LOWERLAUNCHESPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// What the host calls to make a tensor map.
static constexpr StringLiteral encodeName = "moe_encode_tensor_map";

/// The functions of a device, by their place in its table.
static constexpr int32_t launchFunction = 0, encodeFunction = 1;

namespace {
/// Rewrites what one function asks of the device.
class DeviceCalls {
public:
  DeviceCalls(func::FuncOp function, SymbolTableCollection &symbols)
      : function(function), symbols(symbols), builder(function.getContext()),
        i32(builder.getI32Type()),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())) {
    for (Value *argument : {&table, &device}) {
      LogicalResult added = function.insertArgument(
          function.getNumArguments(), pointer, {}, function.getLoc());
      assert(succeeded(added) && "a pointer can be an argument");
      (void)added;
      *argument = function.getArguments().back();
    }
  }

  LogicalResult rewrite(gpu::LaunchFuncOp launch) {
    builder.setInsertionPoint(launch);
    Location loc = launch.getLoc();
    auto kernel = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
        launch, launch.getKernel());
    if (!kernel)
      return launch.emitOpError("kernel ")
             << launch.getKernel() << " is not in the module";
    for (Value size : {launch.getGridSizeY(), launch.getGridSizeZ(),
                       launch.getBlockSizeY(), launch.getBlockSizeZ()})
      if (!isConstantIntValue(size, 1))
        return launch.emitOpError(
            "expected blocks and threads of one dimension");
    Value shared = launch.getDynamicSharedMemorySize();
    call(loc, launchFunction,
         {number(loc, findNumber(kernel)), toI32(loc, launch.getGridSizeX()),
          toI32(loc, launch.getBlockSizeX()), shared ? shared : number(loc, 0),
          storeArguments(launch, kernel)});
    launch.erase();
    return success();
  }

  void rewriteEncoding(func::CallOp encoding) {
    builder.setInsertionPoint(encoding);
    call(encoding.getLoc(), encodeFunction, encoding.getOperands());
    encoding.erase();
  }

private:
  /// Kernels are counted in the order of their module.
  static int64_t findNumber(FunctionOpInterface kernel) {
    int64_t number = 0;
    for (Operation &op : *kernel->getBlock()) {
      if (&op == kernel)
        break;
      number += op.hasAttr(gpu::GPUDialect::getKernelFuncAttrName());
    }
    return number;
  }

  Value number(Location loc, int64_t value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  }
  Value toI32(Location loc, Value index) {
    return arith::IndexCastOp::create(builder, loc, i32, index);
  }

  /// In the entry block: a slot made inside a loop would be made again each
  /// time.
  Value allocate(Location loc, Type type) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Value one = LLVM::ConstantOp::create(builder, loc, i32,
                                         builder.getI32IntegerAttr(1));
    return LLVM::AllocaOp::create(builder, loc, pointer, type, one);
  }

  /// The addresses of the arguments. What the kernel takes by value is in
  /// memory already.
  Value storeArguments(gpu::LaunchFuncOp launch, FunctionOpInterface kernel) {
    Location loc = launch.getLoc();
    OperandRange operands = launch.getKernelOperands();
    Value addresses =
        allocate(loc, LLVM::LLVMArrayType::get(pointer, operands.size()));
    for (auto [i, operand] : llvm::enumerate(operands)) {
      Value address = operand;
      if (!kernel.getArgAttr(static_cast<unsigned>(i),
                             LLVM::LLVMDialect::getByValAttrName())) {
        address = allocate(loc, operand.getType());
        LLVM::StoreOp::create(builder, loc, operand, address);
      }
      Value slot =
          LLVM::GEPOp::create(builder, loc, pointer, pointer, addresses,
                              ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
      LLVM::StoreOp::create(builder, loc, address, slot);
    }
    return addresses;
  }

  void call(Location loc, int32_t index, ValueRange operands) {
    SmallVector<Type> types{pointer};
    llvm::append_range(types, operands.getTypes());
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, table,
                                     ArrayRef<LLVM::GEPArg>{index});
    SmallVector<Value> all{
        LLVM::LoadOp::create(builder, loc, pointer, slot).getResult(), device};
    llvm::append_range(all, operands);
    LLVM::CallOp::create(
        builder, loc,
        LLVM::LLVMFunctionType::get(
            LLVM::LLVMVoidType::get(builder.getContext()), types),
        all);
  }

  func::FuncOp function;
  SymbolTableCollection &symbols;
  OpBuilder builder;
  Type i32, pointer;
  Value table, device;
};

struct LowerLaunchesPass : moe::impl::LowerLaunchesPassBase<LowerLaunchesPass> {
  void runOnOperation() override {
    SymbolTableCollection symbols;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(lower(function, symbols)))
        return signalPassFailure();
    if (auto encode = getOperation().lookupSymbol<func::FuncOp>(encodeName))
      encode.erase();
  }

  LogicalResult lower(func::FuncOp function, SymbolTableCollection &symbols) {
    SmallVector<gpu::LaunchFuncOp> launches;
    SmallVector<func::CallOp> encodings;
    function.walk([&](Operation *op) {
      if (auto launch = dyn_cast<gpu::LaunchFuncOp>(op))
        launches.push_back(launch);
      else if (auto call = dyn_cast<func::CallOp>(op);
               call && call.getCallee() == encodeName)
        encodings.push_back(call);
    });
    if (launches.empty())
      return success();
    DeviceCalls calls(function, symbols);
    for (gpu::LaunchFuncOp launch : launches)
      if (failed(calls.rewrite(launch)))
        return failure();
    for (func::CallOp encoding : encodings)
      calls.rewriteEncoding(encoding);
    return success();
  }
};
} // namespace
