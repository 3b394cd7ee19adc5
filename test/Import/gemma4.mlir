// Norms before router and experts; a factor per expert on the weights.

// RUN: moe-import %S/../Models/gemma4/config.json | FileCheck %s

// CHECK: math.rsqrt
// CHECK: %[[WEIGHTS:.*]] = moe.normalize_weights
// CHECK: %[[SCALED:.*]] = linalg.generic {{.*}} ins(%[[WEIGHTS]],
// CHECK: tensor.extract %router.per_expert_scale
// CHECK: %[[NORM:.*]] = linalg.generic {{.*}} ins(%hidden_states, {{.*}}, %pre_feedforward_layernorm_2
// CHECK: moe.dispatch %[[NORM]]
// CHECK: moe.combine {{.*}} weights(%[[SCALED]]
