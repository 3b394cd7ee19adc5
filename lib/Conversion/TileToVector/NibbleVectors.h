//===- NibbleVectors.h - Codes of four bits, by vectors ---------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_NIBBLEVECTORS_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_NIBBLEVECTORS_H

#include "../VectorCode.h"
#include "../WeightReader.h"

namespace mlir::moe {

/// Whether loadNibbles can read from multiples of the lanes behind `start` on.
bool canLoadNibbles(const StoredWeights::Slice &words, Packing packing,
                    int64_t start, VectorCode &code);

/// The codes of `row` from `at` on, as i32: what readNibble gives for each
/// lane. With a count, nothing is read for those from it on.
Term loadNibbles(const StoredWeights::Slice &words, Packing packing, Term row,
                 Term at, std::optional<Term> count, VectorCode &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_NIBBLEVECTORS_H
