//===- LowerExperts.cpp - Loops of the experts' MLPs ----------------------===//

#include "Contraction.h"
#include "Lowerings.h"
#include "WeightReader.h"

#include <numbers>

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Activation
//===----------------------------------------------------------------------===//

static Term emitFunction(Code &code, ActivationAttr activation, Term x) {
  switch (activation.getFn()) {
  case ActivationFn::identity:
    return x;
  case ActivationFn::relu:
    return code.max(x, code.real(0));
  case ActivationFn::relu_squared: {
    Term positive = code.max(x, code.real(0));
    return positive * positive;
  }
  case ActivationFn::gelu_erf:
    return 0.5 * x * (code.erf(x * (1 / std::numbers::sqrt2)) + 1);
  case ActivationFn::gelu_tanh: {
    constexpr double scale = 2 * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    return 0.5 * x * (code.tanh(scale * (x + 0.044715 * (x * x * x))) + 1);
  }
  case ActivationFn::silu: {
    FloatAttr alpha = activation.getAlpha();
    return x * code.sigmoid(alpha ? x * alpha.getValueAsDouble() : x);
  }
  }
  llvm_unreachable("unknown activation");
}

/// The hidden value of gate `g`, which is absent in an ungated expert, and up `u`.
static Term emitActivation(Code &code, ActivationAttr activation, std::optional<Term> g,
                           Term u) {
  if (FloatAttr limit = activation.getUpLimit()) {
    double bound = limit.getValueAsDouble();
    u = code.min(code.max(u, code.real(-bound)), code.real(bound));
  }
  if (!g)
    return emitFunction(code, activation, u);
  if (FloatAttr low = activation.getGateMin())
    g = code.max(*g, code.real(low.getValueAsDouble()));
  if (FloatAttr high = activation.getGateMax())
    g = code.min(*g, code.real(high.getValueAsDouble()));
  if (FloatAttr offset = activation.getUpOffset())
    u = u + offset.getValueAsDouble();
  return emitFunction(code, activation, *g) * u;
}

//===----------------------------------------------------------------------===//
// moe.expert_mlp
//===----------------------------------------------------------------------===//

namespace {
class ExpertMlpEmitter {
public:
  ExpertMlpEmitter(ExpertMlpOp op, Code &code)
      : op(op), code(code), rows(code.buffer(op.getRows())),
        offsets(op.getOffsets() ? code.buffer(op.getOffsets()) : Value()),
        numRows(code.dim(op.getRows(), 0)),
        numExperts(op.getOffsets() ? code.dim(op.getUp(), 0) : code.index(1)) {}

  Value emit() {
    if (!op.getDown()) {
      Value result = allocateResult(innerWidth());
      emitHidden(result);
      copyIdentityRows(result);
      return result;
    }
    Type element = op.getRows().getType().getElementType();
    Value hidden = code.allocate(element, {numRows, innerWidth()});
    emitHidden(hidden);
    unsigned out = op.getDownLayout() == MatrixLayout::out_in ? 2 : 1;
    Value result = allocateResult(matrixDim(op.getDown(), out));
    emitDown(hidden, result);
    copyIdentityRows(result);
    code.deallocate(hidden);
    return result;
  }

private:
  Value allocateResult(Term width) {
    return code.allocate(op.getResult().getType(), {numRows, width});
  }
  /// A dimension of a weight matrix, counted from the last one.
  Term matrixDim(Value weights, unsigned fromEnd) {
    return code.dim(weights, cast<ShapedType>(weights.getType()).getRank() - fromEnd);
  }
  Term innerWidth() {
    Term outputs = matrixDim(op.getUp(), op.getUpLayout() == MatrixLayout::out_in ? 2 : 1);
    return op.isFused() ? outputs / 2 : outputs;
  }

  /// Output indices of gate and up in a fused projection of width 2 F.
  std::pair<Term, Term> fusedOutputs(Term column) {
    Term width = innerWidth();
    switch (op.getGating()) {
    case Gating::gate_first:
      return {column, width + column};
    case Gating::up_first:
      return {width + column, column};
    case Gating::interleaved:
      return {column * 2, column * 2 + 1};
    case Gating::none:
    case Gating::separate:
      break;
    }
    llvm_unreachable("not a fused projection");
  }

  Term addBias(Term sum, Value bias, std::optional<Term> expert, Term output) {
    return bias ? sum + readWeights(bias, expert, code)({output}) : sum;
  }

  void emitHidden(Value hidden) {
    MatrixLayout layout = op.getUpLayout();
    Contraction contraction{rows, offsets, numExperts, code.dim(op.getRows(), 1),
                            innerWidth(), {}};
    Projection up{op.getUp(), layout}, gate{op.getGate(), layout};
    if (op.isFused()) {
      gate.weights = op.getUp();
      gate.output = [&](Term column) { return fusedOutputs(column).first; };
      up.output = [&](Term column) { return fusedOutputs(column).second; };
    }
    contraction.projections = {up};
    if (gate.weights)
      contraction.projections.push_back(gate);
    Value gateBias = op.isFused() ? op.getUpBias() : op.getGateBias();
    emitContraction(code, contraction,
                    [&](std::optional<Term> expert, Term row, Term column,
                        ArrayRef<Term> sums) {
                      Term u = addBias(sums[0], op.getUpBias(), expert, up.output(column));
                      std::optional<Term> g;
                      if (gate.weights)
                        g = addBias(sums[1], gateBias, expert, gate.output(column));
                      code.store(emitActivation(code, op.getActivation(), g, u), hidden,
                                 {row, column});
                    });
  }

  void emitDown(Value hidden, Value result) {
    Contraction contraction{hidden,
                            offsets,
                            numExperts,
                            innerWidth(),
                            code.dim(result, 1),
                            {{op.getDown(), op.getDownLayout()}}};
    emitContraction(code, contraction,
                    [&](std::optional<Term> expert, Term row, Term column,
                        ArrayRef<Term> sums) {
                      code.store(addBias(sums[0], op.getDownBias(), expert, column), result,
                                 {row, column});
                    });
  }

  void copyIdentityRows(Value result) {
    if (op.getIdentityExperts() == 0)
      return;
    Term begin = code.load(offsets, {numExperts});
    Term end = code.load(offsets, {numExperts + double(op.getIdentityExperts())});
    code.parallel(end - begin, [&](Term row) {
      code.forEach(code.dim(op.getRows(), 1), [&](Term column) {
        SmallVector<Term> at = {begin + row, column};
        code.store(code.load(rows, at), result, at);
      });
    });
  }

  ExpertMlpOp op;
  Code &code;
  Value rows, offsets;
  Term numRows, numExperts;
};
} // namespace

Results mlir::moe::lowerToLoops(ExpertMlpOp op, Code &code) {
  Value result = ExpertMlpEmitter(op, code).emit();
  return {code.tensor(result, op.getResult().getType())};
}

//===----------------------------------------------------------------------===//
// moe.dequantize
//===----------------------------------------------------------------------===//

/// Visits every index of a box in parallel over its first dimension.
static void forEachIndex(Code &code, ArrayRef<Term> sizes, SmallVector<Term> &at,
                         function_ref<void()> body) {
  if (at.size() == sizes.size())
    return body();
  auto visit = [&](Term index) {
    at.push_back(index);
    forEachIndex(code, sizes, at, body);
    at.pop_back();
  };
  if (at.empty())
    code.parallel(sizes[0], visit);
  else
    code.forEach(sizes[at.size()], visit);
}

Results mlir::moe::lowerToLoops(DequantizeOp op, Code &code) {
  auto type = op.getWeights().getType();
  SmallVector<Term> sizes, at;
  for (int64_t d = 0; d < type.getRank(); ++d)
    sizes.push_back(code.dim(op.getData(), d));
  if (op.getScheme() == QuantScheme::mxfp4)
    sizes.back() = sizes.back() * 32;
  Value result = code.allocate(type, sizes);
  forEachIndex(code, sizes, at, [&] {
    std::optional<Term> expert;
    ArrayRef<Term> within = at;
    if (type.getRank() > 1) {
      expert = at.front();
      within = within.drop_front();
    }
    code.store(readDequantized(op, expert, code)(within), result, at);
  });
  return {code.tensor(result, type)};
}
