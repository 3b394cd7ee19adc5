//===- SafetensorsWriter.cpp - Write tensors to one file ------------------===//

#include "moe/Checkpoint/SafetensorsWriter.h"

#include "Messages.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include <unistd.h>

using namespace mlir::moe;

static llvm::Error checkNames(llvm::ArrayRef<TensorView> tensors) {
  llvm::StringSet<> names;
  for (const TensorView &tensor : tensors) {
    if (tensor.name == "__metadata__")
      return llvm::createStringError("a tensor cannot be named '__metadata__'");
    if (!llvm::json::isUTF8(tensor.name))
      return llvm::createStringError("tensor name " + quote(tensor.name) +
                                     " is not UTF-8");
    if (!names.insert(tensor.name).second)
      return llvm::createStringError("more than one tensor is named " +
                                     quote(tensor.name));
  }
  return llvm::Error::success();
}

/// The header of `tensors`, whose elements follow it in their order.
static std::string makeHeader(llvm::ArrayRef<TensorView> tensors) {
  std::string header;
  llvm::raw_string_ostream stream(header);
  llvm::json::OStream json(stream);
  int64_t offset = 0;
  json.object([&] {
    for (const TensorView &tensor : tensors)
      json.attributeObject(tensor.name, [&] {
        json.attribute("dtype", getName(tensor.type));
        json.attribute("shape", llvm::json::Array(tensor.shape));
        int64_t begin = offset;
        offset += tensor.getSizeInBytes();
        json.attribute("data_offsets", llvm::json::Array{begin, offset});
      });
  });
  header.append(llvm::alignTo(header.size(), 8) - header.size(), ' ');
  return header;
}

llvm::Error mlir::moe::writeSafetensors(llvm::raw_ostream &output,
                                        llvm::ArrayRef<TensorView> tensors) {
  if (llvm::Error error = checkNames(tensors))
    return error;
  llvm::SmallVector<TensorView> sorted(tensors);
  llvm::sort(sorted, [](const TensorView &a, const TensorView &b) {
    return a.type != b.type ? a.type > b.type : a.name < b.name;
  });

  std::string header = makeHeader(sorted);
  char length[8];
  llvm::support::endian::write64le(length, header.size());
  output.write(length, sizeof(length)) << header;
  for (const TensorView &tensor : sorted)
    output.write(tensor.data, tensor.getSizeInBytes());
  return llvm::Error::success();
}

/// Writes to an open stream, with its errors.
static llvm::Error writeToStream(llvm::raw_fd_ostream &stream,
                                 llvm::ArrayRef<TensorView> tensors) {
  if (llvm::Error error = writeSafetensors(stream, tensors))
    return error;
  stream.flush();
  std::error_code error = stream.error();
  // An error that nobody cleared ends the program in the stream's destructor.
  stream.clear_error();
  return llvm::errorCodeToError(error);
}

/// Writes to what is not a regular file and must not be replaced by one.
static llvm::Error writeToDevice(llvm::StringRef path,
                                 llvm::ArrayRef<TensorView> tensors) {
  int descriptor;
  if (std::error_code error = llvm::sys::fs::openFileForWrite(
          path, descriptor, llvm::sys::fs::CD_OpenExisting))
    return llvm::errorCodeToError(error);
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  return writeToStream(stream, tensors);
}

static llvm::Error fillFile(int descriptor,
                            llvm::ArrayRef<TensorView> tensors) {
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/false);
  if (llvm::Error error = writeToStream(stream, tensors))
    return error;
  if (fsync(descriptor) != 0)
    return llvm::errorCodeToError(llvm::errnoAsErrorCode());
  return llvm::Error::success();
}

static llvm::Error replaceFile(llvm::StringRef path,
                               llvm::ArrayRef<TensorView> tensors) {
  auto file = llvm::sys::fs::TempFile::create(path + ".tmp-%%%%%%");
  if (!file)
    return file.takeError();
  if (llvm::Error error = fillFile(file->FD, tensors))
    return llvm::joinErrors(std::move(error), file->discard());
  return file->keep(path);
}

static llvm::Error writeToPath(llvm::StringRef path,
                               llvm::ArrayRef<TensorView> tensors) {
  if (path == "-")
    return writeToStream(llvm::outs(), tensors);
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status))
    return replaceFile(path, tensors);
  if (llvm::sys::fs::is_directory(status))
    return llvm::createStringError("is a directory");
  if (!llvm::sys::fs::is_regular_file(status))
    return writeToDevice(path, tensors);
  if (!llvm::sys::fs::can_write(path))
    return llvm::errorCodeToError(
        llvm::make_error_code(llvm::errc::permission_denied));
  // A link stays, what it points to is replaced.
  llvm::SmallString<128> target;
  if (std::error_code error = llvm::sys::fs::real_path(path, target))
    return llvm::errorCodeToError(error);
  return replaceFile(target, tensors);
}

llvm::Error mlir::moe::writeSafetensors(llvm::StringRef path,
                                        llvm::ArrayRef<TensorView> tensors) {
  if (llvm::Error error = writeToPath(path, tensors))
    return makeFileError(path,
                         "cannot write: " + llvm::toString(std::move(error)));
  return llvm::Error::success();
}
