// RUN: moe-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{attribute 'moe.plan' is 3 : i32 on func.func, expected #moe.plan on a function}}
func.func @not_a_plan() attributes {moe.plan = 3 : i32} {
  return
}

// -----

func.func @not_a_function() {
  // expected-error @below {{expected #moe.plan on a function}}
  return {moe.plan = #moe.plan<routing = fused, gather = copy, combine = slots, shared_experts = beside>}
}

// -----

// expected-error @below {{plan field 'combine' is atomic, expected gather_sum: the rows are no GEMM's}}
func.func @combine(%r: tensor<?x64xbf16>, %p: tensor<?x2xi32>) -> tensor<?x64xbf16>
    attributes {moe.plan = #moe.plan<routing = fused, gather = copy, combine = atomic, shared_experts = beside>} {
  %y = moe.combine %r, %p : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}

// -----

// expected-error @below {{plan field 'shared_experts' is rows, expected beside: the activations differ}}
func.func @activation(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16>
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %i = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w = moe.gather_weights %l, %i : tensor<?x4xf32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<relu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}

// -----

// expected-error @below {{plan field 'shared_experts' is rows, expected beside: the shapes or types of the weights differ}}
func.func @shapes(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<12x16xbf16>, %sdown: tensor<16x12xbf16>) -> tensor<?x16xbf16>
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %i = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w = moe.gather_weights %l, %i : tensor<?x4xf32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<12x16xbf16>)
    down(%sdown : tensor<16x12xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}

// -----

// An op that is wrong itself is reported first.
func.func @wrong(%r: tensor<?x64xbf16>, %p: tensor<?x2xi32>) -> tensor<?x32xbf16>
    attributes {moe.plan = #moe.plan<routing = fused, gather = copy, combine = slots, shared_experts = beside>} {
  // expected-error @below {{width of the result is 32, expected 64}}
  %y = moe.combine %r, %p : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x32xbf16>
  return %y : tensor<?x32xbf16>
}

// -----

// Slots that are no op's result may leave a choice without a row.
// expected-error @below {{plan field 'shared_experts' is rows, expected beside: the slots of the choices are given}}
func.func @slots_given(%x: tensor<?x16xbf16>, %i: tensor<?x2xi32>, %slots: tensor<?x2xi32>,
    %w: tensor<?x2xf32>, %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16>
    attributes {moe.plan = #moe.plan<
      routing = fused, gather = fused, combine = gather_sum, shared_experts = rows>} {
  %capacity = arith.constant 3 : index
  %o, %s, %p = moe.group_by_expert %i slots(%slots : tensor<?x2xi32>) capacity(%capacity)
    {num_experts = 4 : i64} : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}
