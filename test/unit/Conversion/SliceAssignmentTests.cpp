//===- SliceAssignmentTests.cpp - Buffers that share memory ---------------===//

#include "moe/Conversion/SliceAssignment.h"

#include "gtest/gtest.h"
#include <random>
#include <set>

using namespace mlir::moe;

using Slices = std::vector<int64_t>;

TEST(SliceAssignment, Nothing) { EXPECT_EQ(assignSlices({}), Slices{}); }

TEST(SliceAssignment, OneAfterTheOtherShare) {
  EXPECT_EQ(assignSlices({{0, 1, 8}, {2, 3, 8}, {4, 4, 8}}), (Slices{0, 0, 0}));
}

TEST(SliceAssignment, BothEndsAreUsed) {
  EXPECT_EQ(assignSlices({{0, 2, 8}, {2, 3, 8}}), (Slices{0, 1}));
  EXPECT_EQ(assignSlices({{2, 3, 8}, {0, 2, 8}}), (Slices{0, 1}));
  EXPECT_EQ(assignSlices({{0, 9, 8}, {4, 5, 8}}), (Slices{0, 1}));
}

TEST(SliceAssignment, TheLargestChooseFirst) {
  EXPECT_EQ(assignSlices({{0, 1, 4}, {0, 3, 16}, {2, 3, 4}, {4, 5, 2}}),
            (Slices{1, 0, 1, 0}));
}

TEST(SliceAssignment, NeverTwoAtTheSameStep) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<BufferLife> buffers(random() % 30 + 1);
    for (BufferLife &buffer : buffers) {
      buffer.first = random() % 20;
      buffer.last = buffer.first + random() % 6;
      buffer.size = random() % 100;
    }
    Slices slices = assignSlices(buffers);
    for (int64_t step = 0; step < 26; ++step) {
      std::set<int64_t> used;
      for (size_t i = 0; i < buffers.size(); ++i)
        if (buffers[i].first <= step && step <= buffers[i].last)
          EXPECT_TRUE(used.insert(slices[i]).second) << "step " << step;
    }
    std::set<int64_t> all(slices.begin(), slices.end());
    EXPECT_EQ(*all.begin(), 0);
    EXPECT_EQ(*all.rbegin(), static_cast<int64_t>(all.size()) - 1);
  }
}
