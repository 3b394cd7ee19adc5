//===- SliceAssignment.cpp - Buffers that share memory --------------------===//

#include "moe/Conversion/SliceAssignment.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir::moe;

static bool overlap(const BufferLife &a, const BufferLife &b) {
  return a.first <= b.last && b.first <= a.last;
}

std::vector<int64_t>
mlir::moe::assignSlices(llvm::ArrayRef<BufferLife> buffers) {
  auto order = llvm::to_vector(llvm::seq<size_t>(0, buffers.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return buffers[a].size != buffers[b].size
               ? buffers[a].size > buffers[b].size
               : a < b;
  });
  std::vector<int64_t> assignment(buffers.size());
  std::vector<std::vector<BufferLife>> slices;
  for (size_t buffer : order) {
    auto isFree = [&](const std::vector<BufferLife> &occupants) {
      return llvm::none_of(occupants, [&](const BufferLife &occupant) {
        return overlap(occupant, buffers[buffer]);
      });
    };
    auto slice = llvm::find_if(slices, isFree);
    if (slice == slices.end())
      slice = slices.emplace(slices.end());
    slice->push_back(buffers[buffer]);
    assignment[buffer] = slice - slices.begin();
  }
  return assignment;
}
