//===- TokenRanges.h - Numbers of tokens that share code --------*- C++ -*-===//

#ifndef MOE_BUNDLE_TOKENRANGES_H
#define MOE_BUNDLE_TOKENRANGES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace mlir::moe {

/// Numbers of tokens from `first` to `last`, both included.
struct TokenRange {
  int64_t first, last;

  bool operator==(const TokenRange &other) const = default;
};

/// The largest number of tokens of a layer: their products with the sizes of
/// published layers stay far below 2^63.
inline constexpr int64_t maxTokens = int64_t(1) << 30;

/// Reads "<first>:<last>", or "<number>" for one number, within 1 to maxTokens.
llvm::Expected<TokenRange> parseTokenRange(llvm::StringRef text);

/// Cuts `range` behind 4, 32, 256 and 2048 tokens: within a part, the rows that
/// an expert gets differ so little that one schedule suits them all.
std::vector<TokenRange> splitTokenRange(TokenRange range);

/// The number of tokens that the code of `range` is made for.
int64_t getTypicalTokens(TokenRange range);

} // namespace mlir::moe

#endif // MOE_BUNDLE_TOKENRANGES_H
