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

/// A block of `size` bytes taken out of `blocks`, or null.
static void *take(std::multimap<size_t, void *> &blocks, size_t size,
                  size_t alignment) {
  auto [begin, end] = blocks.equal_range(size);
  for (auto it = begin; it != end; ++it) {
    void *address = it->second;
    if (reinterpret_cast<uintptr_t>(address) % alignment)
      continue;
    blocks.erase(it);
    return address;
  }
  return nullptr;
}

static void freeAll(std::multimap<size_t, void *> &blocks) {
  for (auto [size, address] : blocks)
    std::free(address);
  blocks.clear();
}

LayerMemory::~LayerMemory() {
  releaseAll();
  releaseAll();
}

void *LayerMemory::allocate(size_t size, size_t alignment) {
  alignment = std::max<size_t>(alignment, 64);
  size = llvm::alignTo(std::max<size_t>(size, 1), alignment);
  void *address;
  {
    std::lock_guard lock(mutex);
    address = take(spare, size, alignment);
    if (!address)
      address = take(lastSpare, size, alignment);
    if (!address)
      address = std::aligned_alloc(alignment, size);
    if (!address)
      llvm::report_bad_alloc_error("out of memory in a layer");
    blocks[address] = size;
  }
  if (poison)
    std::memset(address, poisonByte, size);
  return address;
}

void LayerMemory::release(void *address) {
  std::lock_guard lock(mutex);
  auto block = blocks.find(address);
  spare.emplace(block->second, address);
  blocks.erase(block);
}

void LayerMemory::releaseAll() {
  std::lock_guard lock(mutex);
  // What this run did not need, the next one hardly will.
  freeAll(lastSpare);
  lastSpare = std::move(spare);
  spare.clear();
  for (auto [address, size] : blocks)
    lastSpare.emplace(size, address);
  blocks.clear();
}
