//===- SafetensorsWriter.cpp - Write tensors to one file ------------------===//

#include "moe/Checkpoint/SafetensorsWriter.h"

#include "Messages.h"
#include "moe/Checkpoint/OutputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"

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

llvm::Error mlir::moe::writeSafetensors(llvm::StringRef path,
                                        llvm::ArrayRef<TensorView> tensors) {
  return writeFile(path, [&](llvm::raw_ostream &stream) {
    return writeSafetensors(stream, tensors);
  });
}
