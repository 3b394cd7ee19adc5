//===- QuantisedVectors.h - Quantised weights, by vectors -------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_QUANTISEDVECTORS_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_QUANTISEDVECTORS_H

#include "../VectorCode.h"
#include "../WeightReader.h"

namespace mlir::moe {

/// The quantised weights of one expert, decoded by vectors of elements that
/// follow each other in memory: exactly what readWeights gives for each.
class QuantisedVectors {
public:
  /// Nothing if blocks or shared words lie across the vectors that begin at
  /// multiples of the lanes behind `start`.
  static std::optional<QuantisedVectors> get(const WeightOperand &operand,
                                             std::optional<Term> expert,
                                             int64_t start, VectorCode &code);

  /// The elements of `row` from `at` on, a multiple of the lanes behind
  /// `start`; with a count, zero from it on.
  Term load(Term row, Term at, std::optional<Term> count,
            VectorCode &code) const;

private:
  QuantisedVectors(const WeightOperand &operand, std::optional<Term> expert,
                   VectorCode &code);

  Term loadBlock(Term row, Term at, std::optional<Term> count,
                 VectorCode &code) const;
  Term loadScales(Term row, Term at, std::optional<Term> count,
                  VectorCode &code) const;
  Term loadMxfp4(Term row, Term at, std::optional<Term> count,
                 VectorCode &code) const;
  Term loadInt4(Term row, Term at, std::optional<Term> count,
                VectorCode &code) const;
  Term loadZeroPoints(Term row, Term at, std::optional<Term> count,
                      VectorCode &code) const;

  Quantisation quantisation;
  StoredWeights::Slice data, scales;
  std::optional<StoredWeights::Slice> zeroPoints;
  /// Rows and elements of a row that share a scale.
  int64_t blockRows, blockSize;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_QUANTISEDVECTORS_H
