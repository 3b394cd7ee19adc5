// A shared expert that becomes the last of those that tokens choose, where they are a part of all
// experts, have a capacity, have biases of a fused projection, or are quantised.

// RUN: moe-run %s --input=%S/Data/shared-rows.all.in.safetensors --expect=%S/Data/shared-rows.all.out.safetensors
// RUN: moe-opt %s --moe-select-plan="shared-experts=rows" --moe-fuse --remark-policy=all \
// RUN:   --remarks-filter=moe-fuse-shared-experts -o %t.mlir 2>&1 | FileCheck %s
// RUN: moe-run %t.mlir --input=%S/Data/shared-rows.all.in.safetensors --expect=%S/Data/shared-rows.all.out.safetensors
// RUN: moe-run %t.mlir --input=%S/Data/shared-rows.all.in.safetensors --expect=%S/Data/shared-rows.all.out.safetensors --fuse=false
// RUN: moe-run %t.mlir --input=%S/Data/shared-rows.all.in.safetensors --expect=%S/Data/shared-rows.all.out.safetensors --target=sim-sm_90a

// CHECK-COUNT-4: [Passed] FuseSharedExperts
// CHECK-NOT: [Missed]

func.func @moe_layer(
    %x: tensor<?x16xf32> {moe.name = "x"}, %w: tensor<?x2xf32> {moe.name = "weights"},
    %q: tensor<?x1xf32> {moe.name = "share"},
    %ids: tensor<?x2xi32> {moe.name = "ids"}, %far: tensor<?x2xi32> {moe.name = "far"},
    %up: tensor<4x8x16xf32> {moe.name = "up"}, %s_up: tensor<8x16xf32> {moe.name = "shared_up"},
    %down: tensor<4x16x8xf32> {moe.name = "down"}, %s_down: tensor<16x8xf32> {moe.name = "shared_down"},
    %fused: tensor<4x16x16xf32> {moe.name = "fused"}, %s_fused: tensor<16x16xf32> {moe.name = "shared_fused"},
    %bias: tensor<4x16xf32> {moe.name = "bias"}, %s_bias: tensor<16xf32> {moe.name = "shared_bias"},
    %int4_up: tensor<4x8x2xi32> {moe.name = "int4_up"}, %s_int4_up: tensor<8x2xi32> {moe.name = "shared_int4_up"},
    %int4_up_scales: tensor<4x8x2xf32> {moe.name = "int4_up_scales"}, %s_int4_up_scales: tensor<8x2xf32> {moe.name = "shared_int4_up_scales"},
    %int4_up_zeros: tensor<4x4x2xi8> {moe.name = "int4_up_zeros"}, %s_int4_up_zeros: tensor<4x2xi8> {moe.name = "shared_int4_up_zeros"},
    %int4_down: tensor<4x16x1xi32> {moe.name = "int4_down"}, %s_int4_down: tensor<16x1xi32> {moe.name = "shared_int4_down"},
    %int4_down_scales: tensor<4x16x1xf32> {moe.name = "int4_down_scales"}, %s_int4_down_scales: tensor<16x1xf32> {moe.name = "shared_int4_down_scales"},
    %int4_down_zeros: tensor<4x8x1xi8> {moe.name = "int4_down_zeros"}, %s_int4_down_zeros: tensor<8x1xi8> {moe.name = "shared_int4_down_zeros"})
    -> (tensor<?x16xf32> {moe.name = "foreign"}, tensor<?x16xf32> {moe.name = "capacity"},
        tensor<?x16xf32> {moe.name = "biases"}, tensor<?x16xf32> {moe.name = "quantised"}) {
  // Experts 3 to 6 of 10.
  %o_foreign, %s_foreign, %p_foreign = moe.group_by_expert %far {num_experts = 4, first_expert = 3}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %r_foreign = moe.dispatch %x, %s_foreign : tensor<?x16xf32>, tensor<?xi32> -> tensor<?x16xf32>
  %e_foreign = moe.expert_mlp none %r_foreign offsets(%o_foreign : tensor<5xi32>) up(%up : tensor<4x8x16xf32>)
    down(%down : tensor<4x16x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %c_foreign = moe.combine %e_foreign, %p_foreign weights(%w : tensor<?x2xf32>)
    : tensor<?x16xf32>, tensor<?x2xi32> -> tensor<?x16xf32>
  %b_foreign = moe.expert_mlp none %x up(%s_up : tensor<8x16xf32>)
    down(%s_down : tensor<16x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %y_foreign = moe.mix sigmoid %c_foreign, %b_foreign coefficient(%q : tensor<?x1xf32>) : tensor<?x16xf32>

  %capacity = arith.constant 3 : index
  %kept, %slots = moe.assign_slots k_major %ids, %capacity {num_experts = 4} : tensor<?x2xi32>
  %o_capacity, %s_capacity, %p_capacity = moe.group_by_expert %kept slots(%slots : tensor<?x2xi32>) capacity(%capacity) {num_experts = 4}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %r_capacity = moe.dispatch %x, %s_capacity : tensor<?x16xf32>, tensor<?xi32> -> tensor<?x16xf32>
  %e_capacity = moe.expert_mlp none %r_capacity offsets(%o_capacity : tensor<5xi32>) up(%up : tensor<4x8x16xf32>)
    down(%down : tensor<4x16x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %c_capacity = moe.combine %e_capacity, %p_capacity weights(%w : tensor<?x2xf32>)
    : tensor<?x16xf32>, tensor<?x2xi32> -> tensor<?x16xf32>
  %b_capacity = moe.expert_mlp none %x up(%s_up : tensor<8x16xf32>)
    down(%s_down : tensor<16x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %y_capacity = moe.mix add %c_capacity, %b_capacity : tensor<?x16xf32>

  %o_biases, %s_biases, %p_biases = moe.group_by_expert %ids {num_experts = 4}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %r_biases = moe.dispatch %x, %s_biases : tensor<?x16xf32>, tensor<?xi32> -> tensor<?x16xf32>
  %e_biases = moe.expert_mlp interleaved %r_biases offsets(%o_biases : tensor<5xi32>) up(%fused : tensor<4x16x16xf32>)
    down(%down : tensor<4x16x8xf32>)
    up_bias(%bias : tensor<4x16xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %c_biases = moe.combine %e_biases, %p_biases weights(%w : tensor<?x2xf32>)
    : tensor<?x16xf32>, tensor<?x2xi32> -> tensor<?x16xf32>
  %b_biases = moe.expert_mlp interleaved %x up(%s_fused : tensor<16x16xf32>)
    down(%s_down : tensor<16x8xf32>)
    up_bias(%s_bias : tensor<16xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %y_biases = moe.mix add %c_biases, %b_biases : tensor<?x16xf32>

  %w_int4_up = moe.dequantize int4 %int4_up, %int4_up_scales zero_points(%int4_up_zeros : tensor<4x4x2xi8>)
    {block_shape = array<i64: 1, 1, 8>} : tensor<4x8x2xi32>, tensor<4x8x2xf32> -> tensor<4x8x16xf32>
  %s_w_int4_up = moe.dequantize int4 %s_int4_up, %s_int4_up_scales zero_points(%s_int4_up_zeros : tensor<4x2xi8>)
    {block_shape = array<i64: 1, 8>} : tensor<8x2xi32>, tensor<8x2xf32> -> tensor<8x16xf32>
  %w_int4_down = moe.dequantize int4 %int4_down, %int4_down_scales zero_points(%int4_down_zeros : tensor<4x8x1xi8>)
    {block_shape = array<i64: 1, 1, 8>} : tensor<4x16x1xi32>, tensor<4x16x1xf32> -> tensor<4x16x8xf32>
  %s_w_int4_down = moe.dequantize int4 %s_int4_down, %s_int4_down_scales zero_points(%s_int4_down_zeros : tensor<8x1xi8>)
    {block_shape = array<i64: 1, 8>} : tensor<16x1xi32>, tensor<16x1xf32> -> tensor<16x8xf32>
  %o_quantised, %s_quantised, %p_quantised = moe.group_by_expert %ids {num_experts = 4}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %r_quantised = moe.dispatch %x, %s_quantised : tensor<?x16xf32>, tensor<?xi32> -> tensor<?x16xf32>
  %e_quantised = moe.expert_mlp none %r_quantised offsets(%o_quantised : tensor<5xi32>) up(%w_int4_up : tensor<4x8x16xf32>)
    down(%w_int4_down : tensor<4x16x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %c_quantised = moe.combine %e_quantised, %p_quantised weights(%w : tensor<?x2xf32>)
    : tensor<?x16xf32>, tensor<?x2xi32> -> tensor<?x16xf32>
  %b_quantised = moe.expert_mlp none %x up(%s_w_int4_up : tensor<8x16xf32>)
    down(%s_w_int4_down : tensor<16x8xf32>)
    {activation = #moe.activation<silu>} : tensor<?x16xf32> -> tensor<?x16xf32>
  %y_quantised = moe.mix add %c_quantised, %b_quantised : tensor<?x16xf32>
  return %y_foreign, %y_capacity, %y_biases, %y_quantised
    : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}
