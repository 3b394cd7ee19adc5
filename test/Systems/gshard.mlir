// GShard, top-2 with a random second expert (lingvo core/gshard_layers.py; Mesh TensorFlow).
// * The two weights are normalised with an added epsilon before anything is dropped.
// * The second choice stays with probability w2 / 0.2; one that goes frees its slot.
// * Capacity trunc(2 T / E), rounded up to a multiple of 4. All first choices come before all
//   second ones; the weights that remain are not scaled up.
// * The balance loss counts first choices only, before any is dropped.

// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-run %s --input=%S/Data/gshard.plain.in.safetensors --expect=%S/Data/gshard.plain.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard.drops.in.safetensors --expect=%S/Data/gshard.drops.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard.empty.in.safetensors --expect=%S/Data/gshard.empty.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard.flood.in.safetensors --expect=%S/Data/gshard.flood.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard.ties.in.safetensors --expect=%S/Data/gshard.ties.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard.t0.in.safetensors --expect=%S/Data/gshard.t0.out.safetensors --tolerance=1e-5
// RUN: moe-run %s --input=%S/Data/gshard.t1.in.safetensors --expect=%S/Data/gshard.t1.out.safetensors --tolerance=1e-5

// CHECK-LABEL: func.func @moe_layer(
// CHECK: moe.normalize_weights %{{.*}} {eps = 1.000000e-09 : f64, eps_mode = #moe.eps_mode<add>
// CHECK: moe.filter_choices %{{.*}} {scale = 5.000000e+00
// CHECK: moe.capacity mul_then_div
// CHECK: multiple_of = 4
// CHECK: moe.assign_slots k_major
func.func @moe_layer(
    %x: tensor<?x13xf32>      {moe.name = "hidden_states"},
    %random: tensor<?xf32>    {moe.name = "random"},
    %router: tensor<7x13xf32> {moe.name = "router.weight"},
    %up: tensor<7x9x13xf32>   {moe.name = "experts.up.weight"},
    %down: tensor<7x13x9xf32> {moe.name = "experts.down.weight"})
    -> (tensor<?x13xf32> {moe.name = "hidden_states"},
        tensor<?x2xi32>  {moe.name = "topk_ids"},
        tensor<?x2xf32>  {moe.name = "topk_weights"},
        tensor<?x2xi32>  {moe.name = "slots"},
        tensor<i64>      {moe.name = "capacity"},
        tensor<f32>      {moe.name = "aux_loss"}) {
  %c0 = arith.constant 0 : index
  %tokens = tensor.dim %x, %c0 : tensor<?x13xf32>

  // Router.
  %logits = moe.gate linear %x, %router : tensor<?x13xf32>, tensor<7x13xf32> -> tensor<?x7xf32>
  %scores = moe.score softmax %logits : tensor<?x7xf32> -> tensor<?x7xf32>
  %ids = moe.top_k %scores {k = 2} : tensor<?x7xf32>
  %gates = moe.gather_weights %scores, %ids : tensor<?x7xf32>, tensor<?x2xi32>
  %weights = moe.normalize_weights %gates
    {eps = 1.0e-9, eps_mode = #moe.eps_mode<add>, order = 1.0} : tensor<?x2xf32>
  %first = tensor.extract_slice %ids[0, 0] [%tokens, 1] [1, 1]
    : tensor<?x2xi32> to tensor<?x1xi32>
  %aux_loss = moe.aux_loss balance %scores indices(%first : tensor<?x1xi32>)
    : tensor<?x7xf32> -> tensor<f32>

  // Slots. w2 > random * 0.2
  %wanted = moe.filter_choices %ids, %weights, %random {scale = 5.0}
    : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  %c = moe.capacity mul_then_div %tokens
    {factor = 2.0, minimum = 4, multiple_of = 4, num_experts = 7}
  %c_i64 = arith.index_cast %c : index to i64
  %capacity = tensor.from_elements %c_i64 : tensor<i64>
  %kept, %slots = moe.assign_slots k_major %wanted, %c {num_experts = 7} : tensor<?x2xi32>
  %offsets, %sources, %positions = moe.group_by_expert %kept
    slots(%slots : tensor<?x2xi32>) capacity(%c)
    {num_experts = 7} : tensor<?x2xi32> -> tensor<8xi32>, tensor<?xi32>, tensor<?x2xi32>

  // Experts.
  %rows = moe.dispatch %x, %sources : tensor<?x13xf32>, tensor<?xi32> -> tensor<?x13xf32>
  %outs = moe.expert_mlp none %rows offsets(%offsets : tensor<8xi32>)
    up(%up : tensor<7x9x13xf32>) down(%down : tensor<7x13x9xf32>)
    {activation = #moe.activation<relu>} : tensor<?x13xf32> -> tensor<?x13xf32>
  %y = moe.combine %outs, %positions weights(%weights : tensor<?x2xf32>)
    : tensor<?x13xf32>, tensor<?x2xi32> -> tensor<?x13xf32>
  return %y, %ids, %weights, %slots, %capacity, %aux_loss
    : tensor<?x13xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<i64>, tensor<f32>
}
