//===- SimulatedLayer.cpp - A layer on a simulated GPU --------------------===//

#include "moe/Execute/SimulatedLayer.h"
#include "SimulatedDevice.h"
#include "moe/Conversion/ListKernels.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/Execute/FirstError.h"
#include "moe/Execute/HostEngine.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr StringLiteral entryName = "moe_layer_entry";

/// Moves the kernels into a module of their own.
static OwningOpRef<ModuleOp> takeKernels(ModuleOp module) {
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  for (auto device :
       llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>()))
    device->moveBefore(kernels->getBody(), kernels->getBody()->end());
  return kernels;
}

llvm::Expected<SimulatedLayer> SimulatedLayer::compile(ModuleOp module,
                                                       Signature signature,
                                                       const Options &options) {
  PassManager manager(module.getContext());
  LowerToCudaOptions lowering;
  lowering.target = options.target;
  lowering.fuse = options.fuse;
  lowering.tokens = options.tokens;
  lowering.symbol = entryName.str();
  buildLowerToCudaPipeline(manager, lowering);
  FirstError error(module.getContext());
  if (failed(manager.run(module)))
    return error.take("the layer cannot be lowered to kernels");

  OwningOpRef<ModuleOp> device = takeKernels(module);
  std::vector<std::string> names = listKernels(*device);
  auto kernels = SimulatedKernels::compile(*device);
  if (!kernels)
    return kernels.takeError();
  SimulatedLayer layer(std::move(signature), std::move(*kernels));
  layer.seed = options.seed;
  for (const std::string &name : names)
    layer.numbered.push_back(layer.kernels.find(name));

  auto engine = createHostEngine(module, [](llvm::orc::MangleAndInterner) {
    return llvm::orc::SymbolMap();
  });
  if (!engine)
    return error.take(llvm::toString(engine.takeError()));
  layer.engine = std::move(*engine);
  auto entry = layer.engine->lookup(entryName);
  if (!entry)
    return entry.takeError();
  layer.entry = reinterpret_cast<Entry>(*entry);
  auto size = layer.engine->lookup((entryName + "_workspace_size").str());
  if (!size)
    return size.takeError();
  layer.workspaceSize = reinterpret_cast<WorkspaceSize>(*size);
  return std::move(layer);
}

/// Tensors that a checkpoint has for each expert, one behind the other.
static Tensor stack(ArrayRef<TensorView> tensors) {
  SmallVector<int64_t> shape{static_cast<int64_t>(tensors.size())};
  llvm::append_range(shape, tensors[0].shape);
  Tensor result(tensors[0].name, tensors[0].type, shape);
  char *data = result.getData();
  for (const TensorView &tensor : tensors) {
    auto bytes = static_cast<size_t>(tensor.getSizeInBytes());
    std::memcpy(data, tensor.data, bytes);
    data += bytes;
  }
  return result;
}

/// A tensor that nothing has been written to: no number that a test takes for
/// right.
static Tensor makePoisoned(const Parameter &parameter, int64_t tokens) {
  SmallVector<int64_t> shape(parameter.shape);
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size))
      size = tokens;
  Tensor tensor(parameter.name, parameter.type, shape);
  std::memset(tensor.getData(), 0xff,
              static_cast<size_t>(tensor.getView().getSizeInBytes()));
  return tensor;
}

/// Compiled code takes the number of tokens for any extent that it does not
/// know, but never asks for that of a table of token ids.
static llvm::Error checkExtents(const Parameter &parameter,
                                const TensorView &tensor, int64_t tokens) {
  ArrayRef<int64_t> wanted = parameter.getTensorShape();
  for (auto [d, found] : llvm::enumerate(tensor.shape))
    if (ShapedType::isDynamic(wanted[d]) && (d > 0 || parameter.perToken) &&
        found != tokens)
      return llvm::createStringError(
          "tensor '" + tensor.name + "' has " + llvm::Twine(found) +
          " in dimension " + llvm::Twine(d) + ", expected " +
          llvm::Twine(tokens) + ", the number of tokens, as a device needs");
  return llvm::Error::success();
}

llvm::Expected<std::vector<Tensor>>
SimulatedLayer::run(ArrayRef<Argument> arguments, int64_t tokens) {
  SimulatedDevice device(numbered, seed);
  std::vector<Tensor> copies, results;
  SmallVector<void *> buffers;
  auto add = [&](Tensor &tensor, StringRef name, bool writable) {
    auto bytes = static_cast<size_t>(tensor.getView().getSizeInBytes());
    buffers.push_back(tensor.getData());
    device.addBuffer({name.str(), tensor.getData(), bytes, writable});
  };
  // A device has memory of its own: copies, whatever alignment files have.
  for (auto [parameter, tensors] :
       llvm::zip_equal(signature.arguments, arguments)) {
    if (llvm::Error error = checkExtents(parameter, tensors[0], tokens))
      return error;
    copies.push_back(parameter.perExpert ? stack(tensors) : Tensor(tensors[0]));
    add(copies.back(), parameter.name, /*writable=*/false);
  }
  for (const Parameter &parameter : signature.results) {
    results.push_back(makePoisoned(parameter, tokens));
    add(results.back(), parameter.name, /*writable=*/true);
  }
  Tensor workspace("workspace", DataType::I8, {workspaceSize(tokens)});
  std::memset(workspace.getData(), 0xff,
              static_cast<size_t>(workspace.getView().getSizeInBytes()));
  device.addBuffer({"workspace", workspace.getData(),
                    static_cast<size_t>(workspace.getView().getSizeInBytes()),
                    /*writable=*/true});
  entry(buffers.data(), tokens, workspace.getData(),
        const_cast<void **>(SimulatedDevice::getFunctions()), &device);
  device.run();
  if (!device.getError().empty())
    return llvm::createStringError(device.getError());
  return std::move(results);
}
