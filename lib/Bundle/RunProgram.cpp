//===- RunProgram.cpp - Programs that make parts of bundles ---------------===//

#include "RunProgram.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace mlir::moe;

llvm::Error mlir::moe::runProgram(llvm::ArrayRef<std::string> arguments,
                                  llvm::StringRef log) {
  llvm::SmallVector<llvm::StringRef> words(arguments);
  std::string cause;
  int status =
      llvm::sys::ExecuteAndWait(arguments[0], words, std::nullopt,
                                {llvm::StringRef(""), log, log}, 0, 0, &cause);
  if (status == 0)
    return llvm::Error::success();
  auto messages = llvm::MemoryBuffer::getFile(log);
  if (cause.empty() && messages)
    cause = (*messages)->getBuffer().split('\n').first.str();
  return llvm::createStringError(arguments[0] + ": " + cause);
}

llvm::Error mlir::moe::withTemporaryDirectory(
    llvm::function_ref<llvm::Error(llvm::StringRef)> work) {
  llvm::SmallString<128> folder;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("moe-compile", folder))
    return llvm::createStringError("cannot make a temporary directory: " +
                                   code.message());
  llvm::scope_exit cleanUp([&] {
    // What cannot be removed is left to the system.
    llvm::consumeError(
        llvm::errorCodeToError(llvm::sys::fs::remove_directories(folder)));
  });
  return work(folder);
}

llvm::Expected<std::string> mlir::moe::readFile(llvm::StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return llvm::createStringError(
        path + ": cannot read: " + file.getError().message());
  return (*file)->getBuffer().str();
}
