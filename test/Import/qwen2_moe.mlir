// A shared expert behind a gate of its own.

// RUN: moe-import %S/../Models/qwen2_moe/config.json | FileCheck %s

// CHECK:      moe.gather_weights
// CHECK-NEXT: arith.truncf {{.*}} : tensor<?x4xf32> to tensor<?x4xbf16>
// CHECK:      %[[ROUTED:.*]] = moe.combine
// CHECK-NEXT: %[[SHARED:.*]] = moe.expert_mlp separate %hidden_states
// CHECK-NEXT: %[[Q:.*]] = moe.gate linear %hidden_states, %shared_expert_gate : tensor<?x40xbf16>, tensor<1x40xbf16> -> tensor<?x1xbf16>
// CHECK-NEXT: moe.mix sigmoid %[[ROUTED]], %[[SHARED]] coefficient(%[[Q]] : tensor<?x1xbf16>)
