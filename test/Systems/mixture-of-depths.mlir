// Mixture-of-Depths (the paper): the block is the expert.
// * One number per token, from a linear router; the best eighth of the tokens go through a whole
//   block with attention among themselves, in their order; the others pass by unchanged.
// * y = r block(x) + x for a picked token.
// * A product with a weight matrix is written as moe.gate linear.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/mixture-of-depths.plain.in.safetensors --expect=%S/Data/mixture-of-depths.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixture-of-depths.none.in.safetensors --expect=%S/Data/mixture-of-depths.none.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixture-of-depths.one.in.safetensors --expect=%S/Data/mixture-of-depths.one.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/mixture-of-depths.t0.in.safetensors --expect=%S/Data/mixture-of-depths.t0.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.capacity fraction
// CHECK: moe.top_tokens
// CHECK: moe.dispatch
// CHECK: moe.score softmax
// CHECK: moe.combine
func.func @moe_layer(
    %x: tensor<?x8xf32>      {moe.name = "hidden_states"},
    %router: tensor<1x8xf32> {moe.name = "router.weight"},
    %w_q: tensor<8x8xf32>    {moe.name = "attention.q.weight"},
    %w_k: tensor<8x8xf32>    {moe.name = "attention.k.weight"},
    %w_v: tensor<8x8xf32>    {moe.name = "attention.v.weight"},
    %w_o: tensor<8x8xf32>    {moe.name = "attention.o.weight"},
    %up: tensor<13x8xf32>    {moe.name = "mlp.up.weight"},
    %down: tensor<8x13xf32>  {moe.name = "mlp.down.weight"})
    -> (tensor<?x8xf32> {moe.name = "hidden_states"},
        tensor<?x1xi32> {moe.name = "topk_ids"},
        tensor<?x1xf32> {moe.name = "topk_weights"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x8xf32>

  // Router.
  %r = moe.gate linear %x, %router : tensor<?x8xf32>, tensor<1x8xf32> -> tensor<?x1xf32>
  %c = moe.capacity fraction %tokens {factor = 0.125, num_experts = 1}
  %ids = moe.top_tokens %r, %c : tensor<?x1xf32>
  %offsets, %sources, %positions = moe.group_by_expert %ids
    {num_experts = 1} : tensor<?x1xi32> -> tensor<2xi32>, tensor<?xi32>, tensor<?x1xi32>
  %z = moe.dispatch %x, %sources : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>

  // Causal attention among the picked tokens.
  %q = moe.gate linear %z, %w_q : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %k = moe.gate linear %z, %w_k : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %v = moe.gate linear %z, %w_v : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %picked = tensor.dim %z, %c0 : tensor<?x8xf32>
  %zero = arith.constant 0.0 : f32
  %products_zero = tensor.splat %zero[%picked, %picked] : tensor<?x?xf32>
  %products = linalg.matmul
    indexing_maps = [affine_map<(i, j, m) -> (i, m)>, affine_map<(i, j, m) -> (j, m)>,
                     affine_map<(i, j, m) -> (i, j)>]
    ins(%q, %k : tensor<?x8xf32>, tensor<?x8xf32>)
    outs(%products_zero : tensor<?x?xf32>) -> tensor<?x?xf32>
  %causal = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%products : tensor<?x?xf32>) outs(%products_zero : tensor<?x?xf32>) {
  ^bb0(%product: f32, %_: f32):
    %none = arith.constant 0xFF800000 : f32
    %root = arith.constant 0.353553391 : f32
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %past = arith.cmpi ule, %j, %i : index
    %scaled = arith.mulf %product, %root : f32
    %score = arith.select %past, %scaled, %none : f32
    linalg.yield %score : f32
  } -> tensor<?x?xf32>
  %attention = moe.score softmax %causal : tensor<?x?xf32> -> tensor<?x?xf32>
  %mixed_zero = tensor.splat %zero[%picked] : tensor<?x8xf32>
  %mixed = linalg.matmul ins(%attention, %v : tensor<?x?xf32>, tensor<?x8xf32>)
    outs(%mixed_zero : tensor<?x8xf32>) -> tensor<?x8xf32>
  %o = moe.gate linear %mixed, %w_o : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %h = moe.mix add %z, %o : tensor<?x8xf32>

  // The block's MLP, then back to the places of the tokens.
  %hidden = moe.expert_mlp none %h up(%up : tensor<13x8xf32>) down(%down : tensor<8x13xf32>)
    {activation = #moe.activation<gelu_tanh>} : tensor<?x8xf32> -> tensor<?x8xf32>
  %block = moe.mix add %h, %hidden : tensor<?x8xf32>
  %weighted = moe.combine %block, %positions weights(%r : tensor<?x1xf32>)
    : tensor<?x8xf32>, tensor<?x1xi32> -> tensor<?x8xf32>
  %y = moe.mix add %weighted, %x : tensor<?x8xf32>
  return %y, %ids, %r : tensor<?x8xf32>, tensor<?x1xi32>, tensor<?x1xf32>
}
