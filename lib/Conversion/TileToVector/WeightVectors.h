//===- WeightVectors.h - The weights of a tile, by vectors ------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_WEIGHTVECTORS_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_WEIGHTVECTORS_H

#include "QuantisedVectors.h"
#include "TileLoop.h"

namespace mlir::moe {

/// The weights that give the columns of one tile, decoded as they are read.
class WeightVectors {
public:
  WeightVectors(tile::WeightsOp op, const TileCoords &coords, VectorCode &code);

  /// Whether the two differ in nothing but where they lie.
  static bool canSelect(const WeightVectors &a, const WeightVectors &b);
  /// `a` where the condition is true, else `b`.
  static WeightVectors select(Term condition, const WeightVectors &a,
                              const WeightVectors &b, VectorCode &code);

  bool isOutIn() const { return layout == MatrixLayout::out_in; }

  /// Weights of one column for inputs from `k` on, a multiple of the lanes;
  /// with a count, zero from it on. In the compute type.
  Term alongInputs(Term column, Term k, std::optional<Term> count,
                   VectorCode &code) const;
  /// Weights of one input for columns from `column` on, a multiple of the
  /// lanes.
  Term alongColumns(Term column, Term k, std::optional<Term> count,
                    VectorCode &code) const;

  /// The same, as two bf16 in each lane: inputs 2 lane and 2 lane + 1 from `k`
  /// on, or inputs `k` and `k` + 1 of each column.
  Term pairsAlongInputs(Term column, Term k, std::optional<Term> count,
                        VectorCode &code) const;
  Term pairsAlongColumns(Term column, Term k, std::optional<Term> count,
                         VectorCode &code) const;

  /// Has weights on their way from memory: for out_in weights the cache line
  /// with input `k` of a column, else those with a vector of columns from
  /// `column` on. Quantised weights come without.
  void prefetch(Term column, Term k, VectorCode &code) const;
  /// Inputs of a column in a cache line of out_in weights.
  int64_t getInputsPerLine() const;

  /// Whether the elements in memory are of that type.
  bool areStoredAs(Type element) const {
    return stored && stored->type().getElementType() == element;
  }
  /// Where the weight of one column for one input lies, if not quantised.
  std::pair<Value, SmallVector<Value>> locate(Term column, Term k,
                                              VectorCode &code) const {
    return {stored->buffer, stored->index({getOutput(column, code), k})};
  }

private:
  Term getOutput(Term column, VectorCode &code) const;
  /// `type`'s elements of row `k` of in_out weights, for the columns from
  /// `column` on, as they are stored.
  Term loadRow(Term column, Term k, std::optional<Term> count,
               VectorCode &code) const;
  /// One by one, whatever the encoding.
  Term gather(VectorType type, function_ref<Term(Term lane)> element,
              std::optional<Term> count, VectorCode &code) const;

  /// The output that is the first column of the tile.
  Term first;
  MatrixLayout layout;
  int64_t stride, start;
  /// The weights as they lie in memory, if they are not quantised.
  std::optional<StoredWeights::Slice> stored;
  /// The same if they are quantised, in blocks that vectors can be read from.
  std::optional<QuantisedVectors> quantised;
  WeightReader read;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_WEIGHTVECTORS_H
