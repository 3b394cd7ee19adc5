//===- CudaCode.h - Kernels as PTX and cubin --------------------*- C++ -*-===//

#ifndef MOE_BUNDLE_CUDACODE_H
#define MOE_BUNDLE_CUDACODE_H

#include "moe/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

/// The kernels of a gpu.module as code for CUDA's driver.
struct CudaCode {
  /// Names of the kernels, in the order in which launches count them.
  std::vector<std::string> kernels;
  std::string ptx;
  /// Empty where the program that makes it, ptxas, is not installed.
  std::string cubin;
};

/// Takes the one gpu.module, in the LLVM and NVVM dialects, out of `module` and
/// compiles it for `gpu`. ptxas is looked for in the PATH, in the toolkits that
/// CUDA_HOME, CUDA_PATH and CUDA_ROOT name, and in /usr/local/cuda.
llvm::Expected<CudaCode> takeCudaCode(ModuleOp module, const Target &gpu);

} // namespace mlir::moe

#endif // MOE_BUNDLE_CUDACODE_H
