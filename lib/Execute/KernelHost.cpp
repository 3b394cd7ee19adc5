//===- KernelHost.cpp - What launches the kernels of a layer --------------===//

#include "moe/Execute/KernelHost.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/Execute/FirstError.h"
#include "moe/Execute/HostEngine.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr StringLiteral entryName = "moe_layer_entry";

llvm::Expected<KernelHost>
KernelHost::compile(ModuleOp module, Signature signature,
                    const Options &options,
                    function_ref<llvm::Error(ModuleOp)> takeKernels) {
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
  if (llvm::Error failure = takeKernels(module))
    return failure;

  KernelHost host;
  host.signature = std::move(signature);
  auto engine = createHostEngine(module, [](llvm::orc::MangleAndInterner) {
    return llvm::orc::SymbolMap();
  });
  if (!engine)
    return error.take(llvm::toString(engine.takeError()));
  host.engine = std::move(*engine);
  auto entry = host.engine->lookup(entryName);
  if (!entry)
    return entry.takeError();
  host.entry = reinterpret_cast<Entry>(*entry);
  auto size = host.engine->lookup((entryName + "_workspace_size").str());
  if (!size)
    return size.takeError();
  host.workspaceSize = reinterpret_cast<WorkspaceSize>(*size);
  return std::move(host);
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
KernelHost::copyArguments(ArrayRef<Argument> arguments, int64_t tokens) const {
  std::vector<Tensor> copies;
  for (auto [parameter, tensors] :
       llvm::zip_equal(signature.arguments, arguments)) {
    if (llvm::Error error = checkExtents(parameter, tensors[0], tokens))
      return error;
    copies.push_back(parameter.perExpert ? stack(tensors) : Tensor(tensors[0]));
  }
  return copies;
}

std::vector<Tensor> KernelHost::makeResults(int64_t tokens) const {
  std::vector<Tensor> results;
  for (const Parameter &parameter : signature.results) {
    SmallVector<int64_t> shape(parameter.shape);
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size))
        size = tokens;
    Tensor &tensor =
        results.emplace_back(parameter.name, parameter.type, shape);
    std::memset(tensor.getData(), 0xff,
                static_cast<size_t>(tensor.getView().getSizeInBytes()));
  }
  return results;
}

int64_t KernelHost::getWorkspaceSize(int64_t tokens) const {
  return workspaceSize(tokens);
}

void KernelHost::launch(ArrayRef<void *> buffers, int64_t tokens,
                        void *workspace, const void *functions,
                        void *device) const {
  entry(buffers.data(), tokens, workspace, functions, device);
}
