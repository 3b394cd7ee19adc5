//===- TokenRanges.cpp - Numbers of tokens that share code ----------------===//

#include "moe/Bundle/TokenRanges.h"

#include <algorithm>

using namespace mlir::moe;

/// Ends of token buckets, so that a bucket of the tuner is never cut.
static constexpr int64_t cuts[] = {4, 32, 256, 2048};

static bool parseTokens(llvm::StringRef text, int64_t &tokens) {
  return !text.getAsInteger(10, tokens) && tokens >= 1 && tokens <= maxTokens;
}

llvm::Expected<TokenRange> mlir::moe::parseTokenRange(llvm::StringRef text) {
  auto [first, last] = text.split(':');
  TokenRange range;
  if (!parseTokens(first, range.first) ||
      !parseTokens(text.contains(':') ? last : first, range.last) ||
      range.first > range.last)
    return llvm::createStringError("'" + text +
                                   "', expected <first>:<last> within 1 to " +
                                   llvm::Twine(maxTokens));
  return range;
}

std::vector<TokenRange> mlir::moe::splitTokenRange(TokenRange range) {
  std::vector<TokenRange> parts;
  int64_t first = range.first;
  for (int64_t cut : cuts) {
    if (cut < first || cut >= range.last)
      continue;
    parts.push_back({first, cut});
    first = cut + 1;
  }
  parts.push_back({first, range.last});
  return parts;
}

int64_t mlir::moe::getTypicalTokens(TokenRange range) {
  return std::clamp(2 * cuts[std::size(cuts) - 1], range.first, range.last);
}
