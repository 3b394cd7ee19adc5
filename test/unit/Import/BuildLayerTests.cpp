//===- BuildLayerTests.cpp - Names and types of a checkpoint --------------===//

#include "moe/Import/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include <map>

using namespace mlir;
using namespace mlir::moe;

namespace {

class BuildLayerTest : public testing::Test {
protected:
  /// The tensors of layer 1 and their types.
  std::map<std::string, DataType> checkpoint;
  MLIRContext context;

  /// The argument that is bound to each tensor, or the error under "error".
  std::map<std::string, Type> build(const char *fields,
                                    ImportOptions options = {}) {
    options.layer = 1;
    options.findTensor = [&](int64_t layer,
                             StringRef name) -> std::optional<DataType> {
      EXPECT_EQ(layer, 1);
      auto found = checkpoint.find(name.str());
      if (found == checkpoint.end())
        return std::nullopt;
      return found->second;
    };
    llvm::Expected<LayerSpec> spec = readLayerSpec(fields, "config", options);
    EXPECT_TRUE(bool(spec));
    auto module = buildLayer(context, *spec, options);
    if (!module) {
      error = llvm::toString(module.takeError());
      return {};
    }
    std::map<std::string, Type> arguments;
    auto function = *(*module)->getOps<func::FuncOp>().begin();
    for (BlockArgument argument : function.getArguments()) {
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        "moe.name");
      arguments[name.str()] = argument.getType();
    }
    return arguments;
  }

  std::string error;
};

constexpr const char *mixtral =
    R"({"model_type": "mixtral", "num_hidden_layers": 2,
    "hidden_size": 8, "intermediate_size": 16, "num_local_experts": 4,
    "num_experts_per_tok": 2})";

TEST_F(BuildLayerTest, FindsPublishedNames) {
  for (std::string name :
       {"gate", "experts.0.w1", "experts.0.w2", "experts.0.w3"})
    checkpoint["block_sparse_moe." + name + ".weight"] = DataType::BF16;
  EXPECT_EQ(build(mixtral).count("block_sparse_moe.experts.{expert}.w1.weight"),
            1u)
      << error;
}

TEST_F(BuildLayerTest, FindsFusedNames) {
  for (std::string name :
       {"gate.weight", "experts.gate_up_proj", "experts.down_proj"})
    checkpoint["mlp." + name] = DataType::BF16;
  EXPECT_EQ(build(mixtral).count("mlp.experts.gate_up_proj"), 1u) << error;
}

TEST_F(BuildLayerTest, TakesTheTypesOfTheCheckpoint) {
  checkpoint = {{"mlp.gate.weight", DataType::F32},
                {"mlp.experts.gate_up_proj", DataType::F16},
                {"mlp.experts.down_proj", DataType::BF16}};
  auto arguments = build(mixtral);
  auto element = [&](const char *name) {
    return getElementTypeOrSelf(arguments[name]);
  };
  ASSERT_EQ(arguments.size(), 4u) << error;
  EXPECT_TRUE(element("mlp.gate.weight").isF32());
  EXPECT_TRUE(element("mlp.experts.gate_up_proj").isF16());
  EXPECT_TRUE(element("mlp.experts.down_proj").isBF16());
  EXPECT_TRUE(element("hidden_states").isBF16());
}

TEST_F(BuildLayerTest, NamesWhatIsMissing) {
  build(mixtral);
  EXPECT_EQ(
      error,
      "layer 1: no tensors named like block_sparse_moe.experts.0.w2.weight or "
      "mlp.experts.down_proj");
  checkpoint = {{"mlp.gate.weight", DataType::BF16},
                {"mlp.experts.down_proj", DataType::BF16}};
  build(mixtral);
  EXPECT_EQ(error, "layer 1: tensor mlp.experts.gate_up_proj is missing");
}

TEST_F(BuildLayerTest, RefusesTypesItCannotRead) {
  checkpoint = {{"mlp.gate.weight", DataType::BF16},
                {"mlp.experts.gate_up_proj", DataType::F8E4M3},
                {"mlp.experts.down_proj", DataType::BF16}};
  build(mixtral);
  EXPECT_EQ(
      error,
      "layer 1: tensor mlp.experts.gate_up_proj is F8_E4M3, expected BF16");
}

TEST_F(BuildLayerTest, AsksForTheChosenNamesOnly) {
  ImportOptions options;
  options.names = TensorNames::published;
  checkpoint = {{"mlp.gate.weight", DataType::BF16},
                {"mlp.experts.gate_up_proj", DataType::BF16},
                {"mlp.experts.down_proj", DataType::BF16}};
  build(mixtral, options);
  EXPECT_EQ(error, "layer 1: tensor block_sparse_moe.gate.weight is missing");
}

TEST_F(BuildLayerTest, ReadsPlainWeightsOfAQuantisedModel) {
  constexpr const char *quantised =
      R"({"model_type": "mixtral", "num_hidden_layers": 2,
      "hidden_size": 8, "intermediate_size": 16, "num_local_experts": 4,
      "num_experts_per_tok": 2,
      "quantization_config": {"quant_method": "fp8", "weight_block_size": [8, 8]}})";
  for (std::string name :
       {"gate.weight", "experts.gate_up_proj", "experts.down_proj"})
    checkpoint["mlp." + name] = DataType::BF16;
  EXPECT_EQ(build(quantised).count("mlp.experts.gate_up_proj_scale_inv"), 0u)
      << error;
  for (std::string name : {"experts.gate_up_proj", "experts.down_proj"}) {
    checkpoint["mlp." + name] = DataType::F8E4M3;
    checkpoint["mlp." + name + "_scale_inv"] = DataType::F32;
  }
  EXPECT_EQ(build(quantised).count("mlp.experts.gate_up_proj_scale_inv"), 1u)
      << error;
}

} // namespace
