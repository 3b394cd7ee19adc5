//===- LayerMemory.h - Memory of a running layer ----------------*- C++ -*-===//

#ifndef MOE_EXECUTE_LAYERMEMORY_H
#define MOE_EXECUTE_LAYERMEMORY_H

#include "llvm/ADT/DenseSet.h"
#include <cstddef>
#include <mutex>

namespace mlir::moe {

/// What compiled code allocates while it runs. It gives back only what it no
/// longer needs half-way; the rest, results included, is given back together.
/// Safe for many threads.
class LayerMemory {
public:
  ~LayerMemory() { releaseAll(); }

  void *allocate(size_t size, size_t alignment);
  void release(void *address);
  void releaseAll();

  /// Fill new memory with large numbers, so that code which reads what it has
  /// not written gives results that no test takes for right.
  bool poison = false;

private:
  std::mutex mutex;
  llvm::DenseSet<void *> blocks;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_LAYERMEMORY_H
