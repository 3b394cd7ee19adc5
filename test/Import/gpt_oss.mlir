// Softmax of the chosen logits in their own type; biases; a clamped activation of
// interleaved projections; weights in MXFP4 lie the other way round.

// RUN: moe-import %S/../Models/gpt_oss/config.json | FileCheck %s --check-prefixes=CHECK,PLAIN
// RUN: moe-import %S/../Models/gpt_oss-mxfp4/config.json | FileCheck %s --check-prefixes=CHECK,MXFP4

// CHECK:       @moe_layer
// PLAIN-SAME:  tensor<5x64x64xbf16> {moe.name = "mlp.experts.gate_up_proj"}
// PLAIN-SAME:  tensor<5x64xbf16> {moe.name = "mlp.experts.gate_up_proj_bias"}
// PLAIN-SAME:  tensor<5x32x64xbf16> {moe.name = "mlp.experts.down_proj"}
// MXFP4-SAME:  tensor<5x64x2x16xi8> {moe.name = "mlp.experts.gate_up_proj_blocks"}
// MXFP4-SAME:  tensor<5x64x2xi8> {moe.name = "mlp.experts.gate_up_proj_scales"}
// MXFP4-SAME:  tensor<5x64x1x16xi8> {moe.name = "mlp.experts.down_proj_blocks"}
// CHECK:       %[[LOGITS:.*]] = moe.gate linear {{.*}} bias(
// CHECK-NEXT:  %[[IDS:.*]] = moe.top_k %[[LOGITS]] {k = 4 : i64} : tensor<?x5xbf16>
// CHECK-NEXT:  %[[CHOSEN:.*]] = moe.gather_weights %[[LOGITS]], %[[IDS]]
// CHECK-NEXT:  moe.score softmax %[[CHOSEN]] : tensor<?x4xbf16> -> tensor<?x4xbf16>
// MXFP4:       %[[UP:.*]] = moe.dequantize mxfp4 {{.*}} -> tensor<5x64x64xbf16>
// MXFP4-NEXT:  %[[DOWN:.*]] = moe.dequantize mxfp4 {{.*}} -> tensor<5x64x32xbf16>
// MXFP4-NEXT:  moe.expert_mlp interleaved {{.*}} up(%[[UP]] {{.*}} down(%[[DOWN]]
// MXFP4-NOT:   in_out
// PLAIN:       moe.expert_mlp interleaved
// PLAIN-SAME:  {activation = #moe.activation<silu, alpha = 1.702000e+00 : f64, gate_max = 2.500000e+00 : f64, up_limit = 2.500000e+00 : f64, up_offset = 1.000000e+00 : f64>, down_layout = #moe.matrix_layout<in_out>, up_layout = #moe.matrix_layout<in_out>}
