//===- TensorMap.h - Tensors in global memory for bulk copies ---*- C++ -*-===//

#ifndef MOE_SIMULATOR_TENSORMAP_H
#define MOE_SIMULATOR_TENSORMAP_H

#include "moe/Simulator/Swizzle.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>

namespace mlir::moe::sim {

/// Element types of tensor maps, which matter for reductions.
enum class ElementType : uint8_t { U8, F16, BF16, F32, S32, U32 };

uint32_t getBytes(ElementType type);

/// What the driver's function for tiled tensor maps takes. Dimension 0 is the
/// innermost.
struct TensorMap {
  uint64_t address = 0;
  ElementType type = ElementType::U8;
  uint32_t rank = 1;
  std::array<uint64_t, 5> dims = {};
  /// In bytes; that of dimension 0 is the size of an element.
  std::array<uint64_t, 5> strides = {};
  std::array<uint32_t, 5> box = {};
  std::array<uint32_t, 5> elementStrides = {1, 1, 1, 1, 1};
  Swizzle swizzle = Swizzle::None;
  /// Elements outside are NaN instead of zero.
  bool fillNaN = false;

  /// The object that kernels get a pointer to.
  static constexpr size_t encodedSize = 128;

  /// Why the driver refuses these values, or nothing.
  std::optional<std::string> findFault() const;

  void encode(void *object) const;
  /// Nothing if no tensor map was encoded there.
  static std::optional<TensorMap> decode(const void *object);

  /// The elements along a dimension that one copy moves.
  uint32_t getCount(uint32_t dim) const {
    return (box[dim] + elementStrides[dim] - 1) / elementStrides[dim];
  }
  /// The bytes of shared memory that one copy fills, those outside included.
  uint32_t getBoxBytes() const;

  /// Calls `visit(row offset in shared memory, coordinates of its first
  /// element)` for each innermost row of the box at `start`.
  template <typename Visit>
  void forEachRow(const std::array<int32_t, 5> &start, Visit visit) const;

  /// The address of an element, or nothing outside of the tensor.
  std::optional<uint64_t> locate(const std::array<int64_t, 5> &at) const;
};

template <typename Visit>
void TensorMap::forEachRow(const std::array<int32_t, 5> &start,
                           Visit visit) const {
  uint32_t rowBytes = getCount(0) * getBytes(type);
  uint32_t rows = 1;
  for (uint32_t dim = 1; dim < rank; ++dim)
    rows *= getCount(dim);
  for (uint32_t row = 0; row < rows; ++row) {
    std::array<int64_t, 5> at = {};
    at[0] = start[0];
    uint32_t rest = row;
    for (uint32_t dim = 1; dim < rank; ++dim) {
      at[dim] = start[dim] +
                int64_t(rest % getCount(dim)) * int64_t(elementStrides[dim]);
      rest /= getCount(dim);
    }
    visit(row * rowBytes, at);
  }
}

} // namespace mlir::moe::sim

#endif // MOE_SIMULATOR_TENSORMAP_H
