// RUN: moe-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{attribute 'moe.name' is 1 : i64, expected a string}}
func.func @name_is_a_number(%x: tensor<?x8xf32> {moe.name = 1 : i64}) {
  return
}

// -----

// expected-error @below {{attribute 'moe.name' is "experts.w1", expected '{expert}' in it exactly for the encoding #moe.per_expert}}
func.func @per_expert_without_placeholder(
    %w: tensor<8x4x4xf32, #moe.per_expert> {moe.name = "experts.w1"}) {
  return
}

// -----

// expected-error @below {{attribute 'moe.name' is "experts.{expert}.w1", expected '{expert}' in it exactly for the encoding #moe.per_expert}}
func.func @placeholder_without_per_expert(
    %w: tensor<8x4x4xf32> {moe.name = "experts.{expert}.w1"}) {
  return
}

// -----

// expected-error @below {{attribute 'moe.name' is 1 : i64, expected a string}}
func.func private @declaration(tensor<?x8xf32> {moe.name = 1 : i64})

// -----

// expected-error @below {{unknown attribute 'moe.names' on a function argument or result, expected 'moe.name'}}
func.func @unknown_argument_attribute(%x: tensor<?x8xf32> {moe.names = "hidden_states"}) {
  return
}

// -----

// expected-error @below {{attribute 'moe.name' is unit, expected a string}}
func.func @name_of_result(%x: tensor<?x8xf32>) -> (tensor<?x8xf32> {moe.name}) {
  return %x : tensor<?x8xf32>
}

// -----

// expected-error @below {{unknown attribute 'moe.kernels' of the moe dialect}}
func.func @unknown_function_attribute() attributes {moe.kernels = "fast"} {
  return
}

// -----

// expected-error @below {{encoding #moe.per_expert needs rank 2 or more, found 1}}
func.func private @per_expert_rank(tensor<8xf32, #moe.per_expert>)

// -----

// expected-error @below {{encoding #moe.per_expert needs a static shape}}
func.func private @per_expert_shape(tensor<8x?xf32, #moe.per_expert>)

// -----

func.func @missing_k(%s: tensor<?x8xf32>) {
  // expected-error @below {{requires an integer attribute 'k'}}
  %i = moe.top_k %s : tensor<?x8xf32>
  return
}

// -----

func.func @missing_k_generic(%s: tensor<?x8xf32>) {
  // expected-error @below {{requires attribute 'k'}}
  %i = "moe.top_k"(%s) <{operandSegmentSizes = array<i32: 1, 0, 0>}>
    : (tensor<?x8xf32>) -> tensor<?x2xi32>
  return
}

// -----

func.func @k_is_a_string(%s: tensor<?x8xf32>) {
  // expected-error @below {{attribute 'k' failed to satisfy constraint: 64-bit signless integer attribute}}
  %i = moe.top_k %s {k = "two"} : tensor<?x8xf32>
  return
}

// -----

func.func @k_is_an_i32(%s: tensor<?x8xf32>) {
  // expected-error @below {{attribute 'k' failed to satisfy constraint: 64-bit signless integer attribute}}
  %i = moe.top_k %s {k = 2 : i32} : tensor<?x8xf32>
  return
}

// -----

func.func @missing_sequential_k(%l: tensor<?x8xf32>) {
  // expected-error @below {{requires an integer attribute 'k'}}
  %i, %w = moe.sequential_top_k %l {relative_gap = 0.02 : f64} : tensor<?x8xf32>
  return
}

// -----

func.func @missing_relative_gap(%l: tensor<?x8xf32>) {
  // expected-error @below {{requires attribute 'relative_gap'}}
  %i, %w = moe.sequential_top_k %l {k = 2 : i64} : tensor<?x8xf32>
  return
}

// -----

func.func @missing_num_experts(%i: tensor<?x2xi32>) {
  // expected-error @below {{requires an integer attribute 'num_experts'}}
  %c = moe.count %i : tensor<?x2xi32>
  return
}

// -----

func.func @missing_num_experts_of_capacity(%t: index) {
  // expected-error @below {{requires attribute 'num_experts'}}
  %c = moe.capacity mul_then_div %t
  return
}

// -----

func.func @missing_activation(%r: tensor<?x64xf32>, %up: tensor<48x64xf32>) {
  // expected-error @below {{requires attribute 'activation'}}
  %y = moe.expert_mlp none %r up(%up : tensor<48x64xf32>) : tensor<?x64xf32> -> tensor<?x48xf32>
  return
}

// -----

func.func @missing_rate(%b: tensor<8xf32>, %c: tensor<8xi32>) {
  // expected-error @below {{requires attribute 'rate'}}
  %u = moe.update_bias %b, %c : tensor<8xf32>, tensor<8xi32>
  return
}

// -----

func.func @unknown_variant(%l: tensor<?x8xf32>) {
  // expected-error @below {{expected one of [softmax, sigmoid, relu, sqrt_softplus]}}
  // expected-error @below {{failed to parse MoE_ScoreFnAttr}}
  %p = moe.score softmin %l : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @scores_of_rank_3(%s: tensor<?x8x8xf32>) {
  // expected-error @below {{expected a tensor of rank 2, found 'tensor<?x8x8xf32>'}}
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x8x8xf32>
  return
}

// -----

func.func @scores_of_integers(%s: tensor<?x8xi32>) {
  // expected-error @below {{operand #0 must be 2D tensor of}}
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xi32>
  return
}

// -----

func.func @wrong_result(%s: tensor<?x8xf32>) {
  // expected-error @below {{inferred type(s) 'tensor<?x2xi32>' are incompatible with return type(s)}}
  // expected-error @below {{failed to infer returned types}}
  %i = "moe.top_k"(%s) <{k = 2 : i64, operandSegmentSizes = array<i32: 1, 0, 0>}>
    : (tensor<?x8xf32>) -> tensor<?x3xi32>
  return
}

// -----

// expected-error @below {{schedule field 'rows' is 0, expected 1 to 65536}}
#schedule = #moe.schedule<rows = 0, columns = 48, depth = 1024, stream_rows = 0,
  register_rows = 8, register_vectors = 3, lanes = 16,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'columns' is 65584, expected 1 to 65536}}
#schedule = #moe.schedule<rows = 256, columns = 65584, depth = 1024, stream_rows = 16,
  register_rows = 8, register_vectors = 3, lanes = 16,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'columns' is 64, expected a multiple of register_vectors * lanes = 48}}
#schedule = #moe.schedule<rows = 256, columns = 64, depth = 1024, stream_rows = 16,
  register_rows = 8, register_vectors = 3, lanes = 16,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'stream_rows' is -1, expected 0 to 256}}
#schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = -1,
  register_rows = 8, register_vectors = 3, lanes = 16,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'stream_rows' is 257, expected 0 to 256}}
#schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 257,
  register_rows = 8, register_vectors = 3, lanes = 16,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'register_rows' is 0, expected 1 to 65536}}
#schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
  register_rows = 0, register_vectors = 3, lanes = 16,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'register_vectors' is 0, expected 1 to 65536}}
#schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
  register_rows = 8, register_vectors = 0, lanes = 16,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'lanes' is 0, expected 1 to 65536}}
#schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
  register_rows = 8, register_vectors = 3, lanes = 0,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'lanes' is 12, expected a power of two}}
#schedule = #moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
  register_rows = 8, register_vectors = 3, lanes = 12,
  multiply = fma>

// -----

// expected-error @below {{schedule field 'rows' is 252, expected a multiple of register_rows = 8}}
#schedule = #moe.schedule<rows = 252, columns = 48, depth = 1024, stream_rows = 16,
  register_rows = 8, register_vectors = 3, lanes = 16,
  multiply = fma>
