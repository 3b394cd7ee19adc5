//===- SafetensorsFuzzer.cpp - Any bytes as a safetensors file ------------===//

#include "moe/Checkpoint/SafetensorsFile.h"
#include "moe/Checkpoint/SafetensorsWriter.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir::moe;

/// What `parse` accepts must be readable from the first to the last byte, and
/// be accepted again after it was written. What it refuses must be named in a
/// line.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  auto file = SafetensorsFile::parse({bytes, "input"});
  if (!file) {
    std::string message = llvm::toString(file.takeError());
    if (!llvm::StringRef(message).starts_with("input: ") ||
        llvm::StringRef(message).contains('\n'))
      llvm::report_fatal_error("not one line that names the file");
    return 0;
  }

  [[maybe_unused]] static volatile char sink;
  for (const TensorView &tensor : file->getTensors()) {
    int64_t elements = tensor.getNumElements();
    if (elements == 0)
      continue;
    sink = tensor.data[0];
    sink = tensor.data[tensor.getSizeInBytes() - 1];
    sink =
        static_cast<char>(tensor.getDouble(0) < tensor.getDouble(elements - 1));
  }

  std::string written;
  llvm::raw_string_ostream stream(written);
  if (writeSafetensors(stream, file->getTensors()))
    llvm::report_fatal_error("the writer refuses what the reader accepts");
  auto again = SafetensorsFile::parse({written, "written"});
  if (!again)
    llvm::report_fatal_error("the reader refuses what the writer wrote");
  for (const TensorView &tensor : file->getTensors()) {
    const TensorView *copy = again->find(tensor.name);
    if (!copy || copy->type != tensor.type || copy->shape != tensor.shape ||
        llvm::StringRef(copy->data, copy->getSizeInBytes()) !=
            llvm::StringRef(tensor.data, tensor.getSizeInBytes()))
      llvm::report_fatal_error("a tensor changed on its way");
  }
  return 0;
}
