//===- ReadLayer.cpp - From a config and a model to a LayerSpec -----------===//

#include "ConfigReader.h"
#include "MoELayers.h"
#include "ReadQuantization.h"
#include "moe/Import/Import.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir::moe;

// Bounds that no model comes near, so that sizes of tensors cannot overflow.
static constexpr int64_t mostWidth = int64_t(1) << 20;
static constexpr int64_t mostExperts = int64_t(1) << 16;

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

std::string mlir::moe::listModelTypes() {
  SmallVector<StringRef> types;
  for (const Model &model : getModels())
    for (StringRef type : {model.type, model.wrapper})
      if (!type.empty())
        types.push_back(type);
  sort(types);
  return join(types, ", ");
}

/// What `model_type` says, or the architecture where that is missing.
static std::string readModelType(ConfigReader &reader,
                                 const json::Object &config) {
  if (!reader.find("model_type"))
    if (const json::Array *names = config.getArray("architectures"))
      for (const Model &model : getModels())
        if (!model.architecture.empty() &&
            is_contained(*names, json::Value(model.architecture)))
          return model.type.str();
  return reader.readString({"model_type"});
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

/// The type that a string of a config names, or fails with the name of the
/// field.
static DataType readType(ConfigReader &reader, const Field<StringRef> &field) {
  std::string name = reader.readString(field);
  auto type =
      StringSwitch<std::optional<DataType>>(StringRef(name).ltrim("torch."))
          .Cases({"bfloat16", "bf16"}, DataType::BF16)
          .Cases({"float16", "half"}, DataType::F16)
          .Cases({"float32", "float"}, DataType::F32)
          .Default(std::nullopt);
  if (!type)
    reader.failField(field.names, "bfloat16, float16 or float32");
  return type.value_or(DataType::BF16);
}

static double getEpsilon(DataType type) {
  switch (type) {
  case DataType::F16:
    return 0x1p-10;
  case DataType::F32:
    return 0x1p-23;
  default:
    return 0x1p-7;
  }
}

//===----------------------------------------------------------------------===//
// Parts of the layer
//===----------------------------------------------------------------------===//

static std::optional<GroupLimit> readGroups(ConfigReader &reader,
                                            const RouterModel &model,
                                            const LayerSpec &spec) {
  std::string method = reader.readString(model.groupMethod);
  if (method != "greedy" && method != "group_limited_greedy")
    reader.failField(model.groupMethod.names, "greedy or group_limited_greedy");
  if (method == "greedy" || model.groups.names.empty())
    return std::nullopt;
  GroupLimit limit;
  limit.count = reader.readInteger(model.groups, 1, spec.experts);
  limit.keep = reader.readInteger(model.keptGroups, 1, limit.count);
  limit.rankBy = model.groupRank;
  limit.top = model.groupTop;
  limit.fill = model.groupFill;
  if (reader.failed() || limit.keep == limit.count)
    return std::nullopt;
  int64_t size = spec.experts / limit.count;
  if (spec.experts % limit.count || size < limit.top)
    reader.failField(model.groups.names,
                     "a divisor of " + Twine(spec.experts) +
                         " experts with groups of at least " +
                         Twine(limit.top));
  if (spec.topK > limit.keep * size)
    reader.failField(model.keptGroups.names, "groups with at least the " +
                                                 Twine(spec.topK) +
                                                 " experts of a token");
  return limit;
}

static RouterSpec readRouter(ConfigReader &reader, const RouterModel &model,
                             const LayerSpec &spec) {
  auto type = [&](Precision precision) {
    return precision == Precision::f32 ? DataType::F32 : spec.dtype;
  };
  RouterSpec router;
  router.order = model.order;
  router.score = model.score;
  router.logits = model.logitsType.names.empty()
                      ? type(model.logits)
                      : readType(reader, model.logitsType);
  router.scores = type(model.scores);
  router.weights = type(model.weights);
  router.gateBias = reader.readFlag(model.gateBias);
  router.choiceBias = model.choiceBias;
  router.groups = readGroups(reader, model, spec);
  if (reader.readFlag(model.normalize))
    router.normOrder = reader.readOptionalNumber(model.normOrder);
  if (router.normOrder == 0.0)
    reader.failField(model.normOrder.names, "a positive number");
  if (router.normOrder) {
    router.normEps = model.normEpsOfType ? getEpsilon(router.scores)
                                         : reader.readNumber(model.normEps);
    router.normEpsMode = router.normEps ? model.normEpsMode : EpsMode::none;
  }
  router.scale = reader.readNumber(model.scale);
  router.relativeGap = 2 * reader.readNumber(model.halfGap);
  router.scaledInput = model.scaledInput;
  return router;
}

static CapacitySpec readCapacity(ConfigReader &reader,
                                 const CapacityModel &model) {
  CapacitySpec capacity;
  if (double fraction = reader.readNumber(model.fraction))
    capacity.fraction = fraction;
  else if (const json::Value *value = reader.find(model.slots.names);
           !value || value->kind() != json::Value::Null)
    capacity.slots = reader.readInteger(model.slots, 1, INT32_MAX);
  capacity.byPriority = reader.readFlag(model.byPriority);
  capacity.normalizeDropped = reader.readFlag(model.normalizeDropped);
  return capacity;
}

static ActivationSpec readActivation(ConfigReader &reader,
                                     const ActivationModel &model) {
  std::string name = reader.readString(model.fn);
  auto fn =
      StringSwitch<std::optional<ActivationFn>>(name)
          .Cases({"silu", "swish"}, ActivationFn::silu)
          .Case("relu", ActivationFn::relu)
          .Case("relu2", ActivationFn::relu_squared)
          .Case("gelu", ActivationFn::gelu_erf)
          .Cases({"gelu_new", "gelu_pytorch_tanh"}, ActivationFn::gelu_tanh)
          .Case("linear", ActivationFn::identity)
          .Default(std::nullopt);
  if (!fn)
    reader.failField(model.fn.names, "gelu, gelu_new, gelu_pytorch_tanh, "
                                     "linear, relu, relu2, silu or swish");
  ActivationSpec activation;
  activation.fn = fn.value_or(ActivationFn::silu);
  if (model.alpha.fallback)
    activation.alpha = reader.readNumber(model.alpha);
  if (model.limit.fallback)
    activation.gateMax = activation.upLimit = reader.readNumber(model.limit);
  if (model.offset.fallback)
    activation.upOffset = reader.readNumber(model.offset);
  return activation;
}

static std::optional<SharedSpec> readShared(ConfigReader &reader,
                                            const SharedModel &model) {
  if (model.width.names.empty())
    return std::nullopt;
  const json::Value *count = reader.find(model.count.names);
  bool isNull = count && count->kind() == json::Value::Null;
  int64_t number = isNull ? 0 : reader.readInteger(model.count, 0, 1024);
  if (!number)
    return std::nullopt;
  return SharedSpec{number * reader.readInteger(model.width, 1, mostWidth),
                    model.gated, reader.readFlag(model.bias)};
}

//===----------------------------------------------------------------------===//
// The layer
//===----------------------------------------------------------------------===//

static LayerSpec readLayer(ConfigReader &reader, const Model &model,
                           const ImportOptions &options) {
  LayerSpec spec;
  spec.modelType = model.type;
  spec.layer = MoELayers(reader, model).choose(reader, options.layer);
  reader.setLayer(spec.layer);

  spec.hidden = reader.readInteger(model.hidden, 1, mostWidth);
  spec.experts = reader.readInteger(model.experts, 1, mostExperts);
  spec.topK = reader.readInteger(model.topK, 1, mostExperts);
  spec.inner = reader.readInteger(model.inner, 1, mostWidth);
  if (!reader.failed() && spec.topK > spec.experts)
    reader.failField(model.topK.names,
                     "at most the number of experts, " + Twine(spec.experts));

  constexpr Field<StringRef> published = {"dtype|torch_dtype", "bfloat16"};
  spec.dtype = options.dtype ? *options.dtype : readType(reader, published);
  spec.routerWeight =
      model.router.stored == Precision::f32 ? DataType::F32 : spec.dtype;
  spec.router = readRouter(reader, model.router, spec);
  if (model.capacity)
    spec.capacity = readCapacity(reader, *model.capacity);
  spec.activation = readActivation(reader, model.activation);
  spec.gated = model.activation.gated;
  spec.weightOnInput = model.weightOnInput;
  spec.outputScale = 1 - reader.readNumber(model.dropped);
  if (spec.outputScale < 0)
    reader.failField(model.dropped.names, "a number from 0 to 1");
  spec.accumulate = model.accumulate;
  spec.combineOrder = model.combineOrder;
  spec.shared = readShared(reader, model.shared);
  spec.quantization = readQuantization(reader, model);
  if (spec.quantization && !spec.quantization->scaleType)
    spec.quantization->scaleType = readType(reader, published);
  spec.normEps = reader.readNumber(model.normEps);
  for (const Requirement &requirement : model.requirements)
    reader.check(requirement);

  if (spec.quantization)
    checkQuantization(reader, model, spec);
  auto isQuantized = [&](QuantScheme scheme) {
    return spec.quantization && spec.quantization->scheme == scheme;
  };
  bool isMxfp4 = isQuantized(QuantScheme::mxfp4);
  bool hasOneForm = isMxfp4 || isQuantized(QuantScheme::int4);
  spec.published = isMxfp4 ? model.mxfp4 : model.published;
  spec.fused =
      hasOneForm || model.fused.router.empty() ? spec.published : model.fused;
  spec.extra = model.extra;
  return spec;
}

/// The object that describes the language model: `text_config` of a wrapper
/// inherits the element type and the quantisation of the whole.
static json::Object unwrap(const json::Object &config) {
  json::Object text = *config.getObject("text_config");
  for (StringRef name : {"dtype", "torch_dtype", "quantization_config"})
    if (const json::Value *value = config.get(name))
      text.try_emplace(name, *value);
  return text;
}

Expected<LayerSpec> mlir::moe::readLayerSpec(StringRef text, StringRef name,
                                             const ImportOptions &options) {
  auto makeError = [&](const Twine &message) {
    return createStringError(name + ": " + message);
  };
  Expected<json::Object> parsed = parseConfig(text);
  if (!parsed)
    return makeError(toString(parsed.takeError()));
  ConfigReader top(*parsed);
  std::string type = readModelType(top, *parsed);
  if (top.failed())
    return makeError(top.getMessage());

  const Model *model = find_if(getModels(), [&](const Model &candidate) {
    return type == candidate.type || type == candidate.wrapper;
  });
  if (model == getModels().end())
    top.failField("model_type", "one of " + listModelTypes());
  if (top.failed())
    return makeError(top.getMessage());
  json::Object config = std::move(*parsed);
  if (type == model->wrapper) {
    if (!config.getObject("text_config"))
      return makeError("field text_config is missing");
    config = unwrap(config);
  }
  ConfigReader reader(config);
  LayerSpec spec = readLayer(reader, *model, options);
  if (reader.failed())
    return makeError(reader.getMessage());
  return spec;
}
