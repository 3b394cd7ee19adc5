//===- BuildRouter.cpp - From tokens to experts and weights ---------------===//

#include "Elementwise.h"
#include "LayerBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace mlir::moe;

RoutingValues LayerBuilder::buildRouter(Value x) {
  const RouterSpec &router = spec.router;
  Value logits = buildLogits(router.scaledInput ? buildScaledInput(x) : x);
  RoutingValues routing;
  switch (router.order) {
  case RoutingOrder::ScoreThenChoose:
    routing = chooseByScore(logits);
    break;
  case RoutingOrder::ChooseThenScore:
    routing = scoreChosen(logits);
    break;
  case RoutingOrder::Sequential: {
    auto chosen = SequentialTopKOp::create(b, logits, spec.topK,
                                           llvm::APFloat(router.relativeGap));
    routing = {chosen.getIndices(), chosen.getWeights()};
    break;
  }
  }
  if (router.scaledInput)
    routing.weights = scaleByExpert(routing);
  routing.weights = convert(routing.weights, router.weights);
  return routing;
}

Value LayerBuilder::buildLogits(Value x) {
  Value weight =
      addWeight(form.router, {spec.experts, spec.hidden}, spec.routerWeight);
  Value bias;
  if (spec.router.gateBias)
    bias = addWeight(form.routerBias, {spec.experts}, spec.routerWeight);
  return GateOp::create(b, getRows(spec.experts, spec.router.logits),
                        GateKind::linear, x, weight, bias, /*scale=*/Value(),
                        MatrixLayout::out_in, /*softcap=*/FloatAttr(),
                        llvm::APFloat(0.0), EpsMode::none);
}

RoutingValues LayerBuilder::chooseByScore(Value logits) {
  const RouterSpec &router = spec.router;
  Value scores = ScoreOp::create(b, getRows(spec.experts, router.scores),
                                 router.score, logits);
  Value keys = scores;
  Value bias = router.choiceBias ? addChoiceBias() : Value();
  if (const std::optional<GroupLimit> &groups = router.groups) {
    keys = LimitGroupsOp::create(b, groups->rankBy, scores, bias, groups->count,
                                 groups->keep, groups->top, groups->fill);
    // The limited keys contain the bias.
    bias = Value();
    // Without a bias the weights are those of the limited scores.
    if (!router.choiceBias)
      scores = keys;
  }
  RoutingValues routing;
  routing.ids = TopKOp::create(b, keys, bias, /*except=*/Value(), spec.topK);
  if (spec.capacity) {
    dropOverCapacity(routing, scores);
    return routing;
  }
  routing.weights = normalize(GatherWeightsOp::create(b, scores, routing.ids));
  return routing;
}

RoutingValues LayerBuilder::scoreChosen(Value logits) {
  Value ids = TopKOp::create(b, logits, /*bias=*/Value(),
                             /*except=*/Value(), spec.topK);
  Value chosen = GatherWeightsOp::create(b, logits, ids);
  Value scores = ScoreOp::create(b, getRows(spec.topK, spec.router.scores),
                                 spec.router.score, chosen);
  return {ids, normalize(scores)};
}

Value LayerBuilder::addChoiceBias() {
  SmallVector<int64_t> shape = {spec.experts};
  if (spec.extra.choiceBiasRow)
    shape.insert(shape.begin(), 1);
  Value bias = addWeight(form.choiceBias, shape, DataType::F32);
  if (spec.extra.choiceBiasRow) {
    ReassociationIndices both = {0, 1};
    bias = tensor::CollapseShapeOp::create(
        b, bias, ArrayRef<ReassociationIndices>(both));
  }
  return bias;
}

Value LayerBuilder::normalize(Value weights) {
  const RouterSpec &router = spec.router;
  if (!router.normOrder && router.scale == 1)
    return weights;
  FloatAttr order =
      router.normOrder ? b.getF64FloatAttr(*router.normOrder) : FloatAttr();
  return NormalizeWeightsOp::create(
      b, weights, order, llvm::APFloat(router.normEps), router.normEpsMode,
      llvm::APFloat(router.scale));
}

Value LayerBuilder::convert(Value weights, DataType type) {
  auto from = cast<RankedTensorType>(weights.getType());
  return convertFloat(b, weights, from.clone(getType(type)));
}

//===----------------------------------------------------------------------===//
// Capacity
//===----------------------------------------------------------------------===//

Value LayerBuilder::buildCapacity() {
  const CapacitySpec &capacity = *spec.capacity;
  if (capacity.slots)
    return arith::ConstantIndexOp::create(b, *capacity.slots);
  Value tokens = tensor::DimOp::create(b, hiddenStates, 0);
  CapacityRule rule = capacity.fraction ? CapacityRule::fraction
                                        : CapacityRule::ceil_div_then_mul;
  return CapacityOp::create(b, rule, tokens, /*counts=*/Value(), spec.experts,
                            llvm::APFloat(capacity.fraction.value_or(2.0)),
                            /*choices=*/1,
                            /*multiplier=*/1, Arithmetic::f64, Rounding::ceil);
}

/// Replaces choices whose expert is full by -1, and weighs the others.
void LayerBuilder::dropOverCapacity(RoutingValues &routing, Value scores) {
  const CapacitySpec &capacity = *spec.capacity;
  Value chosen = GatherWeightsOp::create(b, scores, routing.ids);
  Value priority;
  if (capacity.byPriority) {
    auto type = cast<RankedTensorType>(chosen.getType());
    OpFoldResult tokens =
        type.isDynamicDim(0)
            ? OpFoldResult(Value(tensor::DimOp::create(b, chosen, 0)))
            : OpFoldResult(b.getIndexAttr(type.getDimSize(0)));
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    auto column =
        RankedTensorType::get({type.getDimSize(0)}, type.getElementType());
    priority = tensor::ExtractSliceOp::create(b, column, chosen, {zero, zero},
                                              {tokens, one}, {one, one});
  }
  auto slots = AssignSlotsOp::create(
      b, SlotOrder::k_major, routing.ids, buildCapacity(), priority,
      /*random=*/Value(), spec.experts, Overflow::drop,
      /*groups=*/1, /*unselected_priority=*/FloatAttr());
  routing.ids = slots.getKept();
  if (!capacity.normalizeDropped) {
    routing.weights =
        normalize(GatherWeightsOp::create(b, scores, routing.ids));
    return;
  }
  Value weights = normalize(chosen);
  auto type = cast<RankedTensorType>(weights.getType());
  routing.weights = buildElementwise(
      b, type, weights, {{weights}, {routing.ids}},
      [](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value none =
            arith::ConstantOp::create(inner, inner.getI32IntegerAttr(0));
        Value isDropped =
            arith::CmpIOp::create(inner, arith::CmpIPredicate::slt, v[1], none);
        Value zero = arith::ConstantOp::create(inner, inner.getF32FloatAttr(0));
        return arith::SelectOp::create(inner, isDropped, zero, v[0]);
      });
}

//===----------------------------------------------------------------------===//
// Norms and scales
//===----------------------------------------------------------------------===//

Value LayerBuilder::buildRmsNorm(Value x, Value weight) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<Input> inputs = {{x}, {buildSumOfSquares(b, x), Indexing::row}};
  if (weight)
    inputs.push_back({weight, Indexing::column});
  return buildElementwise(
      b, type, x, inputs,
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        auto constant = [&](double value) {
          return arith::ConstantOp::create(inner, inner.getF32FloatAttr(value));
        };
        Value mean = arith::DivFOp::create(inner, v[1], constant(spec.hidden));
        Value sum = arith::AddFOp::create(inner, mean, constant(spec.normEps));
        Value result = arith::MulFOp::create(inner, v[0],
                                             math::RsqrtOp::create(inner, sum));
        return weight ? arith::MulFOp::create(inner, result, v[2]).getResult()
                      : result;
      });
}

/// The router's input: normalised, times a weight, times 1 / sqrt(width), each
/// rounded.
Value LayerBuilder::buildScaledInput(Value x) {
  Value norm = buildRmsNorm(x, Value());
  Value scale = addWeight(spec.extra.routerScale, {spec.hidden}, spec.dtype);
  auto type = cast<RankedTensorType>(x.getType());
  Value scaled =
      buildElementwise(b, type, norm, {{norm}, {scale, Indexing::column}},
                       [](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
                         return arith::MulFOp::create(inner, v[0], v[1]);
                       });
  return buildElementwise(
      b, type, scaled, {{scaled}},
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        FloatAttr factor =
            inner.getF32FloatAttr(1 / std::sqrt(double(spec.hidden)));
        return arith::MulFOp::create(inner, v[0],
                                     arith::ConstantOp::create(inner, factor));
      });
}

/// Each weight times the factor of its expert.
Value LayerBuilder::scaleByExpert(const RoutingValues &routing) {
  Value factors = addWeight(spec.extra.expertScale, {spec.experts}, spec.dtype);
  auto type = cast<RankedTensorType>(routing.weights.getType());
  return buildElementwise(
      b, type, routing.weights, {{routing.weights}, {routing.ids}},
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value expert =
            arith::IndexCastOp::create(inner, inner.getIndexType(), v[1]);
        Value factor = tensor::ExtractOp::create(inner, factors, expert);
        return arith::MulFOp::create(
            inner, v[0], convertFloat(inner, factor, inner.getF32Type()));
      });
}
