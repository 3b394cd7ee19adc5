//===- BuildExperts.cpp - Dispatch, experts, combine, shared expert -------===//

#include "LayerBuilder.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::moe;

ActivationAttr LayerBuilder::getActivation() {
  const ActivationSpec &activation = spec.activation;
  auto number = [&](std::optional<double> value) {
    return value ? b.getF64FloatAttr(*value) : FloatAttr();
  };
  return ActivationAttr::get(
      b.getContext(), activation.fn, number(activation.alpha),
      /*gate_min=*/FloatAttr(), number(activation.gateMax),
      number(activation.upLimit), number(activation.upOffset));
}

Value LayerBuilder::buildExpertMlp(Value rows, Value offsets) {
  const ExpertTensors &tensors = form.experts;
  bool isFused =
      tensors.gating != Gating::none && tensors.gating != Gating::separate;
  int64_t upWidth = isFused ? 2 * spec.inner : spec.inner;
  auto matrix = [&](StringRef name, MatrixLayout layout, int64_t out,
                    int64_t in) {
    if (layout == MatrixLayout::in_out)
      std::swap(out, in);
    return addMatrix(name, out, in, /*perExpert=*/true);
  };
  MatrixLayout upLayout = getStoredLayout(tensors.up, tensors.upLayout);
  MatrixLayout downLayout = getStoredLayout(tensors.down, tensors.downLayout);
  Value gate;
  if (!tensors.gate.empty())
    gate = matrix(tensors.gate, upLayout, upWidth, spec.hidden);
  Value up = matrix(tensors.up, upLayout, upWidth, spec.hidden);
  Value upBias;
  auto bias = [&](StringRef name, int64_t width) {
    SmallVector<int64_t> shape = {spec.experts, width};
    return name.empty() ? Value() : addWeight(name, shape, spec.dtype);
  };
  upBias = bias(tensors.upBias, upWidth);
  Value down = matrix(tensors.down, downLayout, spec.hidden, spec.inner);
  Value downBias = bias(tensors.downBias, spec.hidden);
  return ExpertMlpOp::create(b, rows.getType(), tensors.gating, rows, offsets,
                             up, gate, down, upBias, /*gate_bias=*/Value(),
                             downBias, getActivation(), upLayout, downLayout);
}

Value LayerBuilder::buildExperts(Value x, const RoutingValues &routing) {
  auto ids = [&](ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, b.getI32Type());
  };
  auto grouped = GroupByExpertOp::create(
      b, ids({spec.experts + 1}), ids({ShapedType::kDynamic}),
      routing.ids.getType(), routing.ids, /*slots=*/Value(),
      /*capacity=*/Value(), spec.experts);
  Value positions = grouped.getPositions();
  auto rowsType = RankedTensorType::get({ShapedType::kDynamic, spec.hidden},
                                        getType(spec.dtype));
  Value onInput = spec.weightOnInput ? routing.weights : Value();
  Value rows = DispatchOp::create(b, rowsType, x, grouped.getSources(), onInput,
                                  onInput ? positions : Value());
  Value results = buildExpertMlp(rows, grouped.getOffsets());

  Value weights = spec.weightOnInput ? Value() : routing.weights;
  if (spec.outputScale != 1)
    weights = NormalizeWeightsOp::create(b, weights, /*order=*/FloatAttr(),
                                         llvm::APFloat(0.0), EpsMode::none,
                                         llvm::APFloat(spec.outputScale));
  return CombineOp::create(b, hiddenStates.getType(), results, positions,
                           weights, spec.accumulate, spec.combineOrder);
}

Value LayerBuilder::buildShared(Value x) {
  std::string prefix = spec.extra.shared.str();
  int64_t width = spec.shared->width;
  auto getName = [&](StringRef name) {
    return prefix + name.str() + ".weight";
  };
  auto getLayout = [&](StringRef name) {
    return getStoredLayout(getName(name), MatrixLayout::out_in);
  };
  auto matrix = [&](StringRef name, int64_t out, int64_t in) {
    if (getLayout(name) == MatrixLayout::in_out)
      std::swap(out, in);
    return addMatrix(getName(name), out, in, /*perExpert=*/false);
  };
  auto bias = [&](StringRef name, int64_t out) {
    std::string full = prefix + name.str() + ".bias";
    return spec.shared->bias ? addWeight(full, {out}, spec.dtype) : Value();
  };
  Value gate = matrix("gate_proj", width, spec.hidden);
  Value gateBias = bias("gate_proj", width);
  Value up = matrix("up_proj", width, spec.hidden);
  Value upBias = bias("up_proj", width);
  Value down = matrix("down_proj", spec.hidden, width);
  Value downBias = bias("down_proj", spec.hidden);
  return ExpertMlpOp::create(b, x.getType(), Gating::separate, x,
                             /*offsets=*/Value(), up, gate, down, upBias,
                             gateBias, downBias, getActivation(),
                             getLayout("up_proj"), getLayout("down_proj"));
}
