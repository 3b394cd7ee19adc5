//===- Modules.cpp - Kernels as the text of a gpu.module ------------------===//

#include "Driver.h"
#include "moe/Execute/FirstError.h"
#include "moe/InitAll.h"
#include "moe/Simulator/TensorMap.h"

#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace mlir::moe;

static MLIRContext &getContext() {
  static MLIRContext context(
      [] {
        DialectRegistry registry;
        moe::registerAllDialects(registry);
        return registry;
      }(),
      MLIRContext::Threading::DISABLED);
  return context;
}

static llvm::Expected<SimulatedKernels> compile(StringRef image) {
  FirstError error(&getContext());
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(image, &getContext());
  if (!module)
    return error.take("this is not the text of kernels");
  return SimulatedKernels::compile(*module);
}

CUDA_API unsigned cuModuleLoadDataEx(Module **module, const void *image,
                                     unsigned numOptions,
                                     const unsigned *options, void **values) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!driver::hasContext())
    return invalidContext;
  auto kernels = compile(static_cast<const char *>(image));
  if (kernels) {
    *module = new Module{std::move(*kernels), {}};
    return noError;
  }
  std::string text = llvm::toString(kernels.takeError());
  // CU_JIT_ERROR_LOG_BUFFER and its size.
  char *log = nullptr;
  size_t size = 0;
  for (unsigned i = 0; i < numOptions; ++i) {
    if (options[i] == 5)
      log = static_cast<char *>(values[i]);
    if (options[i] == 6)
      size = reinterpret_cast<size_t>(values[i]);
  }
  if (log && size > 0)
    snprintf(log, size, "%s", text.c_str());
  return invalidImage;
}

CUDA_API unsigned cuModuleUnload(Module *module) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  delete module;
  return noError;
}

CUDA_API unsigned cuModuleGetFunction(Function **function, Module *module,
                                      const char *name) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  const SimulatedKernels::Entry *entry = module->kernels.find(name);
  if (!entry)
    return notFound;
  std::unique_ptr<Function> &made = module->functions[name];
  if (!made)
    made.reset(new Function{entry});
  *function = made.get();
  return noError;
}

/// CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES and _MAX_DYNAMIC_SHARED_SIZE_BYTES.
static constexpr unsigned staticShared = 1, maxDynamicShared = 8;

CUDA_API unsigned cuFuncGetAttribute(int *value, unsigned attribute,
                                     Function *function) {
  if (attribute != staticShared)
    return invalidValue;
  *value = static_cast<int>(function->entry->kernel.staticSharedBytes);
  return noError;
}

CUDA_API unsigned cuFuncSetAttribute(Function *function, unsigned attribute,
                                     int value) {
  if (attribute != maxDynamicShared || value < 0)
    return invalidValue;
  function->maxDynamicShared = value;
  return noError;
}

CUDA_API unsigned
cuTensorMapEncodeTiled(void *object, unsigned type, uint32_t rank,
                       void *address, const uint64_t *sizes,
                       const uint64_t *strides, const uint32_t *box,
                       const uint32_t *steps, unsigned interleave,
                       unsigned swizzle, unsigned, unsigned fill) {
  // CU_TENSOR_MAP_DATA_TYPE_...
  static const std::map<unsigned, sim::ElementType> types = {
      {0, sim::ElementType::U8},  {2, sim::ElementType::U32},
      {3, sim::ElementType::S32}, {6, sim::ElementType::F16},
      {7, sim::ElementType::F32}, {9, sim::ElementType::BF16}};
  auto known = types.find(type);
  if (known == types.end() || rank < 1 || rank > 5 || interleave != 0 ||
      swizzle > 3 || fill > 1)
    return invalidValue;
  sim::TensorMap map;
  map.address = reinterpret_cast<uint64_t>(address);
  map.type = known->second;
  map.rank = rank;
  map.strides[0] = sim::getBytes(map.type);
  for (uint32_t d = 0; d < rank; ++d) {
    map.dims[d] = sizes[d];
    map.box[d] = box[d];
    map.elementStrides[d] = steps[d];
    if (d > 0)
      map.strides[d] = strides[d - 1];
  }
  map.swizzle = static_cast<sim::Swizzle>(swizzle);
  map.fillNaN = fill == 1;
  if (auto fault = map.findFault()) {
    fprintf(stderr, "moe-sim-driver: a tensor map with %s\n", fault->c_str());
    return invalidValue;
  }
  map.encode(object);
  return noError;
}
