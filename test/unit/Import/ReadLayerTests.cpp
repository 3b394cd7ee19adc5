//===- ReadLayerTests.cpp - From a config to a LayerSpec ------------------===//

#include "moe/Import/Import.h"

#include "gtest/gtest.h"

using namespace mlir::moe;

namespace {

/// A config of `fields`, without the braces.
LayerSpec read(llvm::StringRef fields, const ImportOptions &options = {}) {
  llvm::Expected<LayerSpec> spec =
      readLayerSpec(("{" + fields + "}").str(), "config", options);
  if (spec)
    return *spec;
  ADD_FAILURE() << llvm::toString(spec.takeError());
  return {};
}

std::string readError(llvm::StringRef fields, std::optional<int64_t> layer) {
  ImportOptions options;
  options.layer = layer;
  llvm::Expected<LayerSpec> spec =
      readLayerSpec(("{" + fields + "}").str(), "config", options);
  return spec ? "" : llvm::toString(spec.takeError());
}

constexpr const char *mixtral = R"(
    "model_type": "mixtral", "num_hidden_layers": 32, "hidden_size": 4096,
    "intermediate_size": 14336, "num_local_experts": 8,
    "num_experts_per_tok": 2, "torch_dtype": "bfloat16")";

/// A model whose layers 2, 3 and so on are MoE, except layer 3.
constexpr const char *qwen = R"(
    "model_type": "qwen3_moe", "num_hidden_layers": 6, "hidden_size": 64,
    "moe_intermediate_size": 32, "num_experts": 8, "num_experts_per_tok": 2,
    "decoder_sparse_step": 2, "mlp_only_layers": [3])";

TEST(ReadLayerTest, ReadsSizes) {
  LayerSpec spec = read(mixtral);
  EXPECT_EQ(spec.modelType, "mixtral");
  EXPECT_EQ(spec.layer, 0);
  EXPECT_EQ(spec.hidden, 4096);
  EXPECT_EQ(spec.inner, 14336);
  EXPECT_EQ(spec.experts, 8);
  EXPECT_EQ(spec.topK, 2);
  EXPECT_EQ(spec.dtype, DataType::BF16);
  EXPECT_EQ(spec.router.weights, DataType::F32);
  EXPECT_EQ(spec.router.normOrder, 1.0);
  EXPECT_FALSE(spec.shared || spec.capacity || spec.quantization);
}

TEST(ReadLayerTest, PrefersTheOptions) {
  ImportOptions options;
  options.dtype = DataType::F32;
  options.layer = 31;
  LayerSpec spec = read(mixtral, options);
  EXPECT_EQ(spec.dtype, DataType::F32);
  EXPECT_EQ(spec.router.logits, DataType::F32);
  EXPECT_EQ(spec.layer, 31);
}

TEST(ReadLayerTest, AcceptsEitherSpelling) {
  std::string fields = qwen;
  fields.replace(fields.find("num_experts\""), 12, "num_local_experts\"");
  EXPECT_EQ(read(fields).experts, 8);
}

TEST(ReadLayerTest, TakesTheFirstMoELayer) { EXPECT_EQ(read(qwen).layer, 1); }

TEST(ReadLayerTest, RefusesDenseLayers) {
  EXPECT_EQ(readError(qwen, 5), "");
  EXPECT_EQ(readError(qwen, 3), "config: layer 3 is dense by field "
                                "mlp_only_layers, expected an MoE layer");
  EXPECT_EQ(readError(qwen, 2), "config: layer 2 is dense by field "
                                "decoder_sparse_step, expected an MoE layer");
  EXPECT_EQ(readError(qwen, 6), "config: layer is 6, expected 0 to 5");
  EXPECT_EQ(readError(qwen, -1), "config: layer is -1, expected 0 to 5");
}

TEST(ReadLayerTest, KnowsTheRulesOfLayers) {
  constexpr const char *deepseek = R"(
      "model_type": "deepseek_v3", "num_hidden_layers": 6, "hidden_size": 8,
      "moe_intermediate_size": 8, "n_routed_experts": 16,
      "num_experts_per_tok": 4, "first_k_dense_replace": 2)";
  EXPECT_EQ(read(deepseek).layer, 2);
  EXPECT_EQ(readError(deepseek, 1),
            "config: layer 1 is dense by field "
            "first_k_dense_replace, expected an MoE layer");

  constexpr const char *ernie = R"(
      "model_type": "ernie4_5_moe", "num_hidden_layers": 9, "hidden_size": 8,
      "moe_intermediate_size": 8, "moe_num_experts": 8, "moe_k": 2,
      "moe_layer_start_index": 2, "moe_layer_end_index": 6, "moe_layer_interval": 3)";
  EXPECT_EQ(read(ernie).layer, 2);
  EXPECT_EQ(readError(ernie, 5), "");
  EXPECT_EQ(readError(ernie, 8), "config: layer 8 is dense by field "
                                 "moe_layer_end_index, expected an MoE layer");

  constexpr const char *jamba = R"(
      "model_type": "jamba", "num_hidden_layers": 8, "hidden_size": 8,
      "intermediate_size": 8, "num_experts": 4, "num_experts_per_tok": 2,
      "expert_layer_period": 4, "expert_layer_offset": 3)";
  EXPECT_EQ(read(jamba).layer, 3);
  EXPECT_EQ(readError(jamba, 7), "");

  constexpr const char *llama = R"(
      "model_type": "llama4_text", "num_hidden_layers": 8, "hidden_size": 8,
      "intermediate_size": 8, "num_local_experts": 4, "num_experts_per_tok": 1,
      "moe_layers": [4, 5])";
  EXPECT_EQ(read(llama).layer, 4);
  EXPECT_EQ(readError(llama, 0),
            "config: layer 0 is dense by field moe_layers, "
            "expected an MoE layer");

  constexpr const char *switchTransformer = R"(
      "model_type": "switch_transformers", "num_layers": 12, "d_model": 8,
      "d_ff": 8, "num_experts": 4, "num_sparse_encoder_layers": )";
  EXPECT_EQ(read(std::string(switchTransformer) + "6").layer, 1);
  EXPECT_EQ(read(std::string(switchTransformer) + "12").layer, 0);
  EXPECT_EQ(readError(std::string(switchTransformer) + "0", std::nullopt),
            "config: no layer is MoE by field num_sparse_encoder_layers");
}

TEST(ReadLayerTest, ReadsANestedConfig) {
  LayerSpec spec = read(R"(
      "model_type": "llama4", "torch_dtype": "float16",
      "text_config": {"model_type": "llama4_text", "num_hidden_layers": 8,
        "hidden_size": 8, "intermediate_size": 24, "num_local_experts": 4,
        "num_experts_per_tok": 1})");
  EXPECT_EQ(spec.modelType, "llama4_text");
  EXPECT_EQ(spec.dtype, DataType::F16);
  EXPECT_EQ(spec.topK, 1);
  ASSERT_TRUE(spec.shared);
  EXPECT_EQ(spec.shared->width, 24);
}

TEST(ReadLayerTest, ReadsOneValuePerLayer) {
  ImportOptions options;
  options.layer = 1;
  LayerSpec spec = read(R"(
      "model_type": "hunyuan_v1_moe", "num_hidden_layers": 2, "hidden_size": 8,
      "intermediate_size": 8, "moe_intermediate_size": [16, 24],
      "num_experts": 4, "moe_topk": [1, 3], "num_shared_expert": [2])",
                        options);
  EXPECT_EQ(spec.inner, 24);
  EXPECT_EQ(spec.topK, 3);
  EXPECT_EQ(spec.shared->width, 48);
}

TEST(ReadLayerTest, NeedsNoModelTypeIfTheArchitectureTells) {
  LayerSpec spec = read(R"(
      "architectures": ["Grok1ModelForCausalLM"], "num_hidden_layers": 64,
      "hidden_size": 6144, "intermediate_size": 32768, "num_experts": 8,
      "num_experts_per_tok": 2)");
  EXPECT_EQ(spec.modelType, "grok-1");
  EXPECT_EQ(spec.activation.fn, ActivationFn::gelu_tanh);
  EXPECT_FALSE(spec.router.normOrder);
}

TEST(ReadLayerTest, HasTheDefaultsOfTheLibrary) {
  LayerSpec spec = read(R"(
      "model_type": "gpt_oss", "num_hidden_layers": 24, "hidden_size": 2880,
      "intermediate_size": 2880, "num_local_experts": 32,
      "experts_per_token": 4)");
  EXPECT_EQ(spec.topK, 4);
  EXPECT_EQ(spec.activation.alpha, 1.702);
  EXPECT_EQ(spec.activation.gateMax, 7.0);
  EXPECT_EQ(spec.activation.upLimit, 7.0);
  EXPECT_EQ(spec.activation.upOffset, 1.0);
}

} // namespace
