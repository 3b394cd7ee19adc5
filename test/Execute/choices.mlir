// Signs, ranges and thresholds.

// RUN: moe-run %s --input=%S/Data/choices.plain.in.safetensors --expect=%S/Data/choices.plain.out.safetensors
// RUN: moe-run %s --input=%S/Data/choices.t0.in.safetensors --expect=%S/Data/choices.t0.out.safetensors

func.func @moe_layer(
    %scores: tensor<?x?xf32> {moe.name = "scores"},
    %table: tensor<?xi32> {moe.name = "table"}, %ids: tensor<?xi32> {moe.name = "ids"},
    %indices: tensor<?x3xi32> {moe.name = "indices"},
    %mask: tensor<?xf32> {moe.name = "mask"},
    %weights: tensor<?x3xf32> {moe.name = "weights"},
    %threshold: tensor<?xf32> {moe.name = "threshold"})
    -> (tensor<?x?xi32> {moe.name = "all"}, tensor<?x?xi32> {moe.name = "positive"},
        tensor<?x1xi32> {moe.name = "looked_up"}, tensor<?x3xi32> {moe.name = "masked"},
        tensor<?x3xi32> {moe.name = "later_filtered"},
        tensor<?x3xi32> {moe.name = "all_filtered"}) {
  %all = moe.select all %scores : tensor<?x?xf32>
  %positive = moe.select positive %scores : tensor<?x?xf32>
  %looked_up = moe.lookup %table, %ids : tensor<?xi32>, tensor<?xi32>
  %masked = moe.mask_choices %indices, %mask : tensor<?x3xi32>, tensor<?xf32>
  %later_filtered = moe.filter_choices %indices, %weights, %threshold
    : tensor<?x3xi32>, tensor<?x3xf32>, tensor<?xf32>
  %all_filtered = moe.filter_choices %indices, %weights, %threshold
    {first_choice = 0 : i64, scale = 2.0 : f64}
    : tensor<?x3xi32>, tensor<?x3xf32>, tensor<?xf32>
  return %all, %positive, %looked_up, %masked, %later_filtered, %all_filtered
    : tensor<?x?xi32>, tensor<?x?xi32>, tensor<?x1xi32>, tensor<?x3xi32>,
      tensor<?x3xi32>, tensor<?x3xi32>
}
