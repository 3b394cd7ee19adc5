//===- SliceAssignment.h - Buffers that share memory ------------*- C++ -*-===//

#ifndef MOE_CONVERSION_SLICEASSIGNMENT_H
#define MOE_CONVERSION_SLICEASSIGNMENT_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace mlir::moe {

/// A buffer that holds something from step `first` to step `last`, both
/// included.
struct BufferLife {
  int64_t first, last;
  /// For a typical number of tokens. Whatever it says, the assignment is right.
  int64_t size;
};

/// Gives each buffer a slice of memory, numbered from 0 without gaps, such that
/// the buffers of one slice never hold something at the same step. A slice must
/// be as large as the largest of its buffers.
///
/// The largest buffers choose first, and take the first slice that is free all
/// their life, so that smaller ones find room where it costs nothing.
std::vector<int64_t> assignSlices(llvm::ArrayRef<BufferLife> buffers);

} // namespace mlir::moe

#endif // MOE_CONVERSION_SLICEASSIGNMENT_H
