//===- Bundle.h - Layers as code that any program can load ------*- C++ -*-===//

#ifndef MOE_BUNDLE_BUNDLE_H
#define MOE_BUNDLE_BUNDLE_H

#include "moe/Bundle/BundleTarget.h"
#include "moe/Bundle/TokenRanges.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

struct BundleOptions {
  BundleTarget target;
  TokenRange tokens;
  /// Of the layer in C: letters, digits and underscores.
  std::string name;
};

/// A file of a bundle, or of any other directory.
struct BundleFile {
  std::string name, content;
};

/// Compiles @moe_layer of `module` to the files of a bundle: `manifest.json`,
/// `<name>.so`, `<name>.h`, `<name>.c` and, for each distinct set of kernels of
/// a GPU, `<name>_<number>` with the extensions of CudaCode. Errors are one
/// line.
llvm::Expected<std::vector<BundleFile>>
compileBundle(ModuleOp module, const BundleOptions &options);

/// Makes the directory `path` with `files`, whole or not at all. Nothing but an
/// earlier bundle may be in its place. Errors are "<path>: cannot write:
/// <cause>".
llvm::Error writeBundle(llvm::StringRef path, ArrayRef<BundleFile> files);

} // namespace mlir::moe

#endif // MOE_BUNDLE_BUNDLE_H
