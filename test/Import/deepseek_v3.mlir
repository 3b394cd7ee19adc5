// Sigmoid scores; a bias that counts for the choice of groups and experts only; a
// shared expert; weights quantised in blocks.

// RUN: split-file %s %t
// RUN: moe-import %S/../Models/deepseek_v3/config.json | FileCheck %s
// RUN: moe-import %t/fp8.json --layer=4 | FileCheck %s --check-prefix=FP8
// RUN: moe-import %t/fp8.json --layer=4 | moe-opt | FileCheck %s --check-prefix=FP8

// CHECK:      @moe_layer
// CHECK-SAME: %gate.e_score_correction_bias: tensor<12xf32>
// CHECK:      %[[LOGITS:.*]] = moe.gate linear {{.*}} : tensor<?x40xbf16>, tensor<12x40xbf16> -> tensor<?x12xf32>
// CHECK-NEXT: %[[SCORES:.*]] = moe.score sigmoid %[[LOGITS]]
// CHECK-NEXT: %[[LIMITED:.*]] = moe.limit_groups sum_top %[[SCORES]] bias(%gate.e_score_correction_bias : tensor<12xf32>) {keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64}
// CHECK-NEXT: %[[IDS:.*]] = moe.top_k %[[LIMITED]] {k = 4 : i64} : tensor<?x12xf32>
// CHECK-NEXT: %[[CHOSEN:.*]] = moe.gather_weights %[[SCORES]], %[[IDS]]
// CHECK-NEXT: moe.normalize_weights %[[CHOSEN]] {eps = 9.9999999999999995E-21 : f64, eps_mode = #moe.eps_mode<add>, order = 1.000000e+00 : f64, scale = 2.500000e+00 : f64}
// CHECK:      %[[ROUTED:.*]] = moe.combine
// CHECK-NEXT: %[[SHARED:.*]] = moe.expert_mlp separate %hidden_states up(%shared_experts.up_proj
// CHECK-NEXT: moe.mix add %[[ROUTED]], %[[SHARED]] : tensor<?x40xbf16>

// A single group is no limit, and then the choice adds the bias.
// FP8: tensor<4x48x64xf8E4M3FN, #moe.per_expert> {moe.name = "mlp.experts.{expert}.gate_proj.weight"}
// FP8-SAME: tensor<4x2x2xf32, #moe.per_expert> {moe.name = "mlp.experts.{expert}.gate_proj.weight_scale_inv"}
// FP8-SAME: tensor<48x64xf8E4M3FN> {moe.name = "mlp.shared_experts.gate_proj.weight"}
// FP8-SAME: tensor<2x2xf32> {moe.name = "mlp.shared_experts.gate_proj.weight_scale_inv"}
// FP8: moe.top_k {{.*}} bias({{.*}} : tensor<4xf32>) {k = 2 : i64}
// FP8: moe.dequantize block {{.*}} {block_shape = array<i64: 1, 32, 32>} {{.*}} -> tensor<4x48x64xbf16>
// FP8: moe.dequantize block {{.*}} {block_shape = array<i64: 32, 32>} {{.*}} -> tensor<48x64xbf16>

//--- fp8.json
{"model_type": "deepseek_v3", "torch_dtype": "bfloat16", "num_hidden_layers": 5,
 "hidden_size": 64, "moe_intermediate_size": 48, "n_routed_experts": 4,
 "num_experts_per_tok": 2, "n_shared_experts": 1, "n_group": 1, "topk_group": 1,
 "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
                         "weight_block_size": [32, 32]}}
