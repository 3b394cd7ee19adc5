//===- RunLayer.cpp - A layer on the machine that was asked for -----------===//

#include "RunLayer.h"
#include "moe/Bundle/CudaLayer.h"
#include "moe/Execute/SimulatedLayer.h"

#include <chrono>

using namespace mlir;
using namespace mlir::moe;

/// Calls `run` and takes the time.
template <typename Run> static llvm::Expected<LayerRun> time(Run run) {
  auto start = std::chrono::steady_clock::now();
  llvm::Expected<std::vector<Tensor>> results = run();
  if (!results)
    return results.takeError();
  std::chrono::duration<double, std::milli> taken =
      std::chrono::steady_clock::now() - start;
  return LayerRun{std::move(*results), taken.count()};
}

/// What all lowerings are told.
template <typename Options>
static Options getLowering(const Binding &binding, const RunOptions &options) {
  Options lowering;
  lowering.fuse = options.fuse;
  if (int64_t tokens = binding.getNumTokens(); tokens > 0)
    lowering.tokens = tokens;
  return lowering;
}

static llvm::Expected<RunLayer> compileForCpu(ModuleOp module,
                                              const Signature &signature,
                                              const Binding &binding,
                                              const RunOptions &options) {
  auto lowering = getLowering<CompiledLayer::Options>(binding, options);
  auto compiled = CompiledLayer::compile(module, signature, lowering);
  if (!compiled)
    return compiled.takeError();
  return [layer = std::move(*compiled), &binding,
          poison = options.poison]() mutable {
    return time([&] { return layer.run(binding.getArguments(), poison); });
  };
}

static llvm::Expected<RunLayer> compileForSimulator(ModuleOp module,
                                                    const Signature &signature,
                                                    const Binding &binding,
                                                    const RunOptions &options) {
  auto lowering = getLowering<KernelHost::Options>(binding, options);
  lowering.target =
      StringRef(options.target).drop_front(simulatedPrefix.size());
  auto compiled = SimulatedLayer::compile(module, signature, lowering);
  if (!compiled)
    return compiled.takeError();
  return
      [layer = std::move(*compiled), &binding, seed = options.seed]() mutable {
        return time([&] {
          return layer.run(binding.getArguments(),
                           std::max<int64_t>(binding.getNumTokens(), 0), seed);
        });
      };
}

static llvm::Expected<RunLayer> compileForCuda(ModuleOp module,
                                               const Signature &signature,
                                               const Binding &binding,
                                               const RunOptions &options) {
  auto compiled = CudaLayer::compile(
      module, signature, getLowering<KernelHost::Options>(binding, options));
  if (!compiled)
    return compiled.takeError();
  return [layer = std::move(*compiled),
          &binding]() mutable -> llvm::Expected<LayerRun> {
    auto run = layer.run(binding.getArguments(),
                         std::max<int64_t>(binding.getNumTokens(), 0));
    if (!run)
      return run.takeError();
    return LayerRun{std::move(run->first), run->second};
  };
}

llvm::Expected<RunLayer> mlir::moe::compileLayer(ModuleOp module,
                                                 const Signature &signature,
                                                 const Binding &binding,
                                                 const RunOptions &options) {
  if (options.target == "cuda")
    return compileForCuda(module, signature, binding, options);
  if (StringRef(options.target).starts_with(simulatedPrefix))
    return compileForSimulator(module, signature, binding, options);
  return compileForCpu(module, signature, binding, options);
}
