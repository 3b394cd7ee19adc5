// RUN: moe-opt %s --canonicalize | FileCheck %s

// The capacity of published systems side by side, for 100 tokens, 8 experts, 2 choices
// and a factor of 1.25. A folded capacity is a constant that is named for its value.
// CHECK-LABEL: func.func @capacity_systems(
func.func @capacity_systems() -> (index, index, index, index, index, index, index, index) {
  %tokens = arith.constant 100 : index
  // Mesh TensorFlow: the first choice only, truncated, from 4 slots to one per token.
  %mesh = moe.capacity mul_then_div %tokens
    {at_most_tokens, factor = 1.25 : f64, minimum = 4 : i64, num_experts = 8 : i64}
  // Flaxformer: rounded to the nearest.
  %flaxformer = moe.capacity mul_then_div %tokens
    {factor = 1.25 : f64, minimum = 4 : i64, num_experts = 8 : i64,
     rounding = #moe.rounding<half_even>}
  // Lingvo and praxis: the factor holds the choices; a multiple of 4.
  %lingvo = moe.capacity mul_then_div %tokens
    {factor = 2.5 : f64, multiple_of = 4 : i64, num_experts = 8 : i64}
  // V-MoE
  %v_moe = moe.capacity mul_then_div %tokens
    {choices = 2 : i64, factor = 1.25 : f64, multiple_of = 4 : i64, num_experts = 8 : i64,
     rounding = #moe.rounding<ceil>}
  // DeepSpeed: in f32, the factor holds the choices.
  %deepspeed = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 2.5 : f64, minimum = 8 : i64,
     num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  // Tutel: each expert's share is rounded up before the factor, and down after it.
  %tutel = moe.capacity ceil_div_then_mul %tokens
    {factor = 1.25 : f64, multiplier = 2 : i64, num_experts = 8 : i64}
  // fairseq's top-2 gate while training
  %fairseq = moe.capacity ceil_div_then_mul %tokens {multiplier = 2 : i64, num_experts = 8 : i64}
  // fairseq while evaluating: a share of all tokens.
  %fairseq_eval = moe.capacity fraction %tokens
    {factor = 0.25 : f64, num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  // CHECK: return %c15, %c16, %c32, %c32, %c32, %c32, %c26, %c25
  return %mesh, %flaxformer, %lingvo, %v_moe, %deepspeed, %tutel, %fairseq, %fairseq_eval
    : index, index, index, index, index, index, index, index
}

// CHECK-LABEL: func.func @capacity_more_systems(
func.func @capacity_more_systems() -> (index, index) {
  %tokens = arith.constant 100 : index
  %megablocks = moe.capacity mul_then_div %tokens
    {choices = 2 : i64, factor = 1.25 : f64, num_experts = 8 : i64}
  %hunyuan = moe.capacity mul_then_div %tokens
    {choices = 2 : i64, minimum = 2 : i64, num_experts = 8 : i64}
  // CHECK: return %c31, %c25
  return %megablocks, %hunyuan : index, index
}

// The same for 1000 tokens, 64 experts and one choice.
// CHECK-LABEL: func.func @capacity_many_experts(
func.func @capacity_many_experts() -> (index, index, index, index, index) {
  %tokens = arith.constant 1000 : index
  %mesh = moe.capacity mul_then_div %tokens
    {at_most_tokens, factor = 1.25 : f64, minimum = 4 : i64, num_experts = 64 : i64}
  %flaxformer = moe.capacity mul_then_div %tokens
    {factor = 1.25 : f64, minimum = 4 : i64, num_experts = 64 : i64,
     rounding = #moe.rounding<half_even>}
  %v_moe = moe.capacity mul_then_div %tokens
    {factor = 1.25 : f64, multiple_of = 4 : i64, num_experts = 64 : i64,
     rounding = #moe.rounding<ceil>}
  %fairseq_eval = moe.capacity fraction %tokens
    {factor = 0.25 : f64, num_experts = 64 : i64, rounding = #moe.rounding<ceil>}
  %hunyuan = moe.capacity mul_then_div %tokens {num_experts = 64 : i64}
  // CHECK: return %c19, %c20, %c20, %c250, %c15
  return %mesh, %flaxformer, %v_moe, %fairseq_eval, %hunyuan : index, index, index, index, index
}

// 400 tokens, 8 experts and a factor of 1.1 are 55 slots, plus an error of f64.
// CHECK-LABEL: func.func @capacity_arithmetic(
func.func @capacity_arithmetic() -> (index, index, index) {
  %tokens = arith.constant 400 : index
  %f64 = moe.capacity mul_then_div %tokens
    {factor = 1.1 : f64, num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  %f64_divided_first = moe.capacity div_then_mul %tokens
    {factor = 1.1 : f64, num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  %f32 = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.1 : f64, num_experts = 8 : i64,
     rounding = #moe.rounding<ceil>}
  // CHECK: return %c56, %c56, %c55
  return %f64, %f64_divided_first, %f32 : index, index, index
}

// Halves go to the even neighbour: 20 / 8 = 2.5 and 28 / 8 = 3.5.
// CHECK-LABEL: func.func @capacity_half_even(
func.func @capacity_half_even() -> (index, index) {
  %twenty = arith.constant 20 : index
  %two = moe.capacity mul_then_div %twenty {num_experts = 8 : i64, rounding = #moe.rounding<half_even>}
  %twenty_eight = arith.constant 28 : index
  %four = moe.capacity mul_then_div %twenty_eight
    {num_experts = 8 : i64, rounding = #moe.rounding<half_even>}
  // CHECK: return %c2, %c4
  return %two, %four : index, index
}

// CHECK-LABEL: func.func @capacity_floor_div_then_mul(
func.func @capacity_floor_div_then_mul() -> index {
  %tokens = arith.constant 63 : index
  %c = moe.capacity floor_div_then_mul %tokens {factor = 2.0 : f64, num_experts = 8 : i64}
  // CHECK: return %c14
  return %c : index
}

// The limits come after the multiplier: at most the tokens, at least the minimum, then
// up to a multiple.
// CHECK-LABEL: func.func @capacity_limits(
func.func @capacity_limits() -> (index, index, index) {
  %none = arith.constant 0 : index
  %no_token = moe.capacity mul_then_div %none {num_experts = 8 : i64}
  %least = moe.capacity mul_then_div %none
    {at_most_tokens, minimum = 5 : i64, multiple_of = 4 : i64, num_experts = 8 : i64}
  %ten = arith.constant 10 : index
  %most = moe.capacity mul_then_div %ten
    {at_most_tokens, factor = 1.0e+300 : f64, multiplier = 2147483647 : i64, num_experts = 8 : i64}
  // CHECK: return %c0, %c8, %c10
  return %no_token, %least, %most : index, index, index
}

// Unknown tokens, counts, and token counts that no layer has.
// CHECK-LABEL: func.func @capacity_stays(
func.func @capacity_stays(%any: index, %counts: tensor<8xi32>) -> (index, index, index, index) {
  %dynamic = moe.capacity mul_then_div %any {num_experts = 8 : i64}
  %tokens = arith.constant 100 : index
  %counted = moe.capacity max_count %tokens counts(%counts : tensor<8xi32>) {num_experts = 8 : i64}
  %minus = arith.constant -1 : index
  %negative = moe.capacity mul_then_div %minus {num_experts = 8 : i64}
  %huge = arith.constant 4294967296 : index
  %absurd = moe.capacity mul_then_div %huge {num_experts = 8 : i64}
  // CHECK-COUNT-4: = moe.capacity
  // CHECK: return
  return %dynamic, %counted, %negative, %absurd : index, index, index, index
}
