//===- VectorCode.h - Formulas on vectors -----------------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_VECTORCODE_H
#define MOE_LIB_CONVERSION_VECTORCODE_H

#include "Code.h"

namespace mlir::moe {

/// Code on vectors of `lanes` elements of the compute type.
/// Where one Code is made of another, both write at the same place.
class VectorCode : public Code {
public:
  VectorCode(OpBuilder &builder, Location loc, FloatType real, int64_t lanes)
      : Code(builder, loc, real), lanes(lanes) {}

  /// For ops whose time is that of memory, on rows like those of `matrix`: of
  /// the width of the longest vectors. Each of many threads takes as much as it
  /// can load at once, if such vectors divide the row.
  VectorCode(Code &code, ShapedType matrix);

  const int64_t lanes;

  VectorType vectorOf(Type element) const {
    return VectorType::get({lanes}, element);
  }
  VectorType vectorType() const { return vectorOf(realType); }

  Term broadcast(Term scalar) { return broadcast(scalar, vectorType()); }
  Term broadcast(Term scalar, VectorType type);

  /// As many elements as `type` has, from `at` on along the last dimension.
  /// With a count, elements from it on are zero and not read.
  Term loadVector(VectorType type, Value buffer, ArrayRef<Value> at,
                  std::optional<Term> count = std::nullopt);
  /// With a count, elements from it on are not written.
  void storeVector(Term vector, Value buffer, ArrayRef<Value> at,
                   std::optional<Term> count = std::nullopt);

  /// Has the cache line of an element on its way to the second cache: the first
  /// one is too small for what is not needed at once.
  void prefetch(Value buffer, ArrayRef<Value> at);

  /// loadVector and storeVector of `lanes` floats of any type, converted to and
  /// from the compute type.
  Term loadFloats(Value buffer, ArrayRef<Value> at,
                  std::optional<Term> count = std::nullopt);
  void storeFloats(Term vector, Value buffer, ArrayRef<Value> at,
                   std::optional<Term> count = std::nullopt);

  /// The nearest values of `element`, in the compute type.
  Term roundVector(Type element, Term vector) {
    return term(convert(convert(vector, vectorOf(element)), vectorType()));
  }

  /// Calls `body` for vectors of `width` columns: full ones, then one with the
  /// count of its columns that are left. Columns write disjoint memory.
  void
  forColumns(Term width,
             function_ref<void(Term column, std::optional<Term> count)> body);

  Term bitcast(Term vector, VectorType type);
  /// Elements of `a` and `b` put behind each other, at these positions.
  Term shuffle(Term a, Term b, ArrayRef<int64_t> positions);
  /// Elements `begin` to `begin + size`.
  Term slice(Term vector, int64_t begin, int64_t size);

  /// The largest element, NaN if one is NaN, and the sum of the elements.
  Term reduceMax(Term vector);
  Term reduceSum(Term vector);

  /// As many vectors as each has lanes: result j holds element j of each.
  SmallVector<Term> transpose(SmallVector<Term> vectors);
  /// Element j of the result is the sum of the elements of vector j; there are
  /// at most as many vectors as lanes.
  Term sumEach(SmallVector<Term> vectors);
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_VECTORCODE_H
