//===- OutputFile.cpp - Write files whole or not at all -------------------===//

#include "moe/Checkpoint/OutputFile.h"

#include "Messages.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include <unistd.h>

using namespace mlir::moe;

using Write = llvm::function_ref<llvm::Error(llvm::raw_ostream &)>;

/// Writes to an open stream, with its errors.
static llvm::Error writeToStream(llvm::raw_fd_ostream &stream, Write write) {
  if (llvm::Error error = write(stream))
    return error;
  stream.flush();
  std::error_code error = stream.error();
  // An error that nobody cleared ends the program in the stream's destructor.
  stream.clear_error();
  return llvm::errorCodeToError(error);
}

/// Writes to what is not a regular file and must not be replaced by one.
static llvm::Error writeToDevice(llvm::StringRef path, Write write) {
  int descriptor;
  if (std::error_code error = llvm::sys::fs::openFileForWrite(
          path, descriptor, llvm::sys::fs::CD_OpenExisting))
    return llvm::errorCodeToError(error);
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  return writeToStream(stream, write);
}

static llvm::Error fillFile(int descriptor, Write write) {
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/false);
  if (llvm::Error error = writeToStream(stream, write))
    return error;
  if (fsync(descriptor) != 0)
    return llvm::errorCodeToError(llvm::errnoAsErrorCode());
  return llvm::Error::success();
}

static llvm::Error replaceFile(llvm::StringRef path, Write write) {
  auto file = llvm::sys::fs::TempFile::create(path + ".tmp-%%%%%%");
  if (!file)
    return file.takeError();
  if (llvm::Error error = fillFile(file->FD, write))
    return llvm::joinErrors(std::move(error), file->discard());
  return file->keep(path);
}

static llvm::Error writeToPath(llvm::StringRef path, Write write) {
  if (path == "-")
    return writeToStream(llvm::outs(), write);
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status))
    return replaceFile(path, write);
  if (llvm::sys::fs::is_directory(status))
    return llvm::createStringError("is a directory");
  if (!llvm::sys::fs::is_regular_file(status))
    return writeToDevice(path, write);
  if (!llvm::sys::fs::can_write(path))
    return llvm::errorCodeToError(
        llvm::make_error_code(llvm::errc::permission_denied));
  // A link stays, what it points to is replaced.
  llvm::SmallString<128> target;
  if (std::error_code error = llvm::sys::fs::real_path(path, target))
    return llvm::errorCodeToError(error);
  return replaceFile(target, write);
}

llvm::Error mlir::moe::writeFile(llvm::StringRef path, Write write) {
  if (llvm::Error error = writeToPath(path, write))
    return makeFileError(path,
                         "cannot write: " + llvm::toString(std::move(error)));
  return llvm::Error::success();
}
