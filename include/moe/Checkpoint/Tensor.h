//===- Tensor.h - Tensors in memory -----------------------------*- C++ -*-===//

#ifndef MOE_CHECKPOINT_TENSOR_H
#define MOE_CHECKPOINT_TENSOR_H

#include "moe/Checkpoint/DataType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>

namespace mlir::moe {

/// A dense row-major tensor in memory that something else owns, as it owns
/// `name` and `shape`. A scalar has rank 0. Number and bytes of the elements
/// fit in int64_t, even if the extents that are 0 were 1.
struct TensorView {
  llvm::StringRef name;
  DataType type = DataType::F32;
  llvm::ArrayRef<int64_t> shape;
  /// `getSizeInBytes()` bytes. A file may place them at any address: see
  /// `isAligned`.
  const char *data = nullptr;

  int64_t getNumElements() const;
  int64_t getSizeInBytes() const { return getNumElements() * getSize(type); }

  /// Whether native code may read `data` as elements of `type`. If not, read it
  /// with `getDouble` or `getInteger`, or through a copy in a `Tensor`.
  bool isAligned() const {
    return reinterpret_cast<uintptr_t>(data) % getSize(type) == 0;
  }

  /// Element `index` in row-major order, converted as `readDouble` does.
  double getDouble(int64_t index) const {
    return readDouble(type, data + index * getSize(type));
  }

  /// Element `index` in row-major order; the type must be an integer type.
  int64_t getInteger(int64_t index) const {
    return readInteger(type, data + index * getSize(type));
  }
};

/// A tensor that owns its name, shape and elements, which start at a multiple
/// of 64 bytes.
class Tensor {
public:
  /// All elements are zero bytes. The size must fit in int64_t, as `TensorView`
  /// says; a failed allocation ends the program as any other one does.
  Tensor(llvm::StringRef name, DataType type, llvm::ArrayRef<int64_t> shape);

  /// An aligned copy.
  explicit Tensor(const TensorView &source);

  /// Valid until this object is moved or destroyed.
  TensorView getView() const {
    return {name, type, shape, buffer->getBufferStart()};
  }
  operator TensorView() const { return getView(); }

  char *getData() { return buffer->getBufferStart(); }

  /// Writes element `index` in row-major order, converted as `writeDouble`
  /// does.
  void setDouble(int64_t index, double value) {
    writeDouble(type, value, getData() + index * getSize(type));
  }

private:
  std::string name;
  DataType type;
  llvm::SmallVector<int64_t> shape;
  std::unique_ptr<llvm::WritableMemoryBuffer> buffer;
};

/// A copy of `source` with elements of `type`. Integers go to integers as
/// `writeInteger` says, everything else as `writeDouble` says.
Tensor convertTensor(const TensorView &source, DataType type);

/// "4x8xBF16", or "F32" for a scalar: for messages.
std::string formatShape(const TensorView &tensor);

} // namespace mlir::moe

#endif // MOE_CHECKPOINT_TENSOR_H
