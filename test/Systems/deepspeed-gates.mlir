// DeepSpeed's three ways to drop choices, on a table whose results can be worked out by hand.
// The oracle lists the table and the reasons.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/deepspeed-gates.plain.in.safetensors --expect=%S/Data/deepspeed-gates.plain.out.safetensors --tolerance=1e-5

// CHECK: moe.score softmax
// CHECK: moe.top_k
// CHECK: moe.capacity div_then_mul
// CHECK: moe.assign_slots k_major
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.assign_slots token_major
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights
// CHECK: moe.gather_weights
// CHECK: moe.assign_slots token_major
// CHECK: moe.gather_weights
// CHECK: moe.normalize_weights

func.func @moe_layer(
    %logits: tensor<5x4xf32> {moe.name = "logits"})
    -> (tensor<5x2xi32> {moe.name = "top2_ids"},
        tensor<5x2xf32> {moe.name = "top2_weights"},
        tensor<5x2xi32> {moe.name = "top2_slots"},
        tensor<5x2xi32> {moe.name = "position_ids"},
        tensor<5x2xf32> {moe.name = "position_weights"},
        tensor<5x2xi32> {moe.name = "position_slots"},
        tensor<5x2xi32> {moe.name = "probs_ids"},
        tensor<5x2xf32> {moe.name = "probs_weights"},
        tensor<i64>     {moe.name = "capacity"}) {
  %scores = moe.score softmax %logits : tensor<5x4xf32> -> tensor<5x4xf32>
  %ids = moe.top_k %logits {k = 2 : i64} : tensor<5x4xf32>
  %tokens = arith.constant 5 : index
  %capacity = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, minimum = 2 : i64, num_experts = 4 : i64,
     rounding = #moe.rounding<ceil>}

  %top2_ids, %top2_slots = moe.assign_slots k_major %ids, %capacity {num_experts = 4 : i64}
    : tensor<5x2xi32>
  %top2_scores = moe.gather_weights %scores, %top2_ids : tensor<5x4xf32>, tensor<5x2xi32>
  %top2_weights = moe.normalize_weights %top2_scores
    {eps = 1.1920928955078125e-7 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.0 : f64}
    : tensor<5x2xf32>

  %position_ids, %position_slots = moe.assign_slots token_major %ids, %capacity
    {num_experts = 4 : i64} : tensor<5x2xi32>
  %position_scores = moe.gather_weights %scores, %position_ids : tensor<5x4xf32>, tensor<5x2xi32>
  %position_weights = moe.normalize_weights %position_scores
    {eps = 1.1920928955078125e-7 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.0 : f64}
    : tensor<5x2xf32>

  // A token that did not choose an expert competes for its slots with the logit 0.
  %keys = moe.gather_weights %logits, %ids : tensor<5x4xf32>, tensor<5x2xi32>
  %probs_ids, %probs_slots = moe.assign_slots token_major %ids, %capacity
    priority(%keys : tensor<5x2xf32>)
    {num_experts = 4 : i64, unselected_priority = 0.0 : f64} : tensor<5x2xi32>
  %probs_scores = moe.gather_weights %scores, %probs_ids : tensor<5x4xf32>, tensor<5x2xi32>
  %probs_weights = moe.normalize_weights %probs_scores
    {eps = 1.1920928955078125e-7 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.0 : f64}
    : tensor<5x2xf32>

  %c64 = arith.index_cast %capacity : index to i64
  %capacity_out = tensor.from_elements %c64 : tensor<i64>
  return %top2_ids, %top2_weights, %top2_slots, %position_ids, %position_weights,
    %position_slots, %probs_ids, %probs_weights, %capacity_out
    : tensor<5x2xi32>, tensor<5x2xf32>, tensor<5x2xi32>, tensor<5x2xi32>, tensor<5x2xf32>,
      tensor<5x2xi32>, tensor<5x2xi32>, tensor<5x2xf32>, tensor<i64>
}
