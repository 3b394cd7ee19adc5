// All experts' matrices in one; a norm of any order; sums in the type of activations.

// RUN: moe-import %S/../Models/dbrx-l2/config.json | FileCheck %s --check-prefixes=CHECK,L2
// RUN: moe-import %S/../Models/dbrx-unnormalized/config.json | FileCheck %s --check-prefixes=CHECK,NONE

// CHECK:     tensor<168x40xbf16> {moe.name = "ffn.experts.mlp.w1"}
// CHECK:     moe.score softmax {{.*}} -> tensor<?x7xbf16>
// CHECK:     moe.gather_weights
// L2-NEXT:   moe.normalize_weights {{.*}} {order = 2.000000e+00 : f64} : tensor<?x4xbf16>
// NONE-NOT:  moe.normalize_weights
// CHECK:     tensor.expand_shape {{.*}} tensor<168x40xbf16> into tensor<7x24x40xbf16>
// CHECK:     moe.expert_mlp separate {{.*}} down_layout = #moe.matrix_layout<in_out>
// CHECK:     moe.combine {{.*}} {accumulate = #moe.accumulate<result>, order = #moe.combine_order<expert>}
