//===- LowerGate.cpp - Loops of moe.gate ----------------------------------===//

#include "../WeightReader.h"
#include "Contraction.h"
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::moe;

/// sqrt(sum v^2) of each of `count` vectors, kept from zero by the op's
/// epsilon.
static Value emitNorms(GateOp op, Code &code, Term count, Term width,
                       function_ref<Term(Term vector, Term element)> read) {
  Value norms = code.allocate(code.realType, {count});
  Term eps = code.real(op.getNormEps().convertToDouble());
  code.parallel(count, [&](Term vector) {
    Term sum = code.fold(width, code.real(0), [&](Term element, Term sum) {
      Term value = read(vector, element);
      return code.fma(value, value, sum);
    });
    if (op.getNormEpsMode() == EpsMode::add)
      sum = sum + eps;
    Term norm = code.sqrt(sum);
    if (op.getNormEpsMode() == EpsMode::clamp)
      norm = code.max(norm, eps);
    code.store(norm, norms, {vector});
  });
  return norms;
}

namespace {
class GateEmitter {
public:
  GateEmitter(GateOp op, Code &code)
      : op(op), code(code), x(code.buffer(op.getX())),
        weight(code.buffer(op.getWeight())),
        scale(op.getScale() ? code.buffer(op.getScale()) : Value()),
        bias(op.getBias() ? code.buffer(op.getBias()) : Value()),
        numTokens(code.dim(op.getX(), 0)), width(code.dim(op.getX(), 1)),
        numExperts(code.dim(op.getWeight(),
                            op.getLayout() == MatrixLayout::out_in ? 0 : 1)),
        logits(
            code.allocate(op.getLogits().getType(), {numTokens, numExperts})) {}

  Value emit() {
    switch (op.getKind()) {
    case GateKind::linear:
      emitProducts([&](Term, Term, Term product) { return product; });
      break;
    case GateKind::cosine:
      emitCosines();
      break;
    case GateKind::distance:
      emitDistances();
      break;
    }
    return logits;
  }

private:
  Term readWeight(Term expert, Term element) {
    return op.getLayout() == MatrixLayout::out_in
               ? code.load(weight, {expert, element})
               : code.load(weight, {element, expert});
  }

  /// Scale, bias and cap of a comparison, in this order.
  void finish(Term logit, Term token, Term expert) {
    if (scale)
      logit = logit * code.load(scale, {});
    if (bias)
      logit = logit + code.load(bias, {expert});
    if (auto cap = op.getSoftcap())
      logit =
          code.tanh(logit / cap->convertToDouble()) * cap->convertToDouble();
    code.store(logit, logits, {token, expert});
  }

  void
  emitProducts(function_ref<Term(Term token, Term expert, Term product)> map) {
    Contraction contraction{.input = x,
                            .numExperts = code.index(1),
                            .depth = width,
                            .columns = numExperts,
                            .projections = {{op.getWeight(), op.getLayout()}}};
    emitContraction(
        code, contraction,
        [&](std::optional<Term>, Term token, Term expert, ArrayRef<Term> sums) {
          finish(map(token, expert, sums[0]), token, expert);
        });
  }

  void emitCosines() {
    Value tokenNorms =
        emitNorms(op, code, numTokens, width, [&](Term token, Term element) {
          return code.load(x, {token, element});
        });
    Value expertNorms =
        emitNorms(op, code, numExperts, width, [&](Term expert, Term element) {
          return readWeight(expert, element);
        });
    emitProducts([&](Term token, Term expert, Term product) {
      return product / (code.load(tokenNorms, {token}) *
                        code.load(expertNorms, {expert}));
    });
  }

  void emitDistances() {
    code.parallel(numTokens, [&](Term token) {
      code.forEach(numExperts, [&](Term expert) {
        Term sum = code.fold(width, code.real(0), [&](Term element, Term sum) {
          Term gap =
              code.load(x, {token, element}) - readWeight(expert, element);
          return code.fma(gap, gap, sum);
        });
        finish(-sum, token, expert);
      });
    });
  }

  GateOp op;
  Code &code;
  Value x, weight, scale, bias;
  Term numTokens, width, numExperts;
  Value logits;
};
} // namespace

Results mlir::moe::lowerToLoops(GateOp op, Code &code) {
  return {code.tensor(GateEmitter(op, code).emit(), op.getLogits().getType())};
}
