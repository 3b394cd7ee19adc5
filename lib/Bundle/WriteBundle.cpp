//===- WriteBundle.cpp - Directories whole or not at all ------------------===//

#include "moe/Bundle/Bundle.h"
#include "moe/Checkpoint/OutputFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::moe;

static llvm::Error makeError(std::error_code code) {
  return llvm::errorCodeToError(code);
}

/// Whether what lies at `path` may be replaced: a bundle, or an empty
/// directory.
static llvm::Error checkReplaceable(StringRef path) {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status))
    return llvm::Error::success();
  if (!llvm::sys::fs::is_directory(status))
    return llvm::createStringError("a file is in its place");
  SmallString<128> manifest(path);
  llvm::sys::path::append(manifest, "manifest.json");
  std::error_code code;
  bool empty = llvm::sys::fs::directory_iterator(path, code) ==
               llvm::sys::fs::directory_iterator();
  if (code)
    return makeError(code);
  if (!empty && !llvm::sys::fs::exists(manifest))
    return llvm::createStringError(
        "a directory that is not a bundle is in its place");
  return llvm::Error::success();
}

static llvm::Error writeFiles(StringRef directory, ArrayRef<BundleFile> files) {
  for (const BundleFile &file : files) {
    SmallString<128> path(directory);
    llvm::sys::path::append(path, file.name);
    if (llvm::Error error = writeFile(path, [&](raw_ostream &stream) {
          stream << file.content;
          return llvm::Error::success();
        }))
      return error;
  }
  return llvm::Error::success();
}

/// Puts `made` in the place of `path`; what was there is taken away after.
static llvm::Error moveInto(StringRef made, StringRef path) {
  if (!llvm::sys::fs::exists(path))
    return makeError(llvm::sys::fs::rename(made, path));
  std::string from = made.str(), to = path.str();
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                RENAME_EXCHANGE) != 0)
    return makeError(llvm::errnoAsErrorCode());
  return makeError(llvm::sys::fs::remove_directories(made));
}

static llvm::Error writeToPath(StringRef path, ArrayRef<BundleFile> files) {
  if (llvm::Error error = checkReplaceable(path))
    return error;
  SmallString<128> made;
  std::string model = (path + ".tmp-%%%%%%").str();
  for (int attempt = 0;; ++attempt) {
    llvm::sys::fs::createUniquePath(model, made, /*MakeAbsolute=*/false);
    std::error_code code = llvm::sys::fs::create_directory(
        made, /*IgnoreExisting=*/false, llvm::sys::fs::all_all);
    if (!code)
      break;
    if (code != std::errc::file_exists || attempt == 8)
      return makeError(code);
  }
  llvm::Error error = writeFiles(made, files);
  if (!error)
    error = moveInto(made, path);
  if (error)
    llvm::sys::fs::remove_directories(made);
  return error;
}

llvm::Error mlir::moe::writeBundle(StringRef path, ArrayRef<BundleFile> files) {
  while (path.size() > 1 && path.ends_with("/"))
    path = path.drop_back();
  if (llvm::Error error = writeToPath(path, files))
    return llvm::createStringError(
        path + ": cannot write: " + llvm::toString(std::move(error)));
  return llvm::Error::success();
}
