//===- LayerMemory.cpp - Memory of a running layer ------------------------===//

#include "moe/Execute/LayerMemory.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>

using namespace mlir::moe;

/// In every float format a number near the largest one, and far outside any
/// buffer as an index.
static constexpr int poisonByte = 0x7e;

void *LayerMemory::allocate(size_t size, size_t alignment) {
  alignment = std::max<size_t>(alignment, 64);
  size = llvm::alignTo(std::max<size_t>(size, 1), alignment);
  void *address = std::aligned_alloc(alignment, size);
  if (!address)
    llvm::report_bad_alloc_error("out of memory in a layer");
  if (poison)
    std::memset(address, poisonByte, size);
  std::lock_guard lock(mutex);
  blocks.insert(address);
  return address;
}

void LayerMemory::release(void *address) {
  {
    std::lock_guard lock(mutex);
    blocks.erase(address);
  }
  std::free(address);
}

void LayerMemory::releaseAll() {
  std::lock_guard lock(mutex);
  for (void *address : blocks)
    std::free(address);
  blocks.clear();
}
