//===- SimulatedKernels.cpp - CUDA kernels compiled for the host ----------===//

#include "moe/Execute/SimulatedKernels.h"
#include "moe/Conversion/Passes.h"
#include "moe/Execute/FirstError.h"
#include "moe/Execute/HostEngine.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include <cmath>

using namespace mlir;
using namespace mlir::moe;

static void addLowering(OpPassManager &device) {
  device.addPass(memref::createExpandStridedMetadataPass());
  device.addPass(createLowerAffinePass());
  device.addPass(createSCFToControlFlowPass());
  device.addPass(createConvertNVGPUToNVVMPass());
  device.addPass(createConvertVectorToLLVMPass());
  device.addPass(createConvertGpuOpsToNVVMOps());
  device.addPass(createReconcileUnrealizedCastsPass());
}

/// Whether kernels are in the LLVM and NVVM dialects already.
static bool isLowered(ModuleOp module) {
  return !module
              .walk([](Operation *op) {
                bool lowered =
                    isa<ModuleOp, gpu::GPUModuleOp>(op) ||
                    isa<LLVM::LLVMDialect, NVVM::NVVMDialect>(op->getDialect());
                return lowered ? WalkResult::advance()
                               : WalkResult::interrupt();
              })
              .wasInterrupted();
}

/// As on the way to PTX, up to the LLVM and NVVM dialects; then for the host.
static void addPasses(PassManager &manager, bool lowered) {
  if (!lowered)
    addLowering(manager.nest<gpu::GPUModuleOp>());
  manager.addPass(createConvertNVVMToSimulatorPass());
}

/// Functions of the device library that kernels may call.
static llvm::orc::SymbolMap getSymbols(llvm::orc::MangleAndInterner intern) {
  llvm::orc::SymbolMap symbols;
  auto add = [&](StringRef name, void *address) {
    symbols[intern(name)] = {llvm::orc::ExecutorAddr::fromPtr(address),
                             llvm::JITSymbolFlags::Exported |
                                 llvm::JITSymbolFlags::Callable};
  };
  for (const sim::EntryPoint &entry : sim::getEntryPoints())
    add(entry.name, entry.address);
  using Unary = float (*)(float);
  std::pair<StringRef, Unary> functions[] = {
      {"expf", std::exp},      {"exp2f", std::exp2},
      {"logf", std::log},      {"log2f", std::log2},
      {"log1pf", std::log1p},  {"tanhf", std::tanh},
      {"erff", std::erf},      {"sqrtf", std::sqrt},
      {"fabsf", std::fabs},    {"floorf", std::floor},
      {"ceilf", std::ceil},    {"sinf", std::sin},
      {"cosf", std::cos},      {"fast_expf", std::exp},
      {"fast_logf", std::log}, {"fast_log2f", std::log2}};
  for (auto [name, function] : functions)
    add(("__nv_" + name).str(), reinterpret_cast<void *>(function));
  return symbols;
}

static std::optional<sim::Dim3> getDim3(DictionaryAttr facts, StringRef name) {
  auto array = facts.getAs<DenseI32ArrayAttr>(name);
  if (!array)
    return std::nullopt;
  sim::Dim3 result;
  uint32_t *sizes[] = {&result.x, &result.y, &result.z};
  for (auto [size, value] : llvm::zip(sizes, array.asArrayRef()))
    *size = static_cast<uint32_t>(value);
  return result;
}

using Arguments = std::vector<SimulatedKernels::Entry::Argument>;

/// The arguments of each kernel, by the kernel's name.
static llvm::StringMap<Arguments> findArguments(ModuleOp module) {
  llvm::StringMap<Arguments> result;
  DataLayout layout(module);
  module.walk([&](FunctionOpInterface function) {
    Arguments &arguments = result[function.getName()];
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      Type type = function.getArgumentTypes()[i];
      auto object = function.getArgAttrOfType<TypeAttr>(
          i, LLVM::LLVMDialect::getByValAttrName());
      if (object)
        type = object.getValue();
      bool hasSize =
          isa<DataLayoutTypeInterface>(type) || type.isIntOrIndexOrFloat();
      arguments.push_back(
          {hasSize ? static_cast<size_t>(layout.getTypeSize(type)) : 0,
           static_cast<bool>(object)});
    }
  });
  return result;
}

llvm::Expected<SimulatedKernels> SimulatedKernels::compile(ModuleOp module) {
  llvm::StringMap<Arguments> arguments = findArguments(module);
  MLIRContext *context = module.getContext();
  FirstError error(context);
  PassManager manager(context);
  addPasses(manager, isLowered(module));
  if (failed(manager.run(module)))
    return error.take("the kernels cannot be lowered to the simulator");

  SimulatedKernels result;
  std::vector<std::string> locations;
  if (auto texts = module->getAttrOfType<ArrayAttr>("sim.locations"))
    for (StringAttr text : texts.getAsRange<StringAttr>())
      locations.push_back(text.str());
  module->removeAttr("sim.locations");
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto facts = function->getAttrOfType<DictionaryAttr>("sim.kernel");
    if (!facts)
      continue;
    Entry &entry = result.entries[function.getName()];
    entry.kernel.name = function.getName();
    entry.kernel.locations = locations;
    entry.kernel.staticSharedBytes =
        static_cast<uint32_t>(facts.getAs<IntegerAttr>("shared").getInt());
    if (auto registers = facts.getAs<IntegerAttr>("registers"))
      entry.kernel.registers = static_cast<uint32_t>(registers.getInt());
    entry.block = getDim3(facts, "block");
    entry.cluster = getDim3(facts, "cluster");
    entry.arguments = arguments[function.getName()];
    function->removeAttr("sim.kernel");
  }

  // The runtime takes most of the time, not the code between its calls.
  auto engine = createHostEngine(module, getSymbols);
  if (!engine)
    return error.take(llvm::toString(engine.takeError()));
  result.engine = std::move(*engine);
  for (auto &item : result.entries) {
    auto function = result.engine->lookupPacked(item.first());
    if (!function)
      return function.takeError();
    item.second.kernel.function = *function;
  }
  return result;
}

KernelLaunch::KernelLaunch(const SimulatedKernels::Entry &entry,
                           uint32_t blocks, uint32_t threads,
                           uint32_t sharedBytes, void *const *arguments)
    : entry(&entry), blocks(blocks), threads(threads),
      sharedBytes(sharedBytes) {
  for (auto [i, argument] : llvm::enumerate(entry.arguments)) {
    Copy &copy = copies.emplace_back();
    assert(argument.bytes <= maxArgumentBytes && "no larger than a map");
    std::memcpy(copy.bytes, arguments[i], argument.bytes);
  }
}

sim::Launch KernelLaunch::get() {
  sim::Launch launch;
  launch.kernel = &entry->kernel;
  launch.grid.x = blocks;
  launch.block.x = threads;
  launch.cluster = entry->cluster.value_or(sim::Dim3());
  launch.dynamicSharedBytes = sharedBytes;
  for (auto [argument, copy] : llvm::zip_equal(entry->arguments, copies)) {
    copy.address = copy.bytes;
    launch.arguments.push_back(
        argument.byValue ? static_cast<void *>(&copy.address) : copy.bytes);
  }
  return launch;
}

void KernelLaunch::addBuffers(std::vector<sim::Buffer> &buffers) {
  for (auto [argument, copy] : llvm::zip_equal(entry->arguments, copies))
    if (argument.byValue)
      buffers.push_back(
          {"tensor map", copy.bytes, argument.bytes, /*writable=*/false});
}
