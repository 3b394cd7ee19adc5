//===- TokenRangesTests.cpp - Numbers of tokens that share code -----------===//

#include "moe/Bundle/TokenRanges.h"

#include "gtest/gtest.h"

using namespace mlir::moe;

static std::string getError(llvm::StringRef text) {
  auto range = parseTokenRange(text);
  return range ? "" : llvm::toString(range.takeError());
}

TEST(TokenRanges, Parse) {
  EXPECT_EQ(llvm::cantFail(parseTokenRange("1:32768")), (TokenRange{1, 32768}));
  EXPECT_EQ(llvm::cantFail(parseTokenRange("7")), (TokenRange{7, 7}));
  EXPECT_EQ(llvm::cantFail(parseTokenRange("1073741824")),
            (TokenRange{maxTokens, maxTokens}));
  for (const char *text : {"", ":", "1:", ":1", "0:1", "2:1", "-1:3", "1:2:3",
                           "1 : 2", "1073741825", "99999999999999999999"})
    EXPECT_NE(getError(text).find("expected <first>:<last>"), std::string::npos)
        << text;
}

TEST(TokenRanges, SplitCoversEachNumberOnce) {
  for (TokenRange range : {TokenRange{1, 32768},
                           {1, 1},
                           {4, 4},
                           {4, 5},
                           {5, 5},
                           {3, 40},
                           {2048, 2049},
                           {5000, 6000}}) {
    std::vector<TokenRange> parts = splitTokenRange(range);
    EXPECT_EQ(parts.front().first, range.first);
    EXPECT_EQ(parts.back().last, range.last);
    for (size_t i = 0; i < parts.size(); ++i) {
      EXPECT_LE(parts[i].first, parts[i].last);
      if (i > 0)
        EXPECT_EQ(parts[i].first, parts[i - 1].last + 1);
    }
  }
}

TEST(TokenRanges, SplitBehindCuts) {
  EXPECT_EQ(splitTokenRange({1, 32768}),
            (std::vector<TokenRange>{
                {1, 4}, {5, 32}, {33, 256}, {257, 2048}, {2049, 32768}}));
  EXPECT_EQ(splitTokenRange({1, 4}), (std::vector<TokenRange>{{1, 4}}));
  EXPECT_EQ(splitTokenRange({5, 33}),
            (std::vector<TokenRange>{{5, 32}, {33, 33}}));
}

TEST(TokenRanges, TypicalTokensAreInRange) {
  for (TokenRange range : splitTokenRange({1, 1 << 20})) {
    EXPECT_LE(range.first, getTypicalTokens(range));
    EXPECT_GE(range.last, getTypicalTokens(range));
  }
  EXPECT_EQ(getTypicalTokens({10000, 20000}), 10000);
}
