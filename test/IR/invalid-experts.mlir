// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @dispatch_c1(%x: tensor<?x64xf32>, %s: tensor<?xi32>) {
  // expected-error @below {{row width is 32, expected 64}}
  %r = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return
}

// -----

func.func @dispatch_c1_rows(%x: tensor<?x64xf32>, %s: tensor<16xi32>) {
  // expected-error @below {{row count is 8, expected 16}}
  %r = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<16xi32> -> tensor<8x64xf32>
  return
}

// -----

func.func @dispatch_c2(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %w: tensor<?x2xf32>) {
  // expected-error @below {{weights are given without positions}}
  %r = moe.dispatch %x, %s weights(%w : tensor<?x2xf32>)
    : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @dispatch_c2_positions(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %p: tensor<?x2xi32>) {
  // expected-error @below {{positions are given without weights}}
  %r = moe.dispatch %x, %s positions(%p : tensor<?x2xi32>)
    : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @dispatch_c2_shape(%x: tensor<?x64xf32>, %s: tensor<?xi32>, %w: tensor<?x2xf32>,
                             %p: tensor<?x3xi32>) {
  // expected-error @below {{dimension 1 of positions is 3, expected 2}}
  %r = moe.dispatch %x, %s weights(%w : tensor<?x2xf32>) positions(%p : tensor<?x3xi32>)
    : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @dispatch_c2_tokens(%x: tensor<4x64xf32>, %s: tensor<?xi32>, %w: tensor<5x2xf32>,
                              %p: tensor<5x2xi32>) {
  // expected-error @below {{token count of weights is 5, expected 4}}
  %r = moe.dispatch %x, %s weights(%w : tensor<5x2xf32>) positions(%p : tensor<5x2xi32>)
    : tensor<4x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @expert_mlp_c1(%r: tensor<?x64xf32>, %o: tensor<9xi32>, %up: tensor<48x64xf32>) {
  // expected-error @below {{rank of up is 2, expected 3 with offsets}}
  %y = moe.expert_mlp none %r offsets(%o : tensor<9xi32>) up(%up : tensor<48x64xf32>)
    {activation = #moe.activation<relu>} : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c1_single(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>,
                                %bias: tensor<1x48xf32>) {
  // expected-error @below {{rank of up_bias is 2, expected 1 without offsets}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) up_bias(%bias : tensor<1x48xf32>)
    {activation = #moe.activation<relu>} : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c1_dynamic(%r: tensor<?x64xf32>, %o: tensor<9xi32>, %up: tensor<?x48x64xf32>) {
  // expected-error @below {{up is 'tensor<?x48x64xf32>', expected a static shape}}
  %y = moe.expert_mlp none %r offsets(%o : tensor<9xi32>) up(%up : tensor<?x48x64xf32>)
    {activation = #moe.activation<relu>} : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c2(%r: tensor<?x64xf32>, %o: tensor<9xi32>, %up: tensor<8x48x64xf32>,
                         %down: tensor<4x64x48xf32>) {
  // expected-error @below {{expert count of down is 4, expected 8}}
  %y = moe.expert_mlp none %r offsets(%o : tensor<9xi32>) up(%up : tensor<8x48x64xf32>)
    down(%down : tensor<4x64x48xf32>) {activation = #moe.activation<relu>}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @expert_mlp_c2_offsets(%r: tensor<?x64xf32>, %o: tensor<9xi32>,
                                 %up: tensor<8x64x64xf32>) {
  // expected-error @below {{length of the offsets is 9, expected 11}}
  %y = moe.expert_mlp none %r offsets(%o : tensor<9xi32>) up(%up : tensor<8x64x64xf32>)
    {activation = #moe.activation<relu>, identity_experts = 2 : i64}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @expert_mlp_c2_identity(%r: tensor<?x64xf32>, %o: tensor<9xi32>,
                                  %up: tensor<8x64x64xf32>) {
  // expected-error @below {{identity_experts is -1, expected 0 to 2147483647}}
  %y = moe.expert_mlp none %r offsets(%o : tensor<9xi32>) up(%up : tensor<8x64x64xf32>)
    {activation = #moe.activation<relu>, identity_experts = -1 : i64}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @expert_mlp_c3(%r: tensor<?x64xf32>, %up: tensor<48x32xf32>) {
  // expected-error @below {{input width of up is 32, expected 64}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x32xf32>) {activation = #moe.activation<relu>}
    : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c3_gate(%r: tensor<?x64xf32>, %up: tensor<64x48xf32>,
                              %gate: tensor<48x64xf32>) {
  // expected-error @below {{input width of gate is 48, expected 64}}
  %y = moe.expert_mlp separate %r up(%up : tensor<64x48xf32>) gate(%gate : tensor<48x64xf32>)
    {activation = #moe.activation<silu>, up_layout = #moe.matrix_layout<in_out>}
    : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c4(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>) {
  // expected-error @below {{gate is missing, needed for gating separate}}
  %y = moe.expert_mlp separate %r up(%up : tensor<48x64xf32>) {activation = #moe.activation<silu>}
    : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c4_bias(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>, %b: tensor<48xf32>) {
  // expected-error @below {{gate_bias is given, only allowed for gating separate}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) gate_bias(%b : tensor<48xf32>)
    {activation = #moe.activation<silu>} : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c5_gate(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>,
                              %gate: tensor<32x64xf32>) {
  // expected-error @below {{output width of gate is 32, expected 48}}
  %y = moe.expert_mlp separate %r up(%up : tensor<48x64xf32>) gate(%gate : tensor<32x64xf32>)
    {activation = #moe.activation<silu>} : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c5_gate_bias(%r: tensor<?x64xf32>, %w: tensor<48x64xf32>, %b: tensor<96xf32>) {
  // expected-error @below {{width of gate_bias is 96, expected 48}}
  %y = moe.expert_mlp separate %r up(%w : tensor<48x64xf32>) gate(%w : tensor<48x64xf32>)
    gate_bias(%b : tensor<96xf32>) {activation = #moe.activation<silu>}
    : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c5_up_bias(%r: tensor<?x64xf32>, %up: tensor<96x64xf32>, %b: tensor<48xf32>) {
  // expected-error @below {{width of up_bias is 48, expected 96}}
  %y = moe.expert_mlp gate_first %r up(%up : tensor<96x64xf32>) up_bias(%b : tensor<48xf32>)
    {activation = #moe.activation<silu>} : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c5_down(%r: tensor<?x64xf32>, %up: tensor<96x64xf32>,
                              %down: tensor<64x96xf32>) {
  // expected-error @below {{input width of down is 96, expected 48}}
  %y = moe.expert_mlp gate_first %r up(%up : tensor<96x64xf32>) down(%down : tensor<64x96xf32>)
    {activation = #moe.activation<silu>} : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @expert_mlp_c6(%r: tensor<?x64xf32>, %up: tensor<95x64xf32>) {
  // expected-error @below {{width of up is 95, expected an even number for gating interleaved}}
  %y = moe.expert_mlp interleaved %r up(%up : tensor<95x64xf32>)
    {activation = #moe.activation<silu>} : tensor<?x64xf32> -> tensor<?x47xf32>
  return
}

// -----

func.func @expert_mlp_c7(%r: tensor<4x64xf32>, %up: tensor<48x64xf32>) {
  // expected-error @below {{row count of the result is 5, expected 4}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) {activation = #moe.activation<relu>}
    : tensor<4x64xf32> -> tensor<5x48xf32>
  return
}

// -----

func.func @expert_mlp_c7_width(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>) {
  // expected-error @below {{width of the result is 64, expected 48}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) {activation = #moe.activation<relu>}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @expert_mlp_c8(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>, %b: tensor<48xf32>) {
  // expected-error @below {{down_bias is given, only allowed with down}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) down_bias(%b : tensor<48xf32>)
    {activation = #moe.activation<relu>} : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @expert_mlp_c8_width(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>,
                               %down: tensor<64x48xf32>, %b: tensor<48xf32>) {
  // expected-error @below {{width of down_bias is 48, expected 64}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) down(%down : tensor<64x48xf32>)
    down_bias(%b : tensor<48xf32>) {activation = #moe.activation<relu>}
    : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @expert_mlp_c8_identity(%r: tensor<?x64xf32>, %o: tensor<11xi32>,
                                  %up: tensor<8x48x64xf32>) {
  // expected-error @below {{identity_experts is 2, expected 0 for input width 64 and output width 48}}
  %y = moe.expert_mlp none %r offsets(%o : tensor<11xi32>) up(%up : tensor<8x48x64xf32>)
    {activation = #moe.activation<relu>, identity_experts = 2 : i64}
    : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @dequantize_c1(%d: tensor<64x64xi8>, %s: tensor<1x1xf32>) {
  // expected-error @below {{block_shape is missing, needed for schemes block and int4}}
  %w = moe.dequantize block %d, %s : tensor<64x64xi8>, tensor<1x1xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c1_mxfp4(%d: tensor<64x2x16xi8>, %s: tensor<64x2xi8>) {
  // expected-error @below {{block_shape is given, only allowed for schemes block and int4}}
  %w = moe.dequantize mxfp4 %d, %s {block_shape = array<i64: 1, 1, 1>}
    : tensor<64x2x16xi8>, tensor<64x2xi8> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c1_size(%d: tensor<64x64xi8>, %s: tensor<1x1xf32>) {
  // expected-error @below {{block_shape is [64, 0], expected one positive size for each of 2 dimensions}}
  %w = moe.dequantize block %d, %s {block_shape = array<i64: 64, 0>}
    : tensor<64x64xi8>, tensor<1x1xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c2(%d: tensor<64x64xi8>, %s: tensor<1x1xf32>) {
  // expected-error @below {{data is 'tensor<64x64xi8>', expected bytes in the static shape of the result, 'tensor<64x32xf32>'}}
  %w = moe.dequantize block %d, %s {block_shape = array<i64: 64, 64>}
    : tensor<64x64xi8>, tensor<1x1xf32> -> tensor<64x32xf32>
  return
}

// -----

func.func @dequantize_c2_scales(%d: tensor<64x65xi8>, %s: tensor<1x1xf32>) {
  // expected-error @below {{scales are 'tensor<1x1xf32>', expected one float per block of [64, 64]}}
  %w = moe.dequantize block %d, %s {block_shape = array<i64: 64, 64>}
    : tensor<64x65xi8>, tensor<1x1xf32> -> tensor<64x65xf32>
  return
}

// -----

func.func @dequantize_c2_words(%d: tensor<64x64xi32>, %s: tensor<1x1xf32>) {
  // expected-error @below {{data is 'tensor<64x64xi32>', expected bytes in the static shape of the result, 'tensor<64x64xf32>'}}
  %w = moe.dequantize block %d, %s {block_shape = array<i64: 64, 64>}
    : tensor<64x64xi32>, tensor<1x1xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c2_int4(%d: tensor<64x8xi32>, %s: tensor<64x2xf32>) {
  // expected-error @below {{scales are 'tensor<64x2xf32>', expected one float per block of [1, 16] of 'tensor<64x64xf32>'}}
  %w = moe.dequantize int4 %d, %s {block_shape = array<i64: 1, 16>}
    : tensor<64x8xi32>, tensor<64x2xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c3(%d: tensor<64x2x16xi8>, %s: tensor<64x2xi8>) {
  // expected-error @below {{are not blocks of 16 bytes with one byte of scale}}
  %w = moe.dequantize mxfp4 %d, %s
    : tensor<64x2x16xi8>, tensor<64x2xi8> -> tensor<64x32xf32>
  return
}

// -----

func.func @dequantize_c3_scalar(%d: tensor<2x16xi8>, %s: tensor<2xi8>) {
  // expected-error @below {{are not blocks of 16 bytes with one byte of scale}}
  %w = moe.dequantize mxfp4 %d, %s : tensor<2x16xi8>, tensor<2xi8> -> tensor<f32>
  return
}

// -----

func.func @dequantize_c4(%d: tensor<8x8xi32>, %s: tensor<64x2xf32>) {
  // expected-error @below {{data is 'tensor<8x8xi32>', expected integers of 4 bits for each element of 'tensor<64x64xf32>'}}
  %w = moe.dequantize int4 %d, %s {block_shape = array<i64: 1, 32>}
    : tensor<8x8xi32>, tensor<64x2xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c4_float(%d: tensor<64x32xf8E5M2>, %s: tensor<64x2xf32>) {
  // expected-error @below {{data is 'tensor<64x32xf8E5M2>', expected integers of 4 bits}}
  %w = moe.dequantize int4 %d, %s {block_shape = array<i64: 1, 32>}
    : tensor<64x32xf8E5M2>, tensor<64x2xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c4_zero_points(%d: tensor<64x8xi32>, %s: tensor<64x2xf32>, %z: tensor<64x2xi32>) {
  // expected-error @below {{zero points are 'tensor<64x2xi32>', expected integers of 4 bits for each element of 'tensor<64x2xf32>'}}
  %w = moe.dequantize int4 %d, %s zero_points(%z : tensor<64x2xi32>) {block_shape = array<i64: 1, 32>}
    : tensor<64x8xi32>, tensor<64x2xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c5(%d: tensor<64x64xi8>, %s: tensor<64x2xf32>, %z: tensor<64x1xi8>) {
  // expected-error @below {{has zero points or an order, only allowed for scheme int4}}
  %w = moe.dequantize block %d, %s zero_points(%z : tensor<64x1xi8>) {block_shape = array<i64: 1, 32>}
    : tensor<64x64xi8>, tensor<64x2xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c5_order(%d: tensor<64x2x16xi8>, %s: tensor<64x2xi8>) {
  // expected-error @below {{has zero points or an order, only allowed for scheme int4}}
  %w = moe.dequantize mxfp4 %d, %s {order = #moe.nibble_order<even_first>}
    : tensor<64x2x16xi8>, tensor<64x2xi8> -> tensor<64x64xf32>
  return
}

// -----

func.func @dequantize_c5_offset(%d: tensor<64x8xi32>, %s: tensor<64x2xf32>) {
  // expected-error @below {{zero_offset is 1, expected 0 to 0}}
  %w = moe.dequantize int4 %d, %s {block_shape = array<i64: 1, 32>, zero_offset = 1 : i64}
    : tensor<64x8xi32>, tensor<64x2xf32> -> tensor<64x64xf32>
  return
}

// -----

func.func @combine_c1(%r: tensor<?x64xf32>, %p: tensor<?x2xi32>, %w: tensor<?x3xf32>) {
  // expected-error @below {{dimension 1 of weights is 3, expected 2}}
  %y = moe.combine %r, %p weights(%w : tensor<?x3xf32>)
    : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @combine_c2(%r: tensor<?x64xf32>, %p: tensor<4x2xi32>) {
  // expected-error @below {{token count of the result is 5, expected 4}}
  %y = moe.combine %r, %p : tensor<?x64xf32>, tensor<4x2xi32> -> tensor<5x64xf32>
  return
}

// -----

func.func @combine_c2_width(%r: tensor<?x64xf32>, %p: tensor<?x2xi32>) {
  // expected-error @below {{width of the result is 32, expected 64}}
  %y = moe.combine %r, %p : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x32xf32>
  return
}

// -----

func.func @mix_c1(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>) {
  // expected-error @below {{coefficient is missing, needed for modes other than add}}
  %y = moe.mix sigmoid %a, %b : tensor<?x64xf32>
  return
}

// -----

func.func @mix_c1_add(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>, %q: tensor<?x1xf32>) {
  // expected-error @below {{coefficient is given, only allowed for modes other than add}}
  %y = moe.mix add %a, %b coefficient(%q : tensor<?x1xf32>) : tensor<?x64xf32>
  return
}

// -----

func.func @mix_c1_width(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>, %q: tensor<?x1xf32>) {
  // expected-error @below {{width of the coefficient is 1, expected 2}}
  %y = moe.mix softmax %a, %b coefficient(%q : tensor<?x1xf32>) : tensor<?x64xf32>
  return
}

// -----

func.func @mix_c1_tokens(%a: tensor<4x64xf32>, %b: tensor<4x64xf32>, %q: tensor<5x1xf32>) {
  // expected-error @below {{token count of the coefficient is 5, expected 4}}
  %y = moe.mix sigmoid %a, %b coefficient(%q : tensor<5x1xf32>) : tensor<4x64xf32>
  return
}

// -----

func.func @mix_c2(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>, %q: tensor<?x1xf32>) {
  // expected-error @below {{a_scale or b_scale is given, only allowed for mode add}}
  %y = moe.mix sigmoid %a, %b coefficient(%q : tensor<?x1xf32>) {b_scale = 2.0 : f64}
    : tensor<?x64xf32>
  return
}

// -----

func.func @combine_c3(%r: tensor<7x64xf32>, %p: tensor<4x2xi32>) {
  // expected-error @below {{number of rows is 7, expected 8}}
  %y = moe.combine %r, %p {by_choice} : tensor<7x64xf32>, tensor<4x2xi32> -> tensor<4x64xf32>
  return
}
