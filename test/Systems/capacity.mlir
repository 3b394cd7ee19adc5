// The capacity of each published rule for the same tokens, experts, choices and factor: the
// systems do not agree, so that every difference between them is a number here.

// RUN: moe-opt %s --canonicalize | FileCheck %s
// RUN: moe-opt %s --convert-moe-to-loops --canonicalize | FileCheck %s

// 100 tokens, 8 experts, 2 choices, factor 1.25.
// CHECK-LABEL: func.func @hundred_tokens(
func.func @hundred_tokens() -> (index, index, index, index, index, index, index, index, index,
                                index, index, index) {
  // CHECK-DAG: %[[C15:.*]] = arith.constant 15 : index
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[C25:.*]] = arith.constant 25 : index
  // CHECK-DAG: %[[C26:.*]] = arith.constant 26 : index
  // CHECK-DAG: %[[C31:.*]] = arith.constant 31 : index
  // CHECK-DAG: %[[C32:.*]] = arith.constant 32 : index
  %tokens = arith.constant 100 : index
  // The number of choices is no part of the rules of Mesh TensorFlow and flaxformer.
  %mesh = moe.capacity mul_then_div %tokens
    {at_most_tokens, factor = 1.25 : f64, minimum = 4 : i64, num_experts = 8 : i64}
  %flaxformer = moe.capacity mul_then_div %tokens
    {factor = 1.25 : f64, minimum = 4 : i64, num_experts = 8 : i64,
     rounding = #moe.rounding<half_even>}
  // Its factor holds the two choices.
  %praxis = moe.capacity mul_then_div %tokens
    {factor = 2.5 : f64, minimum = 1 : i64, multiple_of = 4 : i64, num_experts = 8 : i64}
  %v_moe = moe.capacity mul_then_div %tokens
    {choices = 2 : i64, factor = 1.25 : f64, multiple_of = 4 : i64, num_experts = 8 : i64,
     rounding = #moe.rounding<ceil>}
  %deepspeed = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 2.5 : f64, minimum = 4 : i64,
     num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  %megatron = moe.capacity div_then_mul %tokens
    {choices = 2 : i64, factor = 1.25 : f64, num_experts = 8 : i64,
     rounding = #moe.rounding<ceil>}
  %tutel = moe.capacity ceil_div_then_mul %tokens
    {factor = 1.25 : f64, multiplier = 2 : i64, num_experts = 8 : i64}
  // fairseq has no factor: twice the even share, or a fraction of all tokens in evaluation.
  %fairseq = moe.capacity ceil_div_then_mul %tokens {multiplier = 2 : i64, num_experts = 8 : i64}
  %fairseq_eval = moe.capacity fraction %tokens
    {factor = 0.25 : f64, num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  %megablocks = moe.capacity mul_then_div %tokens
    {choices = 2 : i64, factor = 1.25 : f64, num_experts = 8 : i64}
  %hunyuan = moe.capacity mul_then_div %tokens
    {choices = 2 : i64, minimum = 2 : i64, num_experts = 8 : i64}
  %expert_choice = moe.capacity floor_div_then_mul %tokens
    {factor = 1.25 : f64, num_experts = 8 : i64}
  // CHECK: return %[[C15]], %[[C16]], %[[C32]], %[[C32]], %[[C32]], %[[C32]], %[[C32]], %[[C26]],
  // CHECK-SAME: %[[C25]], %[[C31]], %[[C25]], %[[C15]]
  return %mesh, %flaxformer, %praxis, %v_moe, %deepspeed, %megatron, %tutel, %fairseq,
    %fairseq_eval, %megablocks, %hunyuan, %expert_choice
    : index, index, index, index, index, index, index, index, index, index, index, index
}

// 1000 tokens, 64 experts, 1 choice, factor 1.25.
// CHECK-LABEL: func.func @thousand_tokens(
func.func @thousand_tokens() -> (index, index, index, index, index, index, index) {
  // CHECK-DAG: %[[C15:.*]] = arith.constant 15 : index
  // CHECK-DAG: %[[C19:.*]] = arith.constant 19 : index
  // CHECK-DAG: %[[C20:.*]] = arith.constant 20 : index
  // CHECK-DAG: %[[C250:.*]] = arith.constant 250 : index
  %tokens = arith.constant 1000 : index
  %mesh = moe.capacity mul_then_div %tokens
    {at_most_tokens, factor = 1.25 : f64, minimum = 4 : i64, num_experts = 64 : i64}
  %flaxformer = moe.capacity mul_then_div %tokens
    {factor = 1.25 : f64, minimum = 4 : i64, num_experts = 64 : i64,
     rounding = #moe.rounding<half_even>}
  %v_moe = moe.capacity mul_then_div %tokens
    {factor = 1.25 : f64, multiple_of = 4 : i64, num_experts = 64 : i64,
     rounding = #moe.rounding<ceil>}
  %deepspeed = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.25 : f64, minimum = 4 : i64,
     num_experts = 64 : i64, rounding = #moe.rounding<ceil>}
  %megablocks = moe.capacity mul_then_div %tokens {factor = 1.25 : f64, num_experts = 64 : i64}
  %fairseq_eval = moe.capacity fraction %tokens
    {factor = 0.25 : f64, num_experts = 64 : i64, rounding = #moe.rounding<ceil>}
  %hunyuan = moe.capacity mul_then_div %tokens {minimum = 1 : i64, num_experts = 64 : i64}
  // CHECK: return %[[C19]], %[[C20]], %[[C20]], %[[C20]], %[[C19]], %[[C250]], %[[C15]]
  return %mesh, %flaxformer, %v_moe, %deepspeed, %megablocks, %fairseq_eval, %hunyuan
    : index, index, index, index, index, index, index
}

// 400 / 8 * 1.1 is a little more than 55 in f64 and exactly 55 in f32.
// CHECK-LABEL: func.func @precision(
func.func @precision() -> (index, index, index) {
  // CHECK-DAG: %[[C55:.*]] = arith.constant 55 : index
  // CHECK-DAG: %[[C56:.*]] = arith.constant 56 : index
  %tokens = arith.constant 400 : index
  %f32 = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.1 : f64, num_experts = 8 : i64,
     rounding = #moe.rounding<ceil>}
  %f64 = moe.capacity div_then_mul %tokens
    {factor = 1.1 : f64, num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  %product_first = moe.capacity mul_then_div %tokens
    {factor = 1.1 : f64, num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
  // CHECK: return %[[C55]], %[[C56]], %[[C56]]
  return %f32, %f64, %product_first : index, index, index
}

// Python's round: 2.5 becomes 2, 3.5 becomes 4.
// CHECK-LABEL: func.func @half_even(
func.func @half_even() -> (index, index) {
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
  // CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
  %ten = arith.constant 10 : index
  %fourteen = arith.constant 14 : index
  %down = moe.capacity mul_then_div %ten
    {num_experts = 4 : i64, rounding = #moe.rounding<half_even>}
  %up = moe.capacity mul_then_div %fourteen
    {num_experts = 4 : i64, rounding = #moe.rounding<half_even>}
  // CHECK: return %[[C2]], %[[C4]]
  return %down, %up : index, index
}
