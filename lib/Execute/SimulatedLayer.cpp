//===- SimulatedLayer.cpp - A layer on a simulated GPU --------------------===//

#include "moe/Execute/SimulatedLayer.h"
#include "SimulatedDevice.h"
#include "moe/Conversion/ListKernels.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace mlir::moe;

/// Moves the kernels into a module of their own.
static OwningOpRef<ModuleOp> takeKernels(ModuleOp module) {
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  for (auto device :
       llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>()))
    device->moveBefore(kernels->getBody(), kernels->getBody()->end());
  return kernels;
}

SimulatedLayer::SimulatedLayer(KernelHost host, SimulatedKernels kernels,
                               ArrayRef<std::string> names)
    : host(std::move(host)), kernels(std::move(kernels)) {
  for (const std::string &name : names)
    numbered.push_back(this->kernels.find(name));
}

llvm::Expected<SimulatedLayer>
SimulatedLayer::compile(ModuleOp module, Signature signature,
                        const KernelHost::Options &options) {
  std::vector<std::string> names;
  std::optional<SimulatedKernels> kernels;
  auto host = KernelHost::compile(
      module, std::move(signature), options, [&](ModuleOp lowered) {
        OwningOpRef<ModuleOp> device = takeKernels(lowered);
        names = listKernels(*device);
        return SimulatedKernels::compile(*device).moveInto(kernels);
      });
  if (!host)
    return host.takeError();
  return SimulatedLayer(std::move(*host), std::move(*kernels), names);
}

llvm::Expected<std::vector<Tensor>>
SimulatedLayer::run(ArrayRef<Argument> arguments, int64_t tokens,
                    uint64_t seed) {
  const Signature &signature = host.getSignature();
  // A device has memory of its own: copies, whatever alignment files have.
  auto copies = host.copyArguments(arguments, tokens);
  if (!copies)
    return copies.takeError();
  std::vector<Tensor> results = host.makeResults(tokens);
  SimulatedDevice device(numbered, seed);
  SmallVector<void *> buffers;
  auto add = [&](Tensor &tensor, StringRef name, bool writable) {
    auto bytes = static_cast<size_t>(tensor.getView().getSizeInBytes());
    buffers.push_back(tensor.getData());
    device.addBuffer({name.str(), tensor.getData(), bytes, writable});
  };
  for (auto [parameter, tensor] : llvm::zip_equal(signature.arguments, *copies))
    add(tensor, parameter.name, /*writable=*/false);
  for (auto [parameter, tensor] : llvm::zip_equal(signature.results, results))
    add(tensor, parameter.name, /*writable=*/true);
  Tensor workspace("workspace", DataType::I8, {host.getWorkspaceSize(tokens)});
  auto bytes = static_cast<size_t>(workspace.getView().getSizeInBytes());
  std::memset(workspace.getData(), 0xff, bytes);
  device.addBuffer({"workspace", workspace.getData(), bytes,
                    /*writable=*/true});
  host.launch(buffers, tokens, workspace.getData(),
              SimulatedDevice::getFunctions(), &device);
  device.run();
  if (!device.getError().empty())
    return llvm::createStringError(device.getError());
  return std::move(results);
}
