//===- DecodeVectors.h - Narrow numbers as floats, by vectors ---*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETOVECTOR_DECODEVECTORS_H
#define MOE_LIB_CONVERSION_TILETOVECTOR_DECODEVECTORS_H

#include "../VectorCode.h"

namespace mlir::moe {

/// The numbers that bytes stand for in `format`, which is i8, f8E4M3FN or
/// f8E5M2, as f32.
Term decodeBytes(Term bytes, Type format, VectorCode &code);

/// Twice the numbers of type e2m1 that bytes hold, two in each with the low
/// nibble first, as f32: these are whole numbers.
Term decodeNibbles(Term bytes, VectorCode &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETOVECTOR_DECODEVECTORS_H
