// RUN: moe-opt %s | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck --strict-whitespace %s

// CHECK-LABEL: func.func @dispatch(
func.func @dispatch(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %w: tensor<?x2xf32>,
                    %p: tensor<?x2xi32>) {
  // CHECK: moe.dispatch %arg0, %arg1 : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %copied = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  // CHECK: moe.dispatch %arg0, %arg1 weights(%arg2 : tensor<?x2xf32>) positions(%arg3 : tensor<?x2xi32>) : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xbf16>
  %weighted = moe.dispatch %x, %s weights(%w : tensor<?x2xf32>) positions(%p : tensor<?x2xi32>)
    : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xbf16>
  return
}

// CHECK-LABEL: func.func @expert_mlp_none(
func.func @expert_mlp_none(%r: tensor<?x64xf32>, %o: tensor<9xi32>, %up: tensor<8x48x64xf32>,
                           %down: tensor<8x64x48xf32>, %up_bias: tensor<8x48xf32>,
                           %down_bias: tensor<8x64xf32>) {
  // CHECK: moe.expert_mlp none %arg0 offsets(%arg1 : tensor<9xi32>) up(%arg2 : tensor<8x48x64xf32>) {activation = #moe.activation<identity>} : tensor<?x64xf32> -> tensor<?x48xf32>
  %first = moe.expert_mlp none %r offsets(%o : tensor<9xi32>) up(%up : tensor<8x48x64xf32>)
    {activation = #moe.activation<identity>} : tensor<?x64xf32> -> tensor<?x48xf32>
  // CHECK: moe.expert_mlp none %arg0 offsets(%arg1 : tensor<9xi32>) up(%arg2 : tensor<8x48x64xf32>) down(%arg3 : tensor<8x64x48xf32>) up_bias(%arg4 : tensor<8x48xf32>) down_bias(%arg5 : tensor<8x64xf32>) {activation = #moe.activation<relu_squared>} : tensor<?x64xf32> -> tensor<?x64xf32>
  %both = moe.expert_mlp none %r offsets(%o : tensor<9xi32>) up(%up : tensor<8x48x64xf32>)
    down(%down : tensor<8x64x48xf32>) up_bias(%up_bias : tensor<8x48xf32>)
    down_bias(%down_bias : tensor<8x64xf32>)
    {activation = #moe.activation<relu_squared>} : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @expert_mlp_separate(
func.func @expert_mlp_separate(%r: tensor<?x64xbf16>, %o: tensor<9xi32>,
                               %up: tensor<8x48x64xbf16, #moe.per_expert>,
                               %gate: tensor<8x48x64xbf16, #moe.per_expert>,
                               %down: tensor<8x64x48xbf16, #moe.per_expert>,
                               %up_bias: tensor<8x48xbf16>, %gate_bias: tensor<8x48xbf16>) {
  // CHECK: moe.expert_mlp separate %arg0 offsets(%arg1 : tensor<9xi32>) up(%arg2 : tensor<8x48x64xbf16, #moe.per_expert>) gate(%arg3 : tensor<8x48x64xbf16, #moe.per_expert>) down(%arg4 : tensor<8x64x48xbf16, #moe.per_expert>) up_bias(%arg5 : tensor<8x48xbf16>) gate_bias(%arg6 : tensor<8x48xbf16>) {activation = #moe.activation<silu>} : tensor<?x64xbf16> -> tensor<?x64xbf16>
  %y = moe.expert_mlp separate %r offsets(%o : tensor<9xi32>)
    up(%up : tensor<8x48x64xbf16, #moe.per_expert>)
    gate(%gate : tensor<8x48x64xbf16, #moe.per_expert>)
    down(%down : tensor<8x64x48xbf16, #moe.per_expert>)
    up_bias(%up_bias : tensor<8x48xbf16>) gate_bias(%gate_bias : tensor<8x48xbf16>)
    {activation = #moe.activation<silu>} : tensor<?x64xbf16> -> tensor<?x64xbf16>
  return
}

// CHECK-LABEL: func.func @expert_mlp_fused(
func.func @expert_mlp_fused(%r: tensor<?x64xf32>, %o: tensor<9xi32>, %up: tensor<8x96x64xf32>,
                            %up_t: tensor<8x64x96xf32>, %down_t: tensor<8x48x64xf32>) {
  // CHECK: moe.expert_mlp gate_first %arg0 offsets(%arg1 : tensor<9xi32>) up(%arg2 : tensor<8x96x64xf32>) {activation = #moe.activation<gelu_tanh>} : tensor<?x64xf32> -> tensor<?x48xf32>
  %gate_first = moe.expert_mlp gate_first %r offsets(%o : tensor<9xi32>)
    up(%up : tensor<8x96x64xf32>) {activation = #moe.activation<gelu_tanh>}
    : tensor<?x64xf32> -> tensor<?x48xf32>
  // CHECK: moe.expert_mlp up_first %arg0 offsets(%arg1 : tensor<9xi32>) up(%arg2 : tensor<8x96x64xf32>) {activation = #moe.activation<gelu_erf>} : tensor<?x64xf32> -> tensor<?x48xf32>
  %up_first = moe.expert_mlp up_first %r offsets(%o : tensor<9xi32>)
    up(%up : tensor<8x96x64xf32>) {activation = #moe.activation<gelu_erf>}
    : tensor<?x64xf32> -> tensor<?x48xf32>
  // CHECK: moe.expert_mlp interleaved %arg0 offsets(%arg1 : tensor<9xi32>) up(%arg3 : tensor<8x64x96xf32>) down(%arg4 : tensor<8x48x64xf32>) {activation = #moe.activation<silu, alpha = 1.702000e+00 : f64, gate_max = 7.000000e+00 : f64, up_limit = 7.000000e+00 : f64, up_offset = 1.000000e+00 : f64>, down_layout = #moe.matrix_layout<in_out>, up_layout = #moe.matrix_layout<in_out>} : tensor<?x64xf32> -> tensor<?x64xf32>
  %interleaved = moe.expert_mlp interleaved %r offsets(%o : tensor<9xi32>)
    up(%up_t : tensor<8x64x96xf32>) down(%down_t : tensor<8x48x64xf32>)
    {activation = #moe.activation<silu, alpha = 1.702 : f64, gate_max = 7.0 : f64,
       up_limit = 7.0 : f64, up_offset = 1.0 : f64>,
     down_layout = #moe.matrix_layout<in_out>, up_layout = #moe.matrix_layout<in_out>}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @expert_mlp_single(
func.func @expert_mlp_single(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>,
                             %down: tensor<64x48xf32>, %bias: tensor<64xf32>) {
  // CHECK: moe.expert_mlp none %arg0 up(%arg1 : tensor<48x64xf32>) down(%arg2 : tensor<64x48xf32>) down_bias(%arg3 : tensor<64xf32>) {activation = #moe.activation<relu>} : tensor<?x64xf32> -> tensor<?x64xf32>
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) down(%down : tensor<64x48xf32>)
    down_bias(%bias : tensor<64xf32>) {activation = #moe.activation<relu>}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @expert_mlp_identity(
func.func @expert_mlp_identity(%r: tensor<?x64xf32>, %o: tensor<13xi32>,
                               %up: tensor<8x96x64xf32>, %down: tensor<8x64x48xf32>) {
  // CHECK: moe.expert_mlp gate_first %arg0 offsets(%arg1 : tensor<13xi32>) up(%arg2 : tensor<8x96x64xf32>) down(%arg3 : tensor<8x64x48xf32>) {activation = #moe.activation<silu, gate_min = -7.000000e+00 : f64>, identity_experts = 4 : i64} : tensor<?x64xf32> -> tensor<?x64xf32>
  %y = moe.expert_mlp gate_first %r offsets(%o : tensor<13xi32>) up(%up : tensor<8x96x64xf32>)
    down(%down : tensor<8x64x48xf32>)
    {activation = #moe.activation<silu, gate_min = -7.0 : f64>, identity_experts = 4 : i64}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @dequantize(
func.func @dequantize(%d: tensor<8x256x200xf8E4M3FN>, %s: tensor<8x2x2xf32>,
                      %nibbles: tensor<8x64x2x16xi8>, %bytes: tensor<8x64x2xi8>,
                      %words: tensor<8x256x8xi32>, %groups: tensor<8x8x64xf16>,
                      %zeros: tensor<8x1x64xi32>) {
  // CHECK: moe.dequantize block %arg0, %arg1 {block_shape = array<i64: 1, 128, 128>} : tensor<8x256x200xf8E4M3FN>, tensor<8x2x2xf32> -> tensor<8x256x200xbf16>
  %block = moe.dequantize block %d, %s {block_shape = array<i64: 1, 128, 128>}
    : tensor<8x256x200xf8E4M3FN>, tensor<8x2x2xf32> -> tensor<8x256x200xbf16>
  // CHECK: moe.dequantize mxfp4 %arg2, %arg3 : tensor<8x64x2x16xi8>, tensor<8x64x2xi8> -> tensor<8x64x64xbf16>
  %mxfp4 = moe.dequantize mxfp4 %nibbles, %bytes
    : tensor<8x64x2x16xi8>, tensor<8x64x2xi8> -> tensor<8x64x64xbf16>
  // CHECK: moe.dequantize int4 %arg4, %arg5 {block_shape = array<i64: 1, 32, 1>} : tensor<8x256x8xi32>, tensor<8x8x64xf16> -> tensor<8x256x64xf16>
  %symmetric = moe.dequantize int4 %words, %groups {block_shape = array<i64: 1, 32, 1>}
    : tensor<8x256x8xi32>, tensor<8x8x64xf16> -> tensor<8x256x64xf16>
  // CHECK: moe.dequantize int4 %arg4, %arg5 zero_points(%arg6 : tensor<8x1x64xi32>) {block_shape = array<i64: 1, 32, 1>, order = #moe.nibble_order<even_first>, zero_offset = 1 : i64} : tensor<8x256x8xi32>, tensor<8x8x64xf16> -> tensor<8x256x64xf16>
  %int4 = moe.dequantize int4 %words, %groups zero_points(%zeros : tensor<8x1x64xi32>)
    {block_shape = array<i64: 1, 32, 1>, order = #moe.nibble_order<even_first>, zero_offset = 1 : i64}
    : tensor<8x256x8xi32>, tensor<8x8x64xf16> -> tensor<8x256x64xf16>
  return
}

// CHECK-LABEL: func.func @combine(
func.func @combine(%r: tensor<?x64xbf16>, %p: tensor<?x2xi32>, %w: tensor<?x2xf32>) {
  // CHECK: moe.combine %arg0, %arg1 : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  %sum = moe.combine %r, %p : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  // CHECK: moe.combine %arg0, %arg1 weights(%arg2 : tensor<?x2xf32>) {accumulate = #moe.accumulate<result>, order = #moe.combine_order<expert>} : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xf32>
  %weighted = moe.combine %r, %p weights(%w : tensor<?x2xf32>)
    {accumulate = #moe.accumulate<result>, order = #moe.combine_order<expert>}
    : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @mix(
func.func @mix(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>, %q: tensor<?x1xf32>,
               %q2: tensor<?x2xf32>) {
  // CHECK: moe.mix add %arg0, %arg1 {a_scale = 5.000000e-01 : f64, b_scale = 2.000000e+00 : f64} : tensor<?x64xf32>
  %add = moe.mix add %a, %b {a_scale = 0.5 : f64, b_scale = 2.0 : f64} : tensor<?x64xf32>
  // CHECK: moe.mix sigmoid %arg0, %arg1 coefficient(%arg2 : tensor<?x1xf32>) : tensor<?x64xf32>
  %sigmoid = moe.mix sigmoid %a, %b coefficient(%q : tensor<?x1xf32>) : tensor<?x64xf32>
  // CHECK: moe.mix convex_sigmoid %arg0, %arg1 coefficient(%arg2 : tensor<?x1xf32>) : tensor<?x64xf32>
  %convex = moe.mix convex_sigmoid %a, %b coefficient(%q : tensor<?x1xf32>) : tensor<?x64xf32>
  // CHECK: moe.mix softmax %arg0, %arg1 coefficient(%arg3 : tensor<?x2xf32>) : tensor<?x64xf32>
  %softmax = moe.mix softmax %a, %b coefficient(%q2 : tensor<?x2xf32>) : tensor<?x64xf32>
  return
}

// Names bind the arguments and results of a layer to the tensors of a file.
// CHECK-LABEL: func.func @names(
// CHECK-SAME: %arg0: tensor<?x64xf32> {moe.name = "hidden_states"}
// CHECK-SAME: %arg1: tensor<8x48x64xf32, #moe.per_expert> {moe.name = "experts.{expert}.w1.weight"})
// CHECK-SAME: (tensor<?x64xf32> {moe.name = "hidden_states"})
func.func @names(%x: tensor<?x64xf32> {moe.name = "hidden_states"},
                 %w: tensor<8x48x64xf32, #moe.per_expert> {moe.name = "experts.{expert}.w1.weight"})
    -> (tensor<?x64xf32> {moe.name = "hidden_states"}) {
  return %x : tensor<?x64xf32>
}
