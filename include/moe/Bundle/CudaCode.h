//===- CudaCode.h - Kernels for CUDA's driver -------------------*- C++ -*-===//

#ifndef MOE_BUNDLE_CUDACODE_H
#define MOE_BUNDLE_CUDACODE_H

#include "moe/Bundle/BundleTarget.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

/// The kernels of a gpu.module as code for CUDA's driver.
struct CudaCode {
  /// Names of the kernels, in the order in which launches count them.
  std::vector<std::string> kernels;
  /// The same kernels in each form that there is, by the extension of a file,
  /// the best one first: "cubin", where the program that makes it is installed,
  /// and "ptx"; or "mlir", for the simulated driver.
  std::vector<std::pair<std::string, std::string>> forms;
};

/// Takes the one gpu.module, in the LLVM and NVVM dialects, out of `module` and
/// compiles it for the GPU of `target`. ptxas is looked for in the PATH, in the
/// toolkits that CUDA_HOME, CUDA_PATH and CUDA_ROOT name, and in
/// /usr/local/cuda.
llvm::Expected<CudaCode> takeCudaCode(ModuleOp module,
                                      const BundleTarget &target);

} // namespace mlir::moe

#endif // MOE_BUNDLE_CUDACODE_H
