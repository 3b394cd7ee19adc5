//===- MatrixDescriptorTests.cpp ------------------------------------------===//

#include "moe/Simulator/MatrixDescriptor.h"

#include "gtest/gtest.h"
#include <set>

using namespace mlir::moe::sim;

static uint64_t encode(uint64_t start, uint64_t leading, uint64_t stride,
                       uint64_t swizzle) {
  return start >> 4 | leading >> 4 << 16 | stride >> 4 << 32 | swizzle << 62;
}

TEST(MatrixDescriptor, Decodes) {
  MatrixDescriptor d = MatrixDescriptor::decode(encode(0x5420, 16, 1024, 1));
  EXPECT_EQ(d.start, 0x5420u);
  EXPECT_EQ(d.leadingBytes, 16u);
  EXPECT_EQ(d.strideBytes, 1024u);
  EXPECT_EQ(d.swizzle, Swizzle::B128);
  EXPECT_EQ(MatrixDescriptor::decode(encode(0, 0, 0, 2)).swizzle, Swizzle::B64);
  EXPECT_EQ(MatrixDescriptor::decode(encode(0, 0, 0, 3)).swizzle, Swizzle::B32);
  EXPECT_FALSE(d.findFault());
  EXPECT_TRUE(MatrixDescriptor::decode(uint64_t(1) << 49).findFault());
}

TEST(MatrixDescriptor, WithoutSwizzleCoreMatricesAreContiguous) {
  auto d = MatrixDescriptor::decode(encode(0x400, 128, 256, 0));
  EXPECT_EQ(d.locateAlongK(0, 0), 0x400u);
  EXPECT_EQ(d.locateAlongK(3, 0), 0x400u + 3 * 16);
  EXPECT_EQ(d.locateAlongK(3, 1), 0x400u + 3 * 16 + 128);
  EXPECT_EQ(d.locateAlongK(11, 1), 0x400u + 256 + 3 * 16 + 128);
  EXPECT_EQ(d.locateAlongRows(1, 0), 0x400u + 256);
  EXPECT_EQ(d.locateAlongRows(0, 9), 0x400u + 16 + 128);
}

// A tile of 64 rows of 128 bytes that a swizzled copy brought: the element
// where the copy put it is where the product finds it, for each step in K.
TEST(MatrixDescriptor, FindsWhatASwizzledCopyWrote) {
  for (uint32_t step = 0; step < 4; ++step) {
    auto d = MatrixDescriptor::decode(encode(0x800 + step * 32, 16, 1024, 1));
    for (uint32_t row = 0; row < 64; ++row)
      for (uint32_t chunk = 0; chunk < 2; ++chunk)
        EXPECT_EQ(d.locateAlongK(row, chunk),
                  applySwizzle(Swizzle::B128,
                               0x800 + row * 128 + step * 32 + chunk * 16));
  }
}

// The same tile read with its 64 rows as K and 64 contiguous columns.
TEST(MatrixDescriptor, FindsColumnsThatAreContiguous) {
  auto d = MatrixDescriptor::decode(encode(0x800, 8192, 1024, 1));
  for (uint32_t k = 0; k < 16; ++k)
    for (uint32_t chunk = 0; chunk < 16; ++chunk)
      EXPECT_EQ(d.locateAlongRows(chunk, k),
                applySwizzle(Swizzle::B128, 0x800 + k * 128 + chunk % 8 * 16 +
                                                chunk / 8 * 8192));
}

TEST(MatrixDescriptor, NarrowSwizzlesHaveNarrowRows) {
  auto d = MatrixDescriptor::decode(encode(0x400, 16, 512, 2));
  EXPECT_EQ(d.locateAlongK(1, 0), 0x400u + 64);
  EXPECT_EQ(d.locateAlongK(2, 1), applySwizzle(Swizzle::B64, 0x400 + 128 + 16));
  EXPECT_EQ(d.locateAlongK(8, 0), 0x400u + 512);
}
