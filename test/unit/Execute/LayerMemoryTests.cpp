//===- LayerMemoryTests.cpp - Memory of a running layer -------------------===//

#include "moe/Execute/LayerMemory.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

TEST(LayerMemory, BlocksAreAligned) {
  LayerMemory memory;
  for (size_t alignment : {1, 64, 4096}) {
    auto address = reinterpret_cast<uintptr_t>(memory.allocate(3, alignment));
    EXPECT_EQ(address % std::max<size_t>(alignment, 64), 0u);
  }
}

TEST(LayerMemory, AnEmptyBlockHasAnAddress) {
  LayerMemory memory;
  EXPECT_NE(memory.allocate(0, 1), nullptr);
}

TEST(LayerMemory, PoisonIsLargeInEveryFormat) {
  LayerMemory memory;
  memory.poison = true;
  void *block = memory.allocate(8, 1);
  float single;
  double wide;
  int32_t integer;
  std::memcpy(&single, block, sizeof(single));
  std::memcpy(&wide, block, sizeof(wide));
  std::memcpy(&integer, block, sizeof(integer));
  EXPECT_GT(single, 1e37f);
  EXPECT_GT(wide, 1e300);
  EXPECT_GT(integer, 1 << 30);
}

TEST(LayerMemory, BlocksAreGivenBackOnceEach) {
  LayerMemory memory;
  void *first = memory.allocate(8, 1);
  memory.allocate(8, 1);
  memory.release(first);
  memory.releaseAll();
  memory.releaseAll();
}

} // namespace
