//===- TargetTests.cpp - Facts about machines -----------------------------===//

#include "moe/Target/Target.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

Target find(llvm::StringRef name) { return llvm::cantFail(findTarget(name)); }

TEST(Target, LevelsOfX86) {
  EXPECT_EQ(find("x86-64-v2").vectorBits, 128);
  EXPECT_FALSE(find("x86-64-v2").hasFma);
  EXPECT_EQ(find("x86-64-v3").vectorBits, 256);
  EXPECT_EQ(find("x86-64-v3").vectorRegisters, 16);
  Target v4 = find("x86-64-v4");
  EXPECT_EQ(v4.vectorBits, 512);
  EXPECT_EQ(v4.vectorRegisters, 32);
  EXPECT_EQ(v4.cpu, "x86-64-v4");
  EXPECT_EQ(v4.getLanes(32), 16);
  EXPECT_EQ(v4.getLanes(64), 8);
  // The level does not have it, whatever this machine has.
  EXPECT_FALSE(v4.hasAvx512Bf16);
}

TEST(Target, Processors) {
  EXPECT_TRUE(find("znver4").hasAvx512Bf16);
  EXPECT_FALSE(find("znver4").hasAmxBf16);
  EXPECT_TRUE(find("sapphirerapids").hasAmxBf16);
  // Half the rate: its vectors of 512 bits take two passes.
  EXPECT_EQ(2 * find("znver4").getFlopsPerCore(32),
            find("sapphirerapids").getFlopsPerCore(32));
}

TEST(Target, FlopsCountBothOperationsOfAnFma) {
  // 2 operations * 8 lanes * 2 FMAs per cycle * 3 GHz.
  EXPECT_EQ(find("x86-64-v3").getFlopsPerCore(32), 96e9);
  EXPECT_EQ(find("x86-64-v3").getFlopsPerCore(64), 48e9);
}

TEST(Target, EveryListedNameIsFound) {
  llvm::SmallVector<llvm::StringRef> names;
  std::string list = listTargets();
  llvm::SplitString(list, names, ", ");
  EXPECT_EQ(names.size(), 7u);
  for (llvm::StringRef name : names) {
    Target target = find(name);
    EXPECT_EQ(target.name, name);
    EXPECT_GE(target.cores, 1);
    EXPECT_GT(target.l1Bytes, 0);
    EXPECT_GE(target.l2Bytes, target.l1Bytes);
    EXPECT_GE(target.l3Bytes, target.l2Bytes);
    EXPECT_GT(target.memoryBandwidth, 0);
    EXPECT_GE(target.getLanes(64), 2);
  }
}

TEST(Target, NativeIsTheSameEachTime) {
  Target first = find("native"), second = find("native");
  EXPECT_EQ(first.cpu, second.cpu);
  EXPECT_EQ(first.features, second.features);
  EXPECT_EQ(first.gigahertz, second.gigahertz);
}

TEST(Target, UnknownNameListsTheKnown) {
  for (const char *name : {"sm_42", "", "X86-64-V4", "x86-64-v5"})
    EXPECT_EQ(llvm::toString(findTarget(name).takeError()),
              "unknown target '" + std::string(name) +
                  "', expected x86-64-v2, x86-64-v3, x86-64-v4, znver4, "
                  "sapphirerapids, sm_90a, native");
}

TEST(Target, GpusAreFoundByTheirCapability) {
  EXPECT_EQ(llvm::cantFail(findGpu(9, 0)).name, "sm_90a");
  EXPECT_EQ(llvm::toString(findGpu(8, 6).takeError()),
            "compute capability 8.6, expected 9.0 as target sm_90a has");
}

} // namespace
