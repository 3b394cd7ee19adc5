// Weights of four bits: AWQ and GPTQ store matrices in by out, AWQ's words hold outputs, the
// even ones first, GPTQ's inputs; compressed-tensors keeps out by in. Without a checkpoint all
// matrices of experts and of shared experts count as quantised.

// RUN: split-file %s %t
// RUN: moe-import %t/awq.json | FileCheck %s --check-prefix=AWQ
// RUN: moe-import %t/gptq.json | FileCheck %s --check-prefix=GPTQ
// RUN: moe-import %t/gptq-v2.json | FileCheck %s --check-prefix=V2
// RUN: moe-import %t/symmetric.json --layer=4 | FileCheck %s --check-prefix=SYMMETRIC
// RUN: moe-import %t/asymmetric.json --layer=4 | moe-opt | FileCheck %s --check-prefix=ASYMMETRIC

// AWQ: %gate: tensor<4x64xf16>
// AWQ-SAME: tensor<4x64x16xi32, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.qweight"}
// AWQ-SAME: tensor<4x2x128xf16, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.scales"}
// AWQ-SAME: tensor<4x2x16xi32, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.qzeros"}
// AWQ-SAME: tensor<4x128x8xi32, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w2.qweight"}
// AWQ: moe.dequantize int4 {{.*}} zero_points({{.*}}) {block_shape = array<i64: 1, 32, 1>, order = #moe.nibble_order<even_first>} {{.*}} -> tensor<4x64x128xf16>
// AWQ: moe.expert_mlp {{.*}}down_layout = #moe.matrix_layout<in_out>, up_layout = #moe.matrix_layout<in_out>

// GPTQ: tensor<4x8x128xi32, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.qweight"}
// GPTQ-SAME: tensor<4x2x16xi32, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.qzeros"}
// GPTQ: moe.dequantize int4 {{.*}} {block_shape = array<i64: 1, 32, 1>, zero_offset = 1 : i64} {{.*}} -> tensor<4x64x128xf16>

// One group of all inputs.
// V2: tensor<4x1x128xf16, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.scales"}
// V2: moe.dequantize int4 {{.*}} {block_shape = array<i64: 1, 64, 1>} {{.*}} -> tensor<4x64x128xf16>
// V2: moe.dequantize int4 {{.*}} {block_shape = array<i64: 1, 128, 1>} {{.*}} -> tensor<4x128x64xf16>

// SYMMETRIC: tensor<4x48x8xi32, #moe.per_expert> {moe.name = "mlp.experts.{expert}.gate_proj.weight_packed"}
// SYMMETRIC-SAME: tensor<4x48x4xbf16, #moe.per_expert> {moe.name = "mlp.experts.{expert}.gate_proj.weight_scale"}
// SYMMETRIC-NOT: zero_point
// SYMMETRIC: tensor<48x8xi32> {moe.name = "mlp.shared_experts.gate_proj.weight_packed"}
// SYMMETRIC-NOT: zero_point
// SYMMETRIC: moe.dequantize int4 {{.*}} {block_shape = array<i64: 1, 1, 16>} : tensor<4x48x8xi32, #moe.per_expert>, tensor<4x48x4xbf16, #moe.per_expert> -> tensor<4x48x64xbf16>
// SYMMETRIC: moe.dequantize int4 {{.*}} {block_shape = array<i64: 1, 16>} : tensor<48x8xi32>, tensor<48x4xbf16> -> tensor<48x64xbf16>

// ASYMMETRIC: tensor<4x6x1xi32, #moe.per_expert> {moe.name = "mlp.experts.{expert}.gate_proj.weight_zero_point"}
// ASYMMETRIC: moe.dequantize int4 {{.*}} zero_points({{.*}} : tensor<4x6x1xi32, #moe.per_expert>) {block_shape = array<i64: 1, 1, 64>}

//--- awq.json
{"model_type": "mixtral", "torch_dtype": "float16", "num_hidden_layers": 2,
 "hidden_size": 64, "intermediate_size": 128, "num_local_experts": 4,
 "num_experts_per_tok": 2,
 "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemm", "zero_point": true}}
//--- gptq.json
{"model_type": "mixtral", "torch_dtype": "float16", "num_hidden_layers": 2,
 "hidden_size": 64, "intermediate_size": 128, "num_local_experts": 4,
 "num_experts_per_tok": 2,
 "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": false, "sym": true}}
//--- gptq-v2.json
{"model_type": "mixtral", "torch_dtype": "float16", "num_hidden_layers": 2,
 "hidden_size": 64, "intermediate_size": 128, "num_local_experts": 4,
 "num_experts_per_tok": 2,
 "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": -1, "checkpoint_format": "gptq_v2"}}
//--- symmetric.json
{"model_type": "kimi_k2", "torch_dtype": "bfloat16", "num_hidden_layers": 5,
 "hidden_size": 64, "moe_intermediate_size": 48, "n_routed_experts": 4,
 "num_experts_per_tok": 2, "n_shared_experts": 1, "n_group": 1, "topk_group": 1,
 "quantization_config": {"quant_method": "compressed-tensors", "format": "pack-quantized",
                         "config_groups": {"group_0": {"weights": {
                           "num_bits": 4, "type": "int", "symmetric": true, "strategy": "group",
                           "group_size": 16, "actorder": null}}}}}
//--- asymmetric.json
{"model_type": "kimi_k2", "torch_dtype": "bfloat16", "num_hidden_layers": 5,
 "hidden_size": 64, "moe_intermediate_size": 48, "n_routed_experts": 4,
 "num_experts_per_tok": 2, "n_shared_experts": 1, "n_group": 1, "topk_group": 1,
 "quantization_config": {"quant_method": "compressed-tensors", "format": "pack-quantized",
                         "config_groups": {"group_0": {"weights": {
                           "num_bits": 4, "type": "int", "symmetric": false, "strategy": "channel",
                           "group_size": null, "actorder": null}}}}}
