//===- Models.cpp - The table of models -----------------------------------===//
//
// Facts of each published model: its config's fields with the defaults of its
// own library, its routing, and the names of its tensors. Sorted by type.
//
//===----------------------------------------------------------------------===//

#include "Model.h"

using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// What models have in common
//===----------------------------------------------------------------------===//

static constexpr ExpertTensors gateUpDown = {
    .up = "experts.{expert}.up_proj.weight",
    .gate = "experts.{expert}.gate_proj.weight",
    .down = "experts.{expert}.down_proj.weight"};

static constexpr ExpertTensors w1w2w3 = {.up = "experts.{expert}.w3.weight",
                                         .gate = "experts.{expert}.w1.weight",
                                         .down = "experts.{expert}.w2.weight"};

static constexpr ExpertTensors fusedGateUp = {.up = "experts.gate_up_proj",
                                              .down = "experts.down_proj",
                                              .gating = Gating::gate_first};

static constexpr llvm::StringRef bias = "gate.e_score_correction_bias";
static constexpr llvm::StringRef expertCount = "num_local_experts|num_experts";

static constexpr Requirement dbrxRequires[] = {
    {"ffn_config.uniform_expert_assignment", "false"}};
static constexpr Requirement deepseekV2Requires[] = {
    {"scoring_func", "\"softmax\""}, {"norm_topk_prob", "false"}};
static constexpr Requirement deepseekV3Requires[] = {
    {"scoring_func", "\"sigmoid\""}, {"topk_method", "\"noaux_tc\""}};
static constexpr Requirement ernieRequires[] = {
    {"moe_gate_act", "\"softmax\""}, {"moe_norm_gate_logits", "true"}};
static constexpr Requirement gemma4Requires[] = {
    {"enable_moe_block", "true", false}};
static constexpr Requirement hunyuanRequires[] = {
    {"norm_topk_prob", "true"},     {"group_limited_greedy", "false"},
    {"routed_scaling_factor", "1"}, {"moe_drop_tokens", "false"},
    {"use_mixed_mlp_moe", "true"},  {"mlp_bias", "false"}};
static constexpr Requirement noShared[] = {{"shared_intermediate_size", "0"}};
static constexpr Requirement minimaxM2Requires[] = {
    {"shared_intermediate_size", "0"},
    {"scoring_func", "\"sigmoid\""},
    {"use_routing_bias", "true"}};
static constexpr Requirement nllbRequires[] = {
    {"second_expert_policy", "\"all\""}};
static constexpr Requirement phimoeRequires[] = {{"num_experts_per_tok", "2"}};

/// Sigmoid scores, a bias for the choice, groups of experts, a shared expert.
static constexpr Model deepseekV3(llvm::StringRef type, int64_t groups,
                                  int64_t keptGroups, double scale,
                                  int64_t firstMoE) {
  return {.type = type,
          .experts = {"n_routed_experts|num_local_experts"},
          .moeLayers = {.first = {"first_k_dense_replace", firstMoE},
                        .period = {"moe_layer_freq", 1}},
          .router = {.score = ScoreFn::sigmoid,
                     .logits = Precision::f32,
                     .weights = Precision::f32,
                     .choiceBias = true,
                     .groups = {"n_group", groups},
                     .keptGroups = {"topk_group", keptGroups},
                     .groupRank = GroupScore::sum_top,
                     .groupTop = 2,
                     .normalize = {"norm_topk_prob", true},
                     .normEps = {"", 1e-20},
                     .normEpsMode = EpsMode::add,
                     .scale = {"routed_scaling_factor", scale}},
          .shared = {.width = {"moe_intermediate_size"},
                     .count = {"n_shared_experts", 1}},
          .requirements = deepseekV3Requires,
          .published = {"mlp.", "gate.weight", "", bias, gateUpDown},
          .fused = {"mlp.", "gate.weight", "", bias, fusedGateUp},
          .extra = {.shared = "shared_experts."}};
}

/// Softmax over all experts, weights divided by their sum in f32.
static constexpr Model mixtral(llvm::StringRef type,
                               llvm::ArrayRef<Requirement> requirements) {
  return {.type = type,
          .experts = {expertCount},
          .inner = {"intermediate_size"},
          .router = {.weights = Precision::f32, .normalize = {"", true}},
          .requirements = requirements,
          .published = {"block_sparse_moe.", "gate.weight", "", "", w1w2w3},
          .fused = {"mlp.", "gate.weight", "", "", fusedGateUp}};
}

/// Softmax over all experts, weights optionally divided by their sum.
static constexpr Model qwen(llvm::StringRef type, bool normalize,
                            llvm::StringRef inner, LayerRule moeLayers,
                            SharedModel shared) {
  return {.type = type,
          .experts = {"num_experts|num_local_experts"},
          .inner = {inner},
          .moeLayers = moeLayers,
          .router = {.normalize = {"norm_topk_prob", normalize}},
          .shared = shared,
          .published = {"mlp.", "gate.weight", "", "", gateUpDown},
          .fused = {"mlp.", "gate.weight", "", "", fusedGateUp},
          .extra = {.shared = "shared_expert.",
                    .sharedGate = "shared_expert_gate.weight"}};
}

static constexpr LayerRule qwenLayers = {.period = {"decoder_sparse_step", 1},
                                         .phase = {"", -1},
                                         .except = "mlp_only_layers"};
static constexpr SharedModel qwenShared = {
    .width = {"shared_expert_intermediate_size"}, .gated = true};

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr Model models[] = {
    {.type = "dbrx",
     .hidden = {"d_model"},
     .layers = {"n_layers"},
     .experts = {"ffn_config.moe_num_experts"},
     .topK = {"ffn_config.moe_top_k"},
     .inner = {"ffn_config.ffn_hidden_size"},
     .router = {.scores = Precision::activation,
                .normalize = {"", true},
                .normOrder = {"ffn_config.moe_normalize_expert_weights", 1}},
     .activation = {.fn = {"ffn_config.ffn_act_fn.name", "silu"}},
     .accumulate = Accumulate::result,
     .combineOrder = CombineOrder::expert,
     .requirements = dbrxRequires,
     .published = {"ffn.",
                   "router.layer.weight",
                   "",
                   "",
                   {.up = "experts.mlp.v1",
                    .gate = "experts.mlp.w1",
                    .down = "experts.mlp.w2",
                    .downLayout = MatrixLayout::in_out,
                    .stackedRows = true}}},

    {.type = "deepseek_v2",
     .experts = {"n_routed_experts|num_experts"},
     .moeLayers = {.first = {"first_k_dense_replace", 0},
                   .period = {"moe_layer_freq", 1}},
     .router = {.logits = Precision::f32,
                .weights = Precision::f32,
                .groups = {"n_group"},
                .keptGroups = {"topk_group"},
                .groupMethod = {"topk_method", "greedy"},
                .groupFill = GroupFill::zero,
                .scale = {"routed_scaling_factor", 1}},
     .shared = {.width = {"moe_intermediate_size"},
                .count = {"n_shared_experts", 2},
                .bias = {"mlp_bias", false}},
     .requirements = deepseekV2Requires,
     .published = {"mlp.", "gate.weight", "", "", gateUpDown},
     .fused = {"mlp.", "gate.weight", "", "", fusedGateUp},
     .extra = {.shared = "shared_experts."}},

    deepseekV3("deepseek_v3", 8, 4, 2.5, 3),

    {.type = "ernie4_5_moe",
     .experts = {"moe_num_experts|num_experts"},
     .topK = {"moe_k|num_experts_per_tok"},
     .moeLayers = {.first = {"moe_layer_start_index", 1},
                   .last = {"moe_layer_end_index", -1},
                   .period = {"moe_layer_interval", 1},
                   .phase = {"", -1}},
     .router = {.logits = Precision::f32,
                .stored = Precision::f32,
                .choiceBias = true,
                .normalize = {"", true},
                .normEps = {"moe_norm_min", 1e-12},
                .normEpsMode = EpsMode::clamp},
     .shared = {.width = {"moe_intermediate_size"},
                .count = {"moe_num_shared_experts", 2},
                .bias = {"use_bias", false}},
     .requirements = ernieRequires,
     .published = {"mlp.", "gate.weight", "",
                   "moe_statics.e_score_correction_bias", gateUpDown},
     .fused = {"mlp.", "gate.weight", "",
               "gate.moe_statics.e_score_correction_bias", fusedGateUp},
     .extra = {.shared = "shared_experts.", .choiceBiasRow = true}},

    {.type = "gemma4_text",
     .wrapper = "gemma4",
     .experts = {"num_experts"},
     .topK = {"top_k_experts"},
     .router = {.weights = Precision::f32,
                .normalize = {"", true},
                .scaledInput = true},
     .activation = {.fn = {"hidden_activation", "gelu_pytorch_tanh"}},
     .normEps = {"rms_norm_eps", 1e-6},
     .requirements = gemma4Requires,
     .published = {"", "router.proj.weight", "", "", fusedGateUp},
     .extra = {.routerScale = "router.scale",
               .expertScale = "router.per_expert_scale",
               .expertNorm = "pre_feedforward_layernorm_2.weight"}},

    deepseekV3("glm4_moe", 1, 1, 1, 1),

    {.type = "gpt_oss",
     .experts = {expertCount},
     .topK = {"num_experts_per_tok|experts_per_token"},
     .inner = {"intermediate_size"},
     .router = {.order = RoutingOrder::ChooseThenScore,
                .scores = Precision::activation,
                .gateBias = {"", true}},
     .activation = {.fn = {"", "silu"},
                    .alpha = {"swiglu_alpha", 1.702},
                    .limit = {"swiglu_limit", 7},
                    .offset = {"", 1}},
     .published = {"mlp.",
                   "router.weight",
                   "router.bias",
                   "",
                   {.up = "experts.gate_up_proj",
                    .down = "experts.down_proj",
                    .upBias = "experts.gate_up_proj_bias",
                    .downBias = "experts.down_proj_bias",
                    .gating = Gating::interleaved,
                    .upLayout = MatrixLayout::in_out,
                    .downLayout = MatrixLayout::in_out}},
     .mxfp4 = {"mlp.",
               "router.weight",
               "router.bias",
               "",
               {.up = "experts.gate_up_proj_blocks",
                .down = "experts.down_proj_blocks",
                .upBias = "experts.gate_up_proj_bias",
                .downBias = "experts.down_proj_bias",
                .gating = Gating::interleaved}}},

    {.type = "granitemoe",
     .experts = {expertCount},
     .inner = {"intermediate_size"},
     .router = {.order = RoutingOrder::ChooseThenScore},
     .published = {"block_sparse_moe.",
                   "router.layer.weight",
                   "",
                   "",
                   {.up = "input_linear.weight",
                    .down = "output_linear.weight",
                    .gating = Gating::gate_first}},
     .fused = {"block_sparse_moe.", "router.weight", "", "", fusedGateUp}},

    {.type = "grok-1",
     .architecture = "Grok1ModelForCausalLM",
     .experts = {"num_experts|num_local_experts"},
     .inner = {"intermediate_size"},
     .router = {.logits = Precision::f32, .stored = Precision::f32},
     .activation = {.fn = {"hidden_act", "gelu_pytorch_tanh"}},
     .accumulate = Accumulate::result,
     .combineOrder = CombineOrder::expert,
     .published = {"moe_block.",
                   "gate.weight",
                   "",
                   "",
                   {.up = "experts.{expert}.linear_v.weight",
                    .gate = "experts.{expert}.linear.weight",
                    .down = "experts.{expert}.linear_1.weight"}}},

    {.type = "hunyuan_v1_moe",
     .experts = {"num_experts|num_local_experts"},
     .topK = {"moe_topk|num_experts_per_tok"},
     .inner = {"moe_intermediate_size|intermediate_size"},
     .moeLayers = {.first = {"moe_layer_num_skipped", 0}},
     .router = {.logits = Precision::f32,
                .weights = Precision::f32,
                .stored = Precision::f32,
                .normalize = {"", true}},
     .shared = {.width = {"moe_intermediate_size|intermediate_size"},
                .count = {"num_shared_expert", 1}},
     .requirements = hunyuanRequires,
     .published = {"mlp.", "gate.wg.weight", "", "", gateUpDown},
     .fused = {"mlp.", "gate.wg.weight", "", "", fusedGateUp},
     .extra = {.shared = "shared_mlp."}},

    {.type = "jamba",
     .experts = {"num_experts|num_local_experts"},
     .inner = {"intermediate_size"},
     .moeLayers = {.period = {"expert_layer_period", 2},
                   .phase = {"expert_layer_offset", 1}},
     .published = {"feed_forward.", "router.weight", "", "", gateUpDown},
     .fused = {"feed_forward.", "router.weight", "", "", fusedGateUp}},

    deepseekV3("kimi_k2", 8, 4, 2.5, 3),

    {.type = "llama4_text",
     .wrapper = "llama4",
     .experts = {"num_local_experts"},
     .inner = {"intermediate_size"},
     .moeLayers = {.period = {"interleave_moe_layer_step", 1},
                   .phase = {"", -1},
                   .only = "moe_layers"},
     .router = {.order = RoutingOrder::ChooseThenScore,
                .score = ScoreFn::sigmoid,
                .scores = Precision::activation},
     .shared = {.width = {"intermediate_size"}},
     .weightOnInput = true,
     .published = {"feed_forward.",
                   "router.weight",
                   "",
                   "",
                   {.up = "experts.gate_up_proj",
                    .down = "experts.down_proj",
                    .gating = Gating::gate_first,
                    .upLayout = MatrixLayout::in_out,
                    .downLayout = MatrixLayout::in_out}},
     .extra = {.shared = "shared_expert."}},

    mixtral("minimax", noShared),

    {.type = "minimax_m2",
     .experts = {expertCount},
     .inner = {"intermediate_size"},
     .router = {.score = ScoreFn::sigmoid,
                .weights = Precision::f32,
                .choiceBias = true,
                .normalize = {"", true}},
     .requirements = minimaxM2Requires,
     .published = {"block_sparse_moe.", "gate.weight", "",
                   "e_score_correction_bias", w1w2w3},
     .fused = {"mlp.", "gate.weight", "", "e_score_correction_bias",
               fusedGateUp}},

    mixtral("mixtral", {}),

    {.type = "nllb-moe",
     .hidden = {"d_model"},
     .layers = {"encoder_layers"},
     .experts = {"num_experts"},
     .topK = {"", 2},
     .inner = {"encoder_ffn_dim"},
     .moeLayers = {.period = {"encoder_sparse_step", 4}, .phase = {"", -1}},
     .router = {.scores = Precision::activation,
                .logitsType = {"router_dtype", "float32"},
                .gateBias = {"router_bias", false},
                .normalize = {"", true},
                .normEpsMode = EpsMode::clamp,
                .normEpsOfType = true},
     .capacity =
         CapacityModel{
             .slots = {"expert_capacity", 64},
             .fraction = {"moe_eval_capacity_token_fraction", 1},
             .byPriority = {"batch_prioritized_routing", false},
             .normalizeDropped = {"normalize_router_prob_before_dropping",
                                  false}},
     .activation = {.fn = {"activation_function", "relu"}, .gated = false},
     .dropped = {"moe_token_dropout", 0.2},
     .requirements = nllbRequires,
     .published = {"ffn.",
                   "router.classifier.weight",
                   "router.classifier.bias",
                   "",
                   {.up = "experts.expert_{expert}.fc1.weight",
                    .down = "experts.expert_{expert}.fc2.weight",
                    .upBias = "experts.expert_{expert}.fc1.bias",
                    .downBias = "experts.expert_{expert}.fc2.bias",
                    .gating = Gating::none}}},

    qwen("olmoe", false, "intermediate_size", {}, {}),

    {.type = "phimoe",
     .experts = {expertCount},
     .inner = {"intermediate_size"},
     .router = {.order = RoutingOrder::Sequential,
                .halfGap = {"router_jitter_noise", 0.01}},
     .requirements = phimoeRequires,
     .published = {"block_sparse_moe.", "gate.weight", "", "", w1w2w3},
     .fused = {"mlp.", "router.weight", "", "", fusedGateUp}},

    qwen("qwen2_moe", false, "moe_intermediate_size", qwenLayers, qwenShared),
    qwen("qwen3_moe", false, "moe_intermediate_size", qwenLayers, {}),
    qwen("qwen3_next", true, "moe_intermediate_size", qwenLayers, qwenShared),

    {.type = "switch_transformers",
     .hidden = {"d_model"},
     .layers = {"num_layers"},
     .experts = {"num_experts"},
     .topK = {"", 1},
     .inner = {"d_ff"},
     .moeLayers = {.period = {"num_layers"},
                   .periodDivisor = {"num_sparse_encoder_layers", 3},
                   .phase = {"", 1}},
     .router = {.scores = Precision::activation,
                .logitsType = {"router_dtype", "float32"},
                .gateBias = {"router_bias", false}},
     .capacity = CapacityModel{.slots = {"expert_capacity", 64}},
     .activation = {.fn = {"dense_act_fn", "relu"}, .gated = false},
     .published = {"layer.1.mlp.",
                   "router.classifier.weight",
                   "router.classifier.bias",
                   "",
                   {.up = "experts.expert_{expert}.wi.weight",
                    .down = "experts.expert_{expert}.wo.weight",
                    .gating = Gating::none}}},
};

llvm::ArrayRef<Model> mlir::moe::getModels() { return models; }
