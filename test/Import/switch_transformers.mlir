// A capacity; scores rounded to the type of activations before the choice.

// RUN: moe-import %S/../Models/switch_transformers-capacity/config.json | FileCheck %s

// CHECK:      tensor<6x24x40xbf16, #moe.per_expert> {moe.name = "layer.1.mlp.experts.expert_{expert}.wi.weight"}
// CHECK:      moe.gate linear {{.*}} bias({{.*}} -> tensor<?x6xf32>
// CHECK-NEXT: %[[SCORES:.*]] = moe.score softmax {{.*}} -> tensor<?x6xbf16>
// CHECK-NEXT: %[[IDS:.*]] = moe.top_k %[[SCORES]] {k = 1 : i64}
// CHECK:      %[[CAPACITY:.*]] = arith.constant 2 : index
// CHECK-NEXT: %kept, %slots = moe.assign_slots k_major %[[IDS]], %[[CAPACITY]] {num_experts = 6 : i64}
// CHECK-NEXT: %[[WEIGHTS:.*]] = moe.gather_weights %[[SCORES]], %kept
// CHECK-NEXT: moe.group_by_expert %kept
// CHECK:      moe.expert_mlp none {{.*}} {activation = #moe.activation<relu>}
// CHECK:      return {{.*}}, %kept, %[[WEIGHTS]]
