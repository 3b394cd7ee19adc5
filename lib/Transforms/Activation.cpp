//===- Activation.cpp - Activations as scalar arithmetic ------------------===//

#include "Activation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <numbers>

using namespace mlir;
using namespace mlir::moe;

namespace {
/// Scalar arithmetic in the type of one value.
class ScalarBuilder {
public:
  ScalarBuilder(ImplicitLocOpBuilder &builder, Type type)
      : builder(builder), type(type) {}

  Value real(double value) {
    return arith::ConstantOp::create(builder,
                                     builder.getFloatAttr(type, value));
  }
  Value add(Value a, Value b) { return arith::AddFOp::create(builder, a, b); }
  Value multiply(Value a, Value b) {
    return arith::MulFOp::create(builder, a, b);
  }
  Value divide(Value a, Value b) {
    return arith::DivFOp::create(builder, a, b);
  }
  /// NaN if one of the two is.
  Value atLeast(Value a, double low) {
    return arith::MaximumFOp::create(builder, a, real(low));
  }
  Value atMost(Value a, double high) {
    return arith::MinimumFOp::create(builder, a, real(high));
  }

  /// Finite for every finite argument.
  Value sigmoid(Value x) {
    Value magnitude = math::AbsFOp::create(builder, x);
    Value e =
        math::ExpOp::create(builder, arith::NegFOp::create(builder, magnitude));
    Value isNegative =
        arith::CmpFOp::create(builder, arith::CmpFPredicate::OLT, x, real(0));
    Value numerator = arith::SelectOp::create(builder, isNegative, e, real(1));
    return divide(numerator, add(e, real(1)));
  }

  Value apply(ActivationAttr activation, Value x) {
    switch (activation.getFn()) {
    case ActivationFn::identity:
      return x;
    case ActivationFn::relu:
      return atLeast(x, 0);
    case ActivationFn::relu_squared: {
      Value positive = atLeast(x, 0);
      return multiply(positive, positive);
    }
    case ActivationFn::gelu_erf: {
      Value erf = math::ErfOp::create(
          builder, multiply(x, real(1 / std::numbers::sqrt2)));
      return multiply(multiply(real(0.5), x), add(erf, real(1)));
    }
    case ActivationFn::gelu_tanh: {
      constexpr double scale =
          2 * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
      Value cube = multiply(multiply(x, x), x);
      Value inner =
          multiply(real(scale), add(x, multiply(real(0.044715), cube)));
      Value tanh = math::TanhOp::create(builder, inner);
      return multiply(multiply(real(0.5), x), add(tanh, real(1)));
    }
    case ActivationFn::silu: {
      FloatAttr alpha = activation.getAlpha();
      return multiply(
          x, sigmoid(alpha ? multiply(x, real(alpha.getValueAsDouble())) : x));
    }
    }
    llvm_unreachable("unknown activation");
  }

private:
  ImplicitLocOpBuilder &builder;
  Type type;
};
} // namespace

Value mlir::moe::buildActivation(ImplicitLocOpBuilder &builder,
                                 ActivationAttr activation, Value u, Value g) {
  ScalarBuilder scalar(builder, u.getType());
  if (FloatAttr limit = activation.getUpLimit()) {
    double bound = limit.getValueAsDouble();
    u = scalar.atMost(scalar.atLeast(u, -bound), bound);
  }
  if (!g)
    return scalar.apply(activation, u);
  if (FloatAttr low = activation.getGateMin())
    g = scalar.atLeast(g, low.getValueAsDouble());
  if (FloatAttr high = activation.getGateMax())
    g = scalar.atMost(g, high.getValueAsDouble());
  if (FloatAttr offset = activation.getUpOffset())
    u = scalar.add(u, scalar.real(offset.getValueAsDouble()));
  return scalar.multiply(scalar.apply(activation, g), u);
}
