//===- ReadQuantization.cpp - How weights are quantised -------------------===//

#include "ReadQuantization.h"

using namespace llvm;
using namespace mlir::moe;

static constexpr Int4Tensors awqTensors = {"qweight",
                                           "scales",
                                           "qzeros",
                                           MatrixLayout::in_out,
                                           /*packsInputs=*/false,
                                           NibbleOrder::even_first};
static constexpr Int4Tensors gptqTensors = {"qweight", "scales", "qzeros",
                                            MatrixLayout::in_out,
                                            /*packsInputs=*/true};
static constexpr Int4Tensors compressedTensors = {
    "weight_packed", "weight_scale", "weight_zero_point", MatrixLayout::out_in,
    /*packsInputs=*/true};

static constexpr int64_t largestGroup = 1 << 16;

/// -1 stands for all inputs of an output.
static int64_t readGroupSize(ConfigReader &reader, StringRef name) {
  const json::Value *value = reader.find(name);
  if (value && value->getAsInteger() == -1)
    return 0;
  return reader.readInteger({name}, 1, largestGroup);
}

static QuantizationSpec readAwq(ConfigReader &reader) {
  reader.check({"quantization_config.bits", "4", /*optional=*/false});
  reader.check({"quantization_config.version", "\"gemm\""});
  QuantizationSpec quantization = {
      .scheme = QuantScheme::int4,
      .int4 = awqTensors,
      .groupSize = readGroupSize(reader, "quantization_config.group_size")};
  if (!reader.readFlag({"quantization_config.zero_point", true}))
    quantization.int4.zeroPoints = "";
  return quantization;
}

static QuantizationSpec readGptq(ConfigReader &reader) {
  reader.check({"quantization_config.bits", "4", /*optional=*/false});
  // The inputs would be in groups of any order, by a table.
  reader.check({"quantization_config.desc_act", "false"});
  std::string format =
      reader.readString({"quantization_config.checkpoint_format", "gptq"});
  if (format != "gptq" && format != "gptq_v2")
    reader.failField("quantization_config.checkpoint_format",
                     "gptq or gptq_v2");
  QuantizationSpec quantization = {
      .scheme = QuantScheme::int4,
      .int4 = gptqTensors,
      .groupSize = readGroupSize(reader, "quantization_config.group_size")};
  // The first version stores zero points less one.
  quantization.int4.zeroOffset = format == "gptq" ? 1 : 0;
  return quantization;
}

static QuantizationSpec readCompressedTensors(ConfigReader &reader) {
  reader.check({"quantization_config.format", "\"pack-quantized\"",
                /*optional=*/false});
  const json::Value *groups = reader.find("quantization_config.config_groups");
  const json::Object *named = groups ? groups->getAsObject() : nullptr;
  if (!named || named->size() != 1 || !named->get("group_0"))
    reader.failField("quantization_config.config_groups", "one group, group_0");
#define MOE_WEIGHTS "quantization_config.config_groups.group_0.weights."
  reader.check({MOE_WEIGHTS "num_bits", "4", /*optional=*/false});
  reader.check({MOE_WEIGHTS "type", "\"int\""});
  std::string order = reader.readString({MOE_WEIGHTS "actorder", ""});
  if (order == "group")
    reader.failField(MOE_WEIGHTS "actorder", "null, static or weight");
  QuantizationSpec quantization = {.scheme = QuantScheme::int4,
                                   .int4 = compressedTensors,
                                   .scaleType = std::nullopt};
  std::string strategy = reader.readString({MOE_WEIGHTS "strategy"});
  if (strategy == "group")
    quantization.groupSize =
        reader.readInteger({MOE_WEIGHTS "group_size"}, 1, largestGroup);
  else if (strategy != "channel")
    reader.failField(MOE_WEIGHTS "strategy", "group or channel");
  if (reader.readFlag({MOE_WEIGHTS "symmetric", true}))
    quantization.int4.zeroPoints = "";
#undef MOE_WEIGHTS
  return quantization;
}

static QuantizationSpec readFp8(ConfigReader &reader) {
  QuantizationSpec quantization;
  reader.check({"quantization_config.fmt", "\"e4m3\""});
  // Activations are not quantised here: with scales chosen at run time that
  // only loses precision, with stored ones it changes the model.
  reader.check({"quantization_config.activation_scheme", "\"dynamic\""});
  auto block = reader.readList("quantization_config.weight_block_size");
  if (!block || block->size() != 2 || (*block)[0] < 1 || (*block)[1] < 1) {
    reader.failField("quantization_config.weight_block_size",
                     "two positive sizes");
    return quantization;
  }
  quantization.blockRows = (*block)[0];
  quantization.blockColumns = (*block)[1];
  return quantization;
}

std::optional<QuantizationSpec>
mlir::moe::readQuantization(ConfigReader &reader, const Model &model) {
  const json::Value *value = reader.find("quantization_config");
  if (!value || value->kind() == json::Value::Null)
    return std::nullopt;
  std::string method = reader.readString({"quantization_config.quant_method"});
  bool hasMxfp4 = !model.mxfp4.router.empty();
  if (method == "mxfp4" && hasMxfp4)
    return QuantizationSpec{.scheme = QuantScheme::mxfp4};
  if (method == "fp8")
    return readFp8(reader);
  if (method == "awq")
    return readAwq(reader);
  if (method == "gptq")
    return readGptq(reader);
  if (method == "compressed-tensors")
    return readCompressedTensors(reader);
  reader.failField("quantization_config.quant_method",
                   Twine("awq, compressed-tensors, fp8") +
                       (hasMxfp4 ? ", gptq or mxfp4" : " or gptq"));
  return std::nullopt;
}

void mlir::moe::checkQuantization(ConfigReader &reader, const Model &model,
                                  const LayerSpec &spec) {
  QuantScheme scheme = spec.quantization->scheme;
  if (scheme == QuantScheme::mxfp4 && (spec.hidden % 32 || spec.inner % 32))
    reader.fail("widths are " + Twine(spec.hidden) + " and " +
                Twine(spec.inner) + ", expected multiples of 32 for mxfp4");
  if (scheme != QuantScheme::int4)
    return;
  const ExpertTensors &experts = model.published.experts;
  for (StringRef name : {experts.up, experts.down})
    if (!name.contains("{expert}") || !name.ends_with("weight"))
      reader.fail("the experts of " + model.type +
                  " are stored in one tensor, expected one for each expert "
                  "with weights of four bits");
  int64_t shared = spec.shared ? spec.shared->width : 0;
  int64_t group = std::max<int64_t>(spec.quantization->groupSize, 1);
  for (int64_t width : {spec.hidden, spec.inner, shared})
    if (width % 8 || width % group)
      reader.fail("a width is " + Twine(width) +
                  ", expected a multiple of 8 and of the group size, " +
                  Twine(group) + ", for weights of four bits");
}
