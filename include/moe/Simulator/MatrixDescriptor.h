//===- MatrixDescriptor.h - Operands of wgmma in shared memory --*- C++ -*-===//

#ifndef MOE_SIMULATOR_MATRIXDESCRIPTOR_H
#define MOE_SIMULATOR_MATRIXDESCRIPTOR_H

#include "moe/Simulator/Swizzle.h"

#include <optional>
#include <string>

namespace mlir::moe::sim {

/// Where the 16-byte chunks of a matrix lie. Rows run along M or N.
struct MatrixDescriptor {
  uint32_t start = 0;
  uint32_t leadingBytes = 0;
  uint32_t strideBytes = 0;
  uint32_t baseOffset = 0;
  Swizzle swizzle = Swizzle::None;

  static MatrixDescriptor decode(uint64_t bits);

  /// Why the hardware has no meaning for these values, or nothing.
  std::optional<std::string> findFault() const;

  /// The address of the 16 bytes at `row` that hold the elements from chunk
  /// `chunk` of K on, where K is contiguous.
  uint32_t locateAlongK(uint32_t row, uint32_t chunk) const;

  /// The address of the 16 bytes at `k` that hold chunk `chunk` of the rows,
  /// where rows are contiguous.
  uint32_t locateAlongRows(uint32_t chunk, uint32_t k) const;
};

} // namespace mlir::moe::sim

#endif // MOE_SIMULATOR_MATRIXDESCRIPTOR_H
