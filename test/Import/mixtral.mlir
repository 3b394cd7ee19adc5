// Softmax over all experts in f32 of logits in bf16; weights stay f32.

// RUN: moe-import %S/../Models/mixtral/config.json | FileCheck %s --check-prefixes=CHECK,PUBLISHED
// RUN: moe-import %S/../Models/mixtral/config.json --names=fused | FileCheck %s --check-prefixes=CHECK,FUSED
// RUN: moe-import %S/../Models/mixtral/config.json --dtype=f16 --tokens=5 | FileCheck %s --check-prefix=STATIC
// RUN: moe-import - < %S/../Models/mixtral/config.json -o %t.mlir
// RUN: moe-opt %t.mlir | moe-opt | FileCheck %s --check-prefix=OPT

// CHECK:          func.func @moe_layer(%hidden_states: tensor<?x40xbf16> {moe.name = "hidden_states"}
// PUBLISHED-SAME:   %gate: tensor<8x40xbf16> {moe.name = "block_sparse_moe.gate.weight"}
// PUBLISHED-SAME:   %experts.w1: tensor<8x24x40xbf16, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w1.weight"}
// PUBLISHED-SAME:   %experts.w3: tensor<8x24x40xbf16, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w3.weight"}
// PUBLISHED-SAME:   %experts.w2: tensor<8x40x24xbf16, #moe.per_expert> {moe.name = "block_sparse_moe.experts.{expert}.w2.weight"}
// FUSED-SAME:       %gate: tensor<8x40xbf16> {moe.name = "mlp.gate.weight"}
// FUSED-SAME:       %experts.gate_up_proj: tensor<8x48x40xbf16> {moe.name = "mlp.experts.gate_up_proj"}
// FUSED-SAME:       %experts.down_proj: tensor<8x40x24xbf16> {moe.name = "mlp.experts.down_proj"}
// CHECK-SAME:     -> (tensor<?x40xbf16> {moe.name = "hidden_states"}, tensor<?x2xi32> {moe.name = "topk_ids"}, tensor<?x2xf32> {moe.name = "topk_weights"})
// CHECK-NEXT:     %[[LOGITS:.*]] = moe.gate linear %hidden_states, %gate : tensor<?x40xbf16>, tensor<8x40xbf16> -> tensor<?x8xbf16>
// CHECK-NEXT:     %[[SCORES:.*]] = moe.score softmax %[[LOGITS]] : tensor<?x8xbf16> -> tensor<?x8xf32>
// CHECK-NEXT:     %[[IDS:.*]] = moe.top_k %[[SCORES]] {k = 2 : i64}
// CHECK-NEXT:     %[[CHOSEN:.*]] = moe.gather_weights %[[SCORES]], %[[IDS]]
// CHECK-NEXT:     %[[WEIGHTS:.*]] = moe.normalize_weights %[[CHOSEN]] {order = 1.000000e+00 : f64} : tensor<?x2xf32>
// CHECK-NEXT:     %offsets, %sources, %positions = moe.group_by_expert %[[IDS]] {num_experts = 8 : i64}
// CHECK-NEXT:     %[[ROWS:.*]] = moe.dispatch %hidden_states, %sources
// PUBLISHED-NEXT: %[[RESULTS:.*]] = moe.expert_mlp separate %[[ROWS]] offsets(%offsets : tensor<9xi32>) up(%experts.w3 :{{.*}}) gate(%experts.w1 :{{.*}}) down(%experts.w2 :{{.*}}) {activation = #moe.activation<silu>}
// FUSED-NEXT:     %[[RESULTS:.*]] = moe.expert_mlp gate_first %[[ROWS]] offsets(%offsets : tensor<9xi32>) up(%experts.gate_up_proj :{{.*}}) down(%experts.down_proj :{{.*}}) {activation = #moe.activation<silu>}
// CHECK-NEXT:     %[[Y:.*]] = moe.combine %[[RESULTS]], %positions weights(%[[WEIGHTS]] : tensor<?x2xf32>)
// CHECK-NEXT:     return %[[Y]], %[[IDS]], %[[WEIGHTS]]

// STATIC: @moe_layer(%hidden_states: tensor<5x40xf16>
// STATIC: moe.combine {{.*}} -> tensor<5x40xf16>

// OPT: moe.combine
