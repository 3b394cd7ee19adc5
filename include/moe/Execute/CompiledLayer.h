//===- CompiledLayer.h - A layer as native code in memory -------*- C++ -*-===//

#ifndef MOE_EXECUTE_COMPILEDLAYER_H
#define MOE_EXECUTE_COMPILEDLAYER_H

#include "moe/Checkpoint/Tensor.h"
#include "moe/Execute/LayerMemory.h"
#include "moe/Execute/Signature.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"

namespace mlir::moe {

/// What is given for one parameter: one tensor, or one for each expert. The
/// elements are read where they lie.
using Argument = SmallVector<TensorView, 1>;

/// @moe_layer of a module, compiled for this machine.
class CompiledLayer {
public:
  struct Options {
    /// Whether ops become fewer kernels first.
    bool fuse = true;
    /// Tokens that it shall be fastest for.
    int64_t tokens = 512;
  };

  /// Lowers `module`, which is changed. Results are named as in `signature`.
  static llvm::Expected<CompiledLayer>
  compile(ModuleOp module, Signature signature, const Options &options);

  /// Runs the layer on arguments of the types and shapes of the signature. One
  /// run at a time in a process.
  std::vector<Tensor> run(ArrayRef<Argument> arguments, bool poison = false);

  const Signature &getSignature() const { return signature; }

private:
  /// Takes the address of every argument.
  using Function = void (*)(void **);

  CompiledLayer(Signature signature, std::unique_ptr<ExecutionEngine> engine,
                Function function)
      : signature(std::move(signature)), engine(std::move(engine)),
        function(function) {}

  Signature signature;
  std::unique_ptr<ExecutionEngine> engine;
  Function function;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_COMPILEDLAYER_H
