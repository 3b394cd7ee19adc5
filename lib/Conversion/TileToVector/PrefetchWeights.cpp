//===- PrefetchWeights.cpp - Weights on their way from memory -------------===//
//
// A processor finds out by itself where a loop reads on, but not beyond the end
// of a page or of the columns that are read at once, and one that computes
// leaves the memory idle. So what a loop reads is followed by what the next one
// will.
//
//===----------------------------------------------------------------------===//

#include "WeightVectors.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr int64_t lineBits = 8 * 64;

int64_t WeightVectors::getInputsPerLine() const {
  if (!stored)
    return 1;
  return lineBits / stored->type().getElementTypeBitWidth();
}

void WeightVectors::prefetch(Term column, Term k, VectorCode &code) const {
  if (!stored)
    return;
  Term output = getOutput(column, code);
  if (isOutIn()) {
    code.prefetch(stored->buffer, stored->index({output, k}));
    return;
  }
  for (int64_t vector = 0; vector < stride; ++vector) {
    Term at = output + static_cast<double>(vector * code.lanes);
    code.prefetch(stored->buffer, stored->index({k, at}));
  }
}
