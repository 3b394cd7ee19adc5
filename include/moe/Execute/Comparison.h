//===- Comparison.h - Results against expected results ----------*- C++ -*-===//

#ifndef MOE_EXECUTE_COMPARISON_H
#define MOE_EXECUTE_COMPARISON_H

#include "moe/Checkpoint/Tensor.h"
#include "llvm/Support/Error.h"

namespace mlir::moe {

/// Ids of the chosen experts and their weights, tokens x k, as results of a
/// layer.
inline constexpr llvm::StringLiteral idsName = "topk_ids";
inline constexpr llvm::StringLiteral idWeightsName = "topk_weights";

/// Compares each of `expected` with the result of its name and gives the
/// largest relative error, ||found - expected|| / ||expected||, of a tensor of
/// floats; elements that are both NaN, or the same infinity, are equal.
///
/// An error if a result is absent, shapes differ, integers differ, or the
/// relative error of a tensor exceeds `tolerance`. The order of a token's
/// choices does not count in `topk_ids` and `topk_weights`, but equal ids must
/// have equal weights.
///
/// With `rerouted`, tokens whose `topk_ids` differ are left out, and their
/// number is set: where logits are rounded to few bits, a near tie may fall
/// either way.
llvm::Expected<double> compareResults(llvm::ArrayRef<TensorView> found,
                                      llvm::ArrayRef<TensorView> expected,
                                      double tolerance,
                                      int64_t *rerouted = nullptr);

} // namespace mlir::moe

#endif // MOE_EXECUTE_COMPARISON_H
