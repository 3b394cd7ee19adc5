//===- Contents.h - What the files of a bundle tell -------------*- C++ -*-===//

#ifndef MOE_LIB_BUNDLE_CONTENTS_H
#define MOE_LIB_BUNDLE_CONTENTS_H

#include "moe/Bundle/Bundle.h"
#include "moe/Bundle/CudaCode.h"
#include "moe/Bundle/ObjectCode.h"
#include "moe/Execute/Signature.h"

#include "llvm/Support/JSON.h"

namespace mlir::moe {

/// The version of the interface between a bundle and the program that loads it.
inline constexpr int64_t bundleAbi = 1;

/// Code for a range of numbers of tokens.
struct Variant {
  TokenRange tokens;
  /// How each kernel is computed, in words of the IR.
  std::string schedule;
  /// Which of the codes; variants that are computed alike share one.
  size_t code;
};

/// What is computed alike, and compiled once.
struct VariantCode {
  /// The IR at level 2.
  std::string text;
  /// Of its entry on the host.
  std::string symbol;
  TokenRange tokens;

  /// For the host.
  std::vector<CodePart> parts = {};
  /// For a GPU only.
  CudaCode kernels = {};
};

struct BundleContents {
  const BundleOptions &options;
  Signature signature;
  std::vector<Variant> variants;
  std::vector<VariantCode> codes;
  /// Facts about the layer, as found in its ops.
  llvm::json::Object problem;
  /// The linked code for the host.
  std::string sharedObject;

  std::string getFileName(llvm::StringRef extension) const {
    return options.name + extension.str();
  }
  /// Files that are loaded, with their content: the shared object first.
  std::vector<BundleFile> getLoadedFiles() const;
  /// Those of the kernels of a code, the best one first.
  std::vector<BundleFile> getKernelFiles(size_t code) const;
};

/// The digits of a SHA-256.
std::string computeSha256(llvm::StringRef bytes);

/// What stands for the digest of the .c file, which cannot hold its own.
inline constexpr char noDigest[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// The manifest as text that begins with the version.
std::string writeManifest(const BundleContents &contents,
                          llvm::StringRef header, llvm::StringRef sourceDigest);

std::string writeHeader(const BundleContents &contents);

/// `manifest` has noDigest in the place of the digest of the result.
std::string writeSource(const BundleContents &contents,
                        llvm::StringRef manifest);

} // namespace mlir::moe

#endif // MOE_LIB_BUNDLE_CONTENTS_H
