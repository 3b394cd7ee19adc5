//===- Tensor.cpp - Tensors in memory -------------------------------------===//

#include "moe/Checkpoint/Tensor.h"

#include "llvm/Support/ErrorHandling.h"
#include <cstring>

using namespace mlir::moe;

int64_t TensorView::getNumElements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

Tensor::Tensor(llvm::StringRef name, DataType type,
               llvm::ArrayRef<int64_t> shape)
    : name(name), type(type), shape(shape) {
  int64_t size = TensorView{name, type, shape, nullptr}.getSizeInBytes();
  buffer = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(size, "",
                                                             llvm::Align(64));
  if (!buffer)
    llvm::report_bad_alloc_error("not enough memory for a tensor");
  std::memset(getData(), 0, size);
}

Tensor::Tensor(const TensorView &source)
    : Tensor(source.name, source.type, source.shape) {
  if (int64_t size = source.getSizeInBytes())
    std::memcpy(getData(), source.data, size);
}

Tensor mlir::moe::convertTensor(const TensorView &source, DataType type) {
  if (source.type == type)
    return Tensor(source);
  Tensor result(source.name, type, source.shape);
  char *target = result.getData();
  bool areIntegers = isInteger(source.type) && isInteger(type);
  for (int64_t i = 0, e = source.getNumElements(); i < e; ++i) {
    if (areIntegers)
      writeInteger(type, source.getInteger(i), target);
    else
      writeDouble(type, source.getDouble(i), target);
    target += getSize(type);
  }
  return result;
}

std::string mlir::moe::formatShape(const TensorView &tensor) {
  std::string text;
  for (int64_t extent : tensor.shape)
    text += std::to_string(extent) + "x";
  return text + getName(tensor.type).str();
}
