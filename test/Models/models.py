"""The table of golden layers: one entry per directory."""

from dataclasses import dataclass, field

import blocks
import routing


@dataclass(frozen=True)
class Names:
    """How the block's tensors are called in checkpoints, relative to the layer."""

    published: str  # path of the block in a published checkpoint
    fused: str = None  # path of the block in the library, if that differs
    experts: tuple = ()  # gate, up and down of an expert stored on its own
    renames: dict = field(default_factory=dict)  # library name: published name


@dataclass(frozen=True)
class Golden:
    block: object  # "module.Class" inside transformers.models, or a class of our own
    names: Names
    config: dict  # the fields of config.json that matter to the block
    arguments: dict = field(default_factory=dict)  # of the block's constructor, after the config
    prefix: str = "model.layers.3."
    library_type: str = None  # model_type whose configuration class is used, if it differs
    nested_in: str = None  # model_type whose config.json holds this one as `text_config`
    tokens: tuple = (13,)  # or batch and sequence
    router: str = "gate"
    router_std: float = 0.5
    choice_bias_std: float = 0.2
    narrow: tuple = ("bf16",)  # element types to record besides f32
    keep_f32: tuple = ()  # tensors that stay f32 in a checkpoint of a narrow type
    routing: object = routing.from_choices
    drops: bool = False  # some tokens lose a choice, so that choices say nothing without slots
    mxfp4: bool = False
    shards: int = 1


def variant(golden, **changes):
    fields = {**vars(golden), **changes}
    return Golden(**{**fields, "config": {**golden.config, **changes.get("config", {})}})


SMALL = {"hidden_size": 40, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2}
W = ("w1", "w3", "w2")
PROJ = ("gate_proj", "up_proj", "down_proj")
MIXTRAL = Names("block_sparse_moe.", "mlp.", W)
QWEN = Names("mlp.", "mlp.", PROJ)
BIAS = ("e_score_correction_bias",)

mixtral = Golden(
    "mixtral.MixtralSparseMoeBlock",
    MIXTRAL,
    {
        **SMALL, "model_type": "mixtral", "intermediate_size": 24, "num_local_experts": 8, "num_experts_per_tok": 2,
        "hidden_act": "silu",
    },
)
qwen2_moe = Golden(
    "qwen2_moe.Qwen2MoeSparseMoeBlock",
    QWEN,
    {
        **SMALL, "model_type": "qwen2_moe", "intermediate_size": 56, "moe_intermediate_size": 24,
        "shared_expert_intermediate_size": 32, "num_experts": 6, "num_experts_per_tok": 4, "norm_topk_prob": False,
        "decoder_sparse_step": 1, "mlp_only_layers": [], "hidden_act": "silu",
    },
)
qwen3_moe = Golden(
    "qwen3_moe.Qwen3MoeSparseMoeBlock",
    QWEN,
    {
        **SMALL, "model_type": "qwen3_moe", "intermediate_size": 56, "moe_intermediate_size": 16, "num_experts": 12,
        "num_experts_per_tok": 5, "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": [],
        "hidden_act": "silu",
    },
)
qwen3_next = variant(
    qwen2_moe,
    block="qwen3_next.Qwen3NextSparseMoeBlock",
    config={
        "model_type": "qwen3_next", "num_experts": 9, "num_experts_per_tok": 5, "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 16, "norm_topk_prob": True,
    },
)
deepseek_v2 = Golden(
    "deepseek_v2.DeepseekV2Moe",
    QWEN,
    {
        **SMALL, "model_type": "deepseek_v2", "intermediate_size": 56, "moe_intermediate_size": 16,
        "n_routed_experts": 10, "n_shared_experts": 2, "num_experts_per_tok": 4, "topk_method": "greedy",
        "n_group": 1, "topk_group": 1, "norm_topk_prob": False, "routed_scaling_factor": 1.0,
        "scoring_func": "softmax", "first_k_dense_replace": 1, "moe_layer_freq": 1, "hidden_act": "silu",
    },
)
deepseek_v3 = Golden(
    "deepseek_v3.DeepseekV3MoE",
    QWEN,
    {
        **SMALL, "model_type": "deepseek_v3", "intermediate_size": 56, "moe_intermediate_size": 16,
        "n_routed_experts": 12, "n_shared_experts": 1, "num_experts_per_tok": 4, "topk_method": "noaux_tc",
        "n_group": 4, "topk_group": 2, "norm_topk_prob": True, "routed_scaling_factor": 2.5,
        "scoring_func": "sigmoid", "first_k_dense_replace": 3, "moe_layer_freq": 1, "hidden_act": "silu",
    },
    keep_f32=BIAS,
    router_std=0.3,
)
UNGROUPED = {"n_group": 1, "topk_group": 1, "first_k_dense_replace": 1}
gpt_oss = Golden(
    "gpt_oss.GptOssMLP",
    Names("mlp."),
    {
        **SMALL, "model_type": "gpt_oss", "hidden_size": 64, "intermediate_size": 32, "num_local_experts": 5,
        "num_experts_per_tok": 4, "experts_per_token": 4, "swiglu_limit": 2.5, "hidden_act": "silu",
    },
    router="router",
)
llama4 = Golden(
    "llama4.Llama4TextMoe",
    Names("feed_forward."),
    {
        **SMALL, "model_type": "llama4_text", "intermediate_size": 24, "intermediate_size_mlp": 56,
        "num_local_experts": 6, "num_experts_per_tok": 1, "interleave_moe_layer_step": 1, "hidden_act": "silu",
    },
    router="router",
    routing=routing.from_scores,
)
olmoe = Golden(
    "olmoe.OlmoeSparseMoeBlock",
    QWEN,
    {
        **SMALL, "model_type": "olmoe", "intermediate_size": 16, "num_experts": 14, "num_experts_per_tok": 8,
        "norm_topk_prob": False, "hidden_act": "silu",
    },
)
phimoe = Golden(
    "phimoe.PhimoeSparseMoeBlock",
    Names("block_sparse_moe.", "mlp.", W, {"router.weight": "gate.weight"}),
    {
        **SMALL, "model_type": "phimoe", "intermediate_size": 16, "num_local_experts": 16, "num_experts_per_tok": 2,
        "router_jitter_noise": 0.01, "input_jitter_noise": 0.01, "hidden_act": "silu",
    },
    router="router",
)
dbrx = Golden(
    "dbrx.DbrxFFN",
    Names("ffn."),
    {
        "model_type": "dbrx", "d_model": 40, "n_heads": 4, "n_layers": 4,
        "ffn_config": {
            "hidden_size": 40, "ffn_act_fn": {"name": "silu"}, "ffn_hidden_size": 24, "moe_num_experts": 7,
            "moe_top_k": 4, "moe_jitter_eps": 0.0, "moe_normalize_expert_weights": 1.0,
        },
    },
    prefix="transformer.blocks.3.",
    router="router",
    routing=routing.from_logits,
)
ernie4_5_moe = Golden(
    "ernie4_5_moe.Ernie4_5_MoeSparseMoeBlock",
    Names("mlp.", "mlp.", PROJ, {"gate.moe_statics.e_score_correction_bias": "moe_statics.e_score_correction_bias"}),
    {
        **SMALL, "model_type": "ernie4_5_moe", "intermediate_size": 56, "moe_intermediate_size": 16,
        "moe_num_experts": 10, "moe_k": 6, "moe_num_shared_experts": 2, "moe_layer_start_index": 1,
        "moe_layer_end_index": 3, "moe_layer_interval": 1, "moe_norm_min": 1e-12, "use_bias": False,
        "hidden_act": "silu",
    },
    keep_f32=("gate.weight", *BIAS),
    choice_bias_std=0.03,
)
switch_transformers = Golden(
    "switch_transformers.SwitchTransformersSparseMLP",
    Names("mlp."),
    {
        "model_type": "switch_transformers", "d_model": 40, "d_kv": 10, "d_ff": 24, "num_heads": 4, "num_layers": 4,
        "num_sparse_encoder_layers": 2, "num_decoder_layers": 4, "num_sparse_decoder_layers": 2, "num_experts": 6,
        "expert_capacity": 64, "router_bias": False, "router_dtype": "float32", "dense_act_fn": "relu",
        "dropout_rate": 0.1, "is_gated_act": False,
    },
    prefix="encoder.block.3.layer.1.",
    router="router",
    routing=routing.from_mask,
)
nllb_moe = Golden(
    blocks.NllbMoe,
    Names("ffn."),
    {
        "model_type": "nllb-moe", "d_model": 40, "encoder_layers": 4, "decoder_layers": 4,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
        "num_experts": 6, "expert_capacity": 64, "router_bias": False, "router_dtype": "float32",
        "activation_function": "relu", "second_expert_policy": "all", "normalize_router_prob_before_dropping": False,
        "batch_prioritized_routing": False, "moe_eval_capacity_token_fraction": 1.0, "moe_token_dropout": 0.2,
    },
    prefix="model.encoder.layers.3.",
    router="router",
    routing=routing.from_gates,
)
dbrx_ffn = dbrx.config["ffn_config"]

GOLDENS = {
    "mixtral": mixtral,
    "mixtral-one-token": variant(mixtral, tokens=(1,)),
    "mixtral-half": variant(mixtral, narrow=("f16",)),
    "mixtral-gelu": variant(mixtral, config={"hidden_act": "gelu"}),
    "qwen2_moe": qwen2_moe,
    "qwen2_moe-normalized": variant(qwen2_moe, config={"norm_topk_prob": True}),
    "qwen3_moe": qwen3_moe,
    "qwen3_moe-batched": variant(qwen3_moe, tokens=(2, 7)),
    "qwen3_moe-sharded": variant(qwen3_moe, shards=2, config={"norm_topk_prob": False}),
    "qwen3_next": qwen3_next,
    "deepseek_v2": deepseek_v2,
    "deepseek_v2-grouped": variant(
        deepseek_v2,
        config={
            "topk_method": "group_limited_greedy", "n_routed_experts": 12, "n_group": 4, "topk_group": 2,
            "routed_scaling_factor": 16.0,
        },
    ),
    "deepseek_v3": deepseek_v3,
    "deepseek_v3-unnormalized": variant(deepseek_v3, config={"norm_topk_prob": False, "n_shared_experts": 2}),
    "kimi_k2": variant(
        deepseek_v3,
        library_type="deepseek_v3",
        config={"model_type": "kimi_k2", **UNGROUPED, "routed_scaling_factor": 2.827},
    ),
    "glm4_moe": variant(
        deepseek_v3,
        block="glm4_moe.Glm4MoeMoE",
        config={"model_type": "glm4_moe", **UNGROUPED, "routed_scaling_factor": 1.0},
    ),
    "gpt_oss": gpt_oss,
    "gpt_oss-mxfp4": variant(
        gpt_oss, mxfp4=True, config={"swiglu_limit": 7.0, "quantization_config": {"quant_method": "mxfp4"}}
    ),
    "llama4": variant(llama4, nested_in="llama4", prefix="language_model.model.layers.3."),
    "llama4_text-top2": variant(llama4, config={"num_experts_per_tok": 2}),
    "olmoe": olmoe,
    "olmoe-normalized": variant(olmoe, config={"norm_topk_prob": True}),
    "granitemoe": Golden(
        "granitemoe.GraniteMoeMoE",
        Names("block_sparse_moe.", "block_sparse_moe.", renames={
            "experts.gate_up_proj": "input_linear.weight",
            "experts.down_proj": "output_linear.weight",
            "router.weight": "router.layer.weight",
        }),
        {**mixtral.config, "model_type": "granitemoe", "residual_multiplier": 0.22},
        router="router",
    ),
    "phimoe": phimoe,
    "phimoe-wide-gap": variant(phimoe, config={"router_jitter_noise": 0.15}),
    "dbrx": dbrx,
    "dbrx-l2": variant(dbrx, config={"ffn_config": {**dbrx_ffn, "moe_normalize_expert_weights": 2.0}}),
    "dbrx-unnormalized": variant(dbrx, config={"ffn_config": {**dbrx_ffn, "moe_normalize_expert_weights": None}}),
    "jamba": Golden(
        "jamba.JambaSparseMoeBlock",
        Names("feed_forward.", "feed_forward.", PROJ),
        {
            **SMALL, "model_type": "jamba", "intermediate_size": 24, "num_experts": 7, "num_experts_per_tok": 2,
            "expert_layer_period": 2, "expert_layer_offset": 1, "hidden_act": "silu",
        },
        router="router",
    ),
    "minimax": variant(
        mixtral,
        block="minimax.MiniMaxSparseMoeBlock",
        config={"model_type": "minimax", "mlp_alpha_factor": 3.5, "mlp_beta_factor": 1.0},
    ),
    "minimax_m2": variant(
        mixtral,
        block="minimax_m2.MiniMaxM2SparseMoeBlock",
        config={
            "model_type": "minimax_m2", "intermediate_size": 16, "num_local_experts": 12, "num_experts_per_tok": 5,
            "scoring_func": "sigmoid", "use_routing_bias": True, "shared_intermediate_size": 0,
        },
        keep_f32=BIAS,
        router_std=0.3,
    ),
    "ernie4_5_moe": ernie4_5_moe,
    "ernie4_5_moe-bias": variant(
        ernie4_5_moe,
        config={"use_bias": True, "moe_num_shared_experts": 1, "moe_norm_min": 0.98},
    ),
    "ernie4_5_moe-no-shared": variant(ernie4_5_moe, config={"moe_num_shared_experts": 0}),
    "hunyuan_v1_moe": Golden(
        "hunyuan_v1_moe.HunYuanMoEV1Moe",
        QWEN,
        {
            **SMALL, "model_type": "hunyuan_v1_moe", "intermediate_size": 16, "moe_intermediate_size": [16] * 4,
            "num_experts": 11, "moe_topk": [4] * 4, "num_shared_expert": [1] * 4, "norm_topk_prob": True,
            "use_mixed_mlp_moe": True, "hidden_act": "silu",
        },
        arguments={"layer_idx": 3},
        keep_f32=("gate.wg.weight",),
    ),
    "switch_transformers": switch_transformers,
    "switch_transformers-capacity": variant(
        switch_transformers,
        drops=True,
        config={"expert_capacity": 2, "router_bias": True},
    ),
    "nllb-moe": nllb_moe,
    "nllb-moe-capacity": variant(
        nllb_moe,
        drops=True,
        config={"moe_eval_capacity_token_fraction": 0.25, "batch_prioritized_routing": True, "router_bias": True},
    ),
    "nllb-moe-normalized-first": variant(
        nllb_moe,
        drops=True,
        config={
            "moe_eval_capacity_token_fraction": 0.25, "normalize_router_prob_before_dropping": True,
            "moe_token_dropout": 0.0,
        },
    ),
    "grok-1": Golden(
        blocks.Grok1Moe,
        Names("moe_block."),
        {
            **SMALL, "model_type": "grok-1", "intermediate_size": 24, "num_experts": 8, "num_experts_per_tok": 2,
            "output_multiplier_scale": 0.5773502691896257, "embedding_multiplier_scale": 78.38367176906169,
        },
        keep_f32=("gate.weight",),
    ),
    "gemma4": Golden(
        blocks.Gemma4Moe,
        Names(""),
        {
            **SMALL, "model_type": "gemma4_text", "num_hidden_layers": 6, "intermediate_size": 56,
            "moe_intermediate_size": 16, "num_experts": 10, "top_k_experts": 4, "enable_moe_block": True,
            "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-6,
        },
        nested_in="gemma4",
        prefix="model.language_model.layers.3.",
        router="router",
        router_std=3.0,
    ),
}
