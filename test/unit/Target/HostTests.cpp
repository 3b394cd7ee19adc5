//===- HostTests.cpp - The machine that this runs on ----------------------===//

#include "Host.h"

#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

TEST(Host, CacheSizes) {
  EXPECT_EQ(parseCacheSize("32K"), 32768);
  EXPECT_EQ(parseCacheSize("1M"), 1048576);
  EXPECT_EQ(parseCacheSize("512"), 512);
}

TEST(Host, UnknownCacheSizesAreNone) {
  for (const char *text : {"", "K", "-1K", "0K", "32G", "99999999999999999999K",
                           "9223372036854775807M"})
    EXPECT_EQ(parseCacheSize(text), std::nullopt) << text;
}

TEST(Host, HasAtLeastOneCoreAndAName) {
  Host host = detectHost();
  EXPECT_GE(host.cores, 1);
  EXPECT_FALSE(host.cpu.empty());
}

} // namespace
