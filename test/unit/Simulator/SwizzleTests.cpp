//===- SwizzleTests.cpp ---------------------------------------------------===//

#include "moe/Simulator/Swizzle.h"

#include "gtest/gtest.h"
#include <set>

using namespace mlir::moe::sim;

TEST(Swizzle, NoneKeepsAddresses) {
  for (uint32_t address = 0; address < 4096; address += 12)
    EXPECT_EQ(applySwizzle(Swizzle::None, address), address);
}

TEST(Swizzle, PermutesChunksOfALine) {
  // Chunk c of line l of 128 bytes lies at chunk c ^ (l mod 8).
  for (uint32_t line = 0; line < 16; ++line)
    for (uint32_t chunk = 0; chunk < 8; ++chunk)
      EXPECT_EQ(applySwizzle(Swizzle::B128, line * 128 + chunk * 16 + 5),
                line * 128 + (chunk ^ line % 8) * 16 + 5);
}

TEST(Swizzle, NarrowSpansPermuteWithinTheirRows) {
  for (Swizzle swizzle : {Swizzle::B32, Swizzle::B64})
    for (uint32_t address = 0; address < 2048; address += 16)
      EXPECT_EQ(applySwizzle(swizzle, address) / getSpan(swizzle),
                address / getSpan(swizzle));
  // Of 64 bytes: two bits, from the number of the pair of rows.
  EXPECT_EQ(applySwizzle(Swizzle::B64, 128), 128u + 16);
  EXPECT_EQ(applySwizzle(Swizzle::B64, 384), 384u + 48);
  EXPECT_EQ(applySwizzle(Swizzle::B64, 512), 512u);
  EXPECT_EQ(applySwizzle(Swizzle::B32, 128), 128u + 16);
  EXPECT_EQ(applySwizzle(Swizzle::B32, 256), 256u);
}

TEST(Swizzle, IsOneToOne) {
  for (Swizzle swizzle : {Swizzle::B32, Swizzle::B64, Swizzle::B128}) {
    std::set<uint32_t> seen;
    for (uint32_t address = 0; address < 1024; address += 16)
      seen.insert(applySwizzle(swizzle, address));
    EXPECT_EQ(seen.size(), 64u);
  }
}
