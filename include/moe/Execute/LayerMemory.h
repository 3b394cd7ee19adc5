//===- LayerMemory.h - Memory of a running layer ----------------*- C++ -*-===//

#ifndef MOE_EXECUTE_LAYERMEMORY_H
#define MOE_EXECUTE_LAYERMEMORY_H

#include "llvm/ADT/DenseMap.h"
#include <cstddef>
#include <map>
#include <mutex>

namespace mlir::moe {

/// What compiled code allocates while it runs. It gives back only what it no
/// longer needs half-way; the rest, results included, is given back together.
/// The next run gets the same blocks again, so that the system need not clear
/// their pages again. Safe for many threads.
class LayerMemory {
public:
  ~LayerMemory();

  void *allocate(size_t size, size_t alignment);
  void release(void *address);
  void releaseAll();

  /// Fill new memory with large numbers, so that code which reads what it has
  /// not written gives results that no test takes for right.
  bool poison = false;

private:
  std::mutex mutex;
  /// Blocks in use, with their sizes.
  llvm::DenseMap<void *, size_t> blocks;
  /// Blocks that were used in this run or the one before, by size.
  std::multimap<size_t, void *> spare, lastSpare;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_LAYERMEMORY_H
