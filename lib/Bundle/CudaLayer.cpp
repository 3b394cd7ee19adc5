//===- CudaLayer.cpp - A layer on this machine's GPU ----------------------===//

#include "moe/Bundle/CudaLayer.h"
#include "CudaDevice.h"

#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace mlir::moe;

CudaLayer::CudaLayer(KernelHost host, std::unique_ptr<CudaDevice> device)
    : host(std::move(host)), device(std::move(device)) {}
CudaLayer::CudaLayer(CudaLayer &&) = default;
CudaLayer::~CudaLayer() = default;

llvm::Expected<CudaLayer> CudaLayer::compile(ModuleOp module,
                                             Signature signature,
                                             KernelHost::Options options) {
  auto device = CudaDevice::open();
  if (!device)
    return device.takeError();
  auto target = (*device)->getTarget();
  if (!target)
    return target.takeError();
  options.target = target->gpu->name;
  DialectRegistry translations;
  registerAllToLLVMIRTranslations(translations);
  module.getContext()->appendDialectRegistry(translations);
  auto host = KernelHost::compile(module, std::move(signature), options,
                                  [&](ModuleOp lowered) -> llvm::Error {
                                    auto code = takeCudaCode(lowered, *target);
                                    return code ? (*device)->load(*code)
                                                : code.takeError();
                                  });
  if (!host)
    return host.takeError();
  return CudaLayer(std::move(*host), std::move(*device));
}

static size_t countBytes(const Tensor &tensor) {
  return static_cast<size_t>(tensor.getView().getSizeInBytes());
}

llvm::Expected<std::pair<std::vector<Tensor>, double>>
CudaLayer::run(ArrayRef<Argument> arguments, int64_t tokens) {
  auto inputs = host.copyArguments(arguments, tokens);
  if (!inputs)
    return inputs.takeError();
  std::vector<Tensor> results = host.makeResults(tokens);
  llvm::scope_exit cleanUp([&] { device->release(); });
  SmallVector<void *> buffers;
  auto allocate = [&](size_t bytes) -> llvm::Error {
    return device->allocate(bytes).moveInto(buffers.emplace_back());
  };
  for (Tensor &input : *inputs) {
    if (llvm::Error error = allocate(countBytes(input)))
      return error;
    if (llvm::Error error =
            device->write(buffers.back(), input.getData(), countBytes(input)))
      return error;
  }
  for (Tensor &result : results)
    if (llvm::Error error = allocate(countBytes(result)))
      return error;
  if (llvm::Error error =
          allocate(static_cast<size_t>(host.getWorkspaceSize(tokens))))
    return error;
  void *workspace = buffers.pop_back_val();

  double milliseconds = 0;
  // A bundle launches nothing, either, where there is nothing to compute.
  if (llvm::any_of(results, countBytes))
    if (llvm::Error error =
            device
                ->launch([&](const void *functions, void *launches) {
                  host.launch(buffers, tokens, workspace, functions, launches);
                })
                .moveInto(milliseconds))
      return error;
  for (auto [i, result] : llvm::enumerate(results))
    if (llvm::Error error = device->read(
            result.getData(), buffers[inputs->size() + i], countBytes(result)))
      return error;
  return std::pair(std::move(results), milliseconds);
}
