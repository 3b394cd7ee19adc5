//===- LinkSharedObject.cpp - Object files to one shared object -----------===//

#include "RunProgram.h"
#include "moe/Bundle/ObjectCode.h"
#include "moe/Checkpoint/OutputFile.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <link.h>

using namespace mlir::moe;

static llvm::Expected<std::string> findLinker() {
  for (const char *name : {"ld.lld-22", "ld.lld"}) {
    if (auto beside = llvm::sys::findProgramByName(name, {MOE_LLVM_TOOLS}))
      return *beside;
    if (auto found = llvm::sys::findProgramByName(name))
      return *found;
  }
  return llvm::createStringError(
      "no linker: looked for ld.lld in " MOE_LLVM_TOOLS " and in the PATH");
}

/// The files of the C library that this program itself uses.
static std::vector<std::string> findCLibrary() {
  std::vector<std::string> paths;
  auto visit = [](dl_phdr_info *info, size_t, void *data) {
    llvm::StringRef path = info->dlpi_name;
    llvm::StringRef name = llvm::sys::path::filename(path);
    if (name == "libc.so.6" || name == "libm.so.6")
      static_cast<std::vector<std::string> *>(data)->push_back(path.str());
    return 0;
  };
  dl_iterate_phdr(visit, &paths);
  return paths;
}

llvm::Error mlir::moe::linkSharedObject(llvm::ArrayRef<std::string> objects,
                                        llvm::StringRef path) {
  auto linker = findLinker();
  if (!linker)
    return linker.takeError();
  std::vector<std::string> made = {(path + ".log").str()};
  llvm::scope_exit cleanUp([&] {
    for (const std::string &file : made)
      llvm::sys::fs::remove(file);
  });
  std::vector<std::string> arguments = {
      *linker,       "-shared",         "-o",
      path.str(),    "--no-undefined",  "--gc-sections",
      "--as-needed", "--build-id=none", "-O2",
      "-z",          "noexecstack",     "-z",
      "now",         "-soname",         llvm::sys::path::filename(path).str()};
  for (const std::string &object : objects) {
    made.push_back((path + "." + llvm::Twine(made.size()) + ".o").str());
    arguments.push_back(made.back());
    if (llvm::Error error =
            writeFile(made.back(), [&](llvm::raw_ostream &stream) {
              stream << object;
              return llvm::Error::success();
            }))
      return error;
  }
  for (const std::string &library : findCLibrary())
    arguments.push_back(library);
  return runProgram(arguments, made.front());
}
