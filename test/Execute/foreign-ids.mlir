// Ids that are no expert's have no row, no weight, no slot and no count; on a GPU the experts are
// those of tensor cores.

// RUN: moe-run %s --input=%S/Data/foreign-ids.few.in.safetensors --expect=%S/Data/foreign-ids.few.out.safetensors --tolerance=1e-2
// RUN: moe-run %s --input=%S/Data/foreign-ids.many.in.safetensors --expect=%S/Data/foreign-ids.many.out.safetensors --tolerance=1e-2
// RUN: moe-run %s --input=%S/Data/foreign-ids.none.in.safetensors --expect=%S/Data/foreign-ids.none.out.safetensors --tolerance=1e-2

func.func @moe_layer(
    %x: tensor<?x64xbf16> {moe.name = "x"}, %ids: tensor<?x3xi32> {moe.name = "ids"},
    %scores: tensor<?x4xf32> {moe.name = "scores"},
    %up: tensor<4x32x64xbf16> {moe.name = "up"}, %down: tensor<4x64x32xbf16> {moe.name = "down"})
    -> (tensor<?x64xbf16> {moe.name = "y"}, tensor<?x3xf32> {moe.name = "weights"},
        tensor<?x64xbf16> {moe.name = "capped"}, tensor<?x3xi32> {moe.name = "kept"},
        tensor<4xi32> {moe.name = "counts"}) {
  %counts = moe.count %ids {num_experts = 4 : i64} : tensor<?x3xi32>
  %weights = moe.gather_weights %scores, %ids : tensor<?x4xf32>, tensor<?x3xi32>

  %offsets, %sources, %positions = moe.group_by_expert %ids {num_experts = 4 : i64}
    : tensor<?x3xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x3xi32>
  %rows = moe.dispatch %x, %sources : tensor<?x64xbf16>, tensor<?xi32> -> tensor<?x64xbf16>
  %outputs = moe.expert_mlp none %rows offsets(%offsets : tensor<5xi32>)
    up(%up : tensor<4x32x64xbf16>) down(%down : tensor<4x64x32xbf16>)
    {activation = #moe.activation<silu>} : tensor<?x64xbf16> -> tensor<?x64xbf16>
  %y = moe.combine %outputs, %positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x64xbf16>, tensor<?x3xi32> -> tensor<?x64xbf16>

  %capacity = arith.constant 9 : index
  %kept, %slots = moe.assign_slots token_major %ids, %capacity {num_experts = 4 : i64}
    : tensor<?x3xi32>
  %slot_offsets, %slot_sources, %slot_positions = moe.group_by_expert %kept slots(%slots : tensor<?x3xi32>)
    capacity(%capacity) {num_experts = 4 : i64}
    : tensor<?x3xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x3xi32>
  %slot_rows = moe.dispatch %x, %slot_sources : tensor<?x64xbf16>, tensor<?xi32> -> tensor<?x64xbf16>
  %slot_outputs = moe.expert_mlp none %slot_rows offsets(%slot_offsets : tensor<5xi32>)
    up(%up : tensor<4x32x64xbf16>) down(%down : tensor<4x64x32xbf16>)
    {activation = #moe.activation<silu>} : tensor<?x64xbf16> -> tensor<?x64xbf16>
  %capped = moe.combine %slot_outputs, %slot_positions weights(%weights : tensor<?x3xf32>)
    : tensor<?x64xbf16>, tensor<?x3xi32> -> tensor<?x64xbf16>
  return %y, %weights, %capped, %kept, %counts
    : tensor<?x64xbf16>, tensor<?x3xf32>, tensor<?x64xbf16>, tensor<?x3xi32>, tensor<4xi32>
}
