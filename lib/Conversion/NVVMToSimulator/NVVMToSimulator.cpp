//===- NVVMToSimulator.cpp - convert-nvvm-to-simulator --------------------===//

#include "Calls.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::moe {
#define GEN_PASS_DEF_CONVERTNVVMTOSIMULATORPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Where shared memory begins for programs: the system keeps what lies below.
static constexpr uint64_t sharedBase = 1024;

//===----------------------------------------------------------------------===//
// Variables of shared memory
//===----------------------------------------------------------------------===//

namespace {
/// The addresses of the variables of a module; dynamic memory comes last.
struct SharedLayout {
  llvm::StringMap<uint64_t> addresses;
  uint64_t bytes = 0;
};
} // namespace

static FailureOr<SharedLayout> layOut(gpu::GPUModuleOp module) {
  SharedLayout layout;
  DataLayout sizes(module);
  SmallVector<LLVM::GlobalOp> dynamic;
  uint64_t dynamicAlignment = 1;
  auto getAlignment = [&](LLVM::GlobalOp global) {
    return global.getAlignment().value_or(
        static_cast<uint64_t>(sizes.getTypeABIAlignment(global.getType())));
  };
  for (auto global : module.getOps<LLVM::GlobalOp>()) {
    if (global.getAddrSpace() != 3)
      continue;
    if (getAlignment(global) > sharedBase)
      return global.emitError("aligned to ")
             << getAlignment(global) << ", expected at most " << sharedBase;
    uint64_t size = sizes.getTypeSize(global.getType());
    if (size == 0) {
      dynamic.push_back(global);
      dynamicAlignment = std::max(dynamicAlignment, getAlignment(global));
      continue;
    }
    layout.bytes = llvm::alignTo(layout.bytes, getAlignment(global));
    layout.addresses[global.getSymName()] = sharedBase + layout.bytes;
    layout.bytes += size;
  }
  layout.bytes = llvm::alignTo(layout.bytes, dynamicAlignment);
  for (LLVM::GlobalOp global : dynamic)
    layout.addresses[global.getSymName()] = sharedBase + layout.bytes;
  return layout;
}

/// An address of a variable of shared memory is a number.
static bool lowerAddress(Operation *op, const SharedLayout &layout,
                         Calls &calls) {
  auto address = dyn_cast<LLVM::AddressOfOp>(op);
  if (!address || address.getType().getAddressSpace() != 3)
    return false;
  uint64_t value = layout.addresses.lookup(address.getGlobalName());
  address.getRes().replaceAllUsesWith(calls.fromBits(
      calls.i64(static_cast<int64_t>(value)), address.getType()));
  return true;
}

//===----------------------------------------------------------------------===//
// Values that are not there
//===----------------------------------------------------------------------===//

/// A constant of all ones: a NaN, which wgmma takes for a missing value.
static Value makeOnes(Type type, Calls &calls) {
  if (auto structType = dyn_cast<LLVM::LLVMStructType>(type)) {
    Value result = LLVM::UndefOp::create(calls.builder, calls.loc, type);
    for (auto [i, member] : llvm::enumerate(structType.getBody())) {
      Value ones = makeOnes(member, calls);
      if (!ones)
        return {};
      result = LLVM::InsertValueOp::create(calls.builder, calls.loc, result,
                                           ones, static_cast<int64_t>(i));
    }
    return result;
  }
  if (auto floatType = dyn_cast<FloatType>(type))
    return LLVM::ConstantOp::create(
        calls.builder, calls.loc,
        calls.builder.getFloatAttr(
            floatType,
            APFloat::getAllOnesValue(floatType.getFloatSemantics())));
  if (type.isInteger())
    return LLVM::ConstantOp::create(calls.builder, calls.loc, type, -1);
  return {};
}

static bool lowerUndefined(Operation *op, Calls &calls) {
  if (!isa<LLVM::UndefOp, LLVM::PoisonOp>(op))
    return false;
  // One that is filled right away needs no value.
  if (llvm::all_of(op->getUsers(), [](Operation *user) {
        return isa<LLVM::InsertValueOp, LLVM::InsertElementOp,
                   LLVM::ShuffleVectorOp>(user);
      }))
    return false;
  Value ones = makeOnes(op->getResult(0).getType(), calls);
  if (!ones)
    return false;
  op->getResult(0).replaceAllUsesWith(ones);
  return true;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct ConvertNVVMToSimulatorPass
    : moe::impl::ConvertNVVMToSimulatorPassBase<ConvertNVVMToSimulatorPass> {
  void runOnOperation() override;

private:
  LogicalResult convert(gpu::GPUModuleOp module, Calls &calls);
  LogicalResult convert(LLVM::LLVMFuncOp function, const SharedLayout &layout,
                        Calls &calls);
};
} // namespace

/// What a launch needs to know about a kernel.
static void describeKernel(LLVM::LLVMFuncOp function,
                           const SharedLayout &layout) {
  Builder builder(function.getContext());
  SmallVector<NamedAttribute> facts;
  facts.emplace_back(
      "shared", builder.getI64IntegerAttr(static_cast<int64_t>(layout.bytes)));
  auto keep = [&](StringRef name, StringRef from) {
    if (Attribute attribute = function->getAttr(from))
      facts.emplace_back(builder.getStringAttr(name), attribute);
  };
  keep("block", NVVM::NVVMDialect::getReqntidAttrName());
  keep("cluster", NVVM::NVVMDialect::getClusterDimAttrName());
  keep("registers", NVVM::NVVMDialect::getMaxnregAttrName());
  function->setAttr("sim.kernel", builder.getDictionaryAttr(facts));
}

/// The host calls kernels as any function, and has no nvvm ops.
static void dropDeviceAttributes(LLVM::LLVMFuncOp function) {
  for (NamedAttribute attribute : llvm::to_vector(function->getAttrs()))
    if (attribute.getName().getValue().starts_with("nvvm.") ||
        attribute.getName().getValue().starts_with("gpu."))
      function->removeAttr(attribute.getName());
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    NamedAttrList kept;
    for (NamedAttribute attribute :
         cast<FunctionOpInterface>(*function).getArgAttrs(i))
      if (attribute.getName().getValue().starts_with("sim."))
        kept.push_back(attribute);
    function.setArgAttrs(i, kept);
  }
  function.setCConv(LLVM::CConv::C);
}

LogicalResult ConvertNVVMToSimulatorPass::convert(LLVM::LLVMFuncOp function,
                                                  const SharedLayout &layout,
                                                  Calls &calls) {
  expandInlinePtx(function);
  readAccumulators(function, calls);
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops) {
    if (op == function)
      continue;
    calls.startAt(op);
    FailureOr<bool> lowered =
        lowerAddress(op, layout, calls) || lowerUndefined(op, calls);
    for (auto lower : {lowerMemory, lowerThreads, lowerBarriers, lowerCopies,
                       lowerMatrices, lowerConversions, lowerPtx})
      if (succeeded(lowered) && !*lowered)
        lowered = lower(op, calls);
    if (failed(lowered))
      return failure();
    if (*lowered)
      op->erase();
    else if (isa<NVVM::NVVMDialect, gpu::GPUDialect>(op->getDialect()))
      return op->emitError("op '") << op->getName() << "' is not simulated";
  }
  return success();
}

LogicalResult ConvertNVVMToSimulatorPass::convert(gpu::GPUModuleOp module,
                                                  Calls &calls) {
  FailureOr<SharedLayout> layout = layOut(module);
  if (failed(layout))
    return failure();
  for (Operation &op :
       llvm::make_early_inc_range(module.getBodyRegion().front())) {
    if (auto global = dyn_cast<LLVM::GlobalOp>(op)) {
      if (global.getAddrSpace() == 3) {
        global.erase();
        continue;
      }
    } else if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op)) {
      if (function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
        describeKernel(function, *layout);
      dropDeviceAttributes(function);
      if (failed(convert(function, *layout, calls)))
        return failure();
    } else {
      return op.emitError("expected only functions and variables of the LLVM "
                          "dialect, found '")
             << op.getName() << "'";
    }
    if (SymbolTable::lookupSymbolIn(getOperation(),
                                    SymbolTable::getSymbolName(&op)))
      return op.emitError("a symbol of the name '")
             << SymbolTable::getSymbolName(&op).getValue()
             << "' is already in the module";
    op.moveBefore(module);
  }
  module.erase();
  return success();
}

void ConvertNVVMToSimulatorPass::runOnOperation() {
  SmallVector<gpu::GPUModuleOp> modules(
      getOperation().getOps<gpu::GPUModuleOp>());
  if (modules.empty())
    return;
  Calls calls(getOperation());
  for (gpu::GPUModuleOp module : modules)
    if (failed(convert(module, calls)))
      return signalPassFailure();
  getOperation()->setAttr("sim.locations", calls.getLocations());
}
