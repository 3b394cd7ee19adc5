//===- MathPolynomials.h - Functions as polynomials -------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MATHPOLYNOMIALS_H
#define MOE_LIB_CONVERSION_MATHPOLYNOMIALS_H

#include "Code.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::moe {

/// Whether the patterns of populateMathPolynomials compute `op`.
bool hasMathPolynomial(Operation *op);

/// exp, tanh and erf of f32, a number or a vector, to a few units in the last
/// place.
void populateMathPolynomials(RewritePatternSet &patterns);

// Functions of numbers of type f64, to a few units in the last place.
Term expandExp(Term x);
/// -infinity at zero, NaN below.
Term expandLog(Term x);
/// log(1 + x), to full precision near 0.
Term expandLog1p(Term x);
Term expandTanh(Term x);
/// x to the power y. The error grows with the logarithm of the result.
Term expandPower(Term x, Term y);
/// Of an angle whose multiples of pi / 2 fit in 31 bits.
Term expandSin(Term x);
Term expandCos(Term x);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MATHPOLYNOMIALS_H
