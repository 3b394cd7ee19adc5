//===- MbarrierTests.cpp --------------------------------------------------===//

#include "moe/Simulator/Mbarrier.h"

#include "gtest/gtest.h"

using namespace mlir::moe::sim;
using Fault = Mbarrier::Fault;

TEST(Mbarrier, PhaseEndsWithTheLastArrival) {
  Mbarrier barrier(2);
  // Before any phase is over the one before counts as over.
  EXPECT_TRUE(barrier.isOver(1));
  EXPECT_FALSE(barrier.isOver(0));
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_FALSE(barrier.isOver(0));
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_TRUE(barrier.isOver(0));
  EXPECT_FALSE(barrier.isOver(1));
  EXPECT_EQ(barrier.getPending(), 2u);
}

TEST(Mbarrier, WaitsForBytes) {
  Mbarrier barrier(1);
  EXPECT_EQ(barrier.expectBytes(48), Fault::None);
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_EQ(barrier.completeBytes(32), Fault::None);
  EXPECT_FALSE(barrier.isOver(0));
  EXPECT_EQ(barrier.completeBytes(16), Fault::None);
  EXPECT_TRUE(barrier.isOver(0));
}

TEST(Mbarrier, BytesMayComeBeforeTheyAreAnnounced) {
  Mbarrier barrier(1);
  EXPECT_EQ(barrier.completeBytes(16), Fault::None);
  EXPECT_EQ(barrier.expectBytes(16), Fault::None);
  EXPECT_FALSE(barrier.isOver(0));
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_TRUE(barrier.isOver(0));
}

TEST(Mbarrier, FindsFaults) {
  EXPECT_EQ(Mbarrier(1).arrive(2), Fault::TooManyArrivals);
  EXPECT_EQ(Mbarrier(1).arrive(0), Fault::CountRange);
  EXPECT_EQ(Mbarrier(1).expectBytes(1 << 20), Fault::CountRange);
  EXPECT_EQ(Mbarrier(Mbarrier::maxCount).expectArrival(), Fault::CountRange);
  Mbarrier barrier(1);
  EXPECT_EQ(barrier.expectBytes(16), Fault::None);
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_EQ(barrier.completeBytes(32), Fault::TooManyBytes);
}

TEST(Mbarrier, DroppedArrivalsAreNotExpectedAgain) {
  Mbarrier barrier(2);
  EXPECT_EQ(barrier.arrive(1, /*drop=*/true), Fault::None);
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_EQ(barrier.getPhase(), 1u);
  EXPECT_EQ(barrier.getPending(), 1u);
}

TEST(Mbarrier, ExtraArrivalsCountInTheirPhase) {
  Mbarrier barrier(1);
  EXPECT_EQ(barrier.expectArrival(), Fault::None);
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_EQ(barrier.getPhase(), 0u);
  EXPECT_EQ(barrier.arrive(1), Fault::None);
  EXPECT_EQ(barrier.getPhase(), 1u);
  EXPECT_EQ(barrier.getPending(), 1u);
}
