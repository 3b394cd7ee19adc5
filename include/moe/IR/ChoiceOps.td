//===- ChoiceOps.td - From scores to chosen experts --------*- tablegen -*-===//

#ifndef MOE_IR_CHOICEOPS_TD
#define MOE_IR_CHOICEOPS_TD

include "moe/IR/MoETypes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MoE_TopKOp : MoE_Op<"top_k", [Pure, InferTypeOpAdaptor, AttrSizedOperandSegments]> {
  let summary = "the k experts with the largest keys, best first";
  let description = [{
    key[t,e] = scores[t,e] + bias[e], added in f32 (f64). Equal keys are ranked by
    `tie`; NaN ranks above every number. The experts except[t,j] of token t are not
    chosen; -1 there is none.

    Constraints:
    * C1: 1 <= k <= E; the expert count is static.
    * C2: the bias has E elements.
    * C3: `except` and the scores have the same token count.
    * C4: k + J <= E for J exceptions per token; J is static.

    ```mlir
    func.func @choose(%s: tensor<?x8xf32>, %noisy: tensor<?x8xf32>)
        -> (tensor<?x1xi32>, tensor<?x1xi32>) {
      %first = moe.top_k %s {k = 1 : i64} : tensor<?x8xf32>
      %second = moe.top_k %noisy except(%first : tensor<?x1xi32>) {k = 1 : i64}
        : tensor<?x8xf32>
      return %first, %second : tensor<?x1xi32>, tensor<?x1xi32>
    }
    ```
  }];
  let arguments = (ins
    MoE_Matrix:$scores, Optional<MoE_Vector>:$bias, Optional<MoE_Ids>:$except, I64Attr:$k,
    DefaultValuedAttr<MoE_TieAttr, "Tie::lowest">:$tie);
  let results = (outs MoE_Ids:$indices);
  let assemblyFormat = [{
    $scores (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`except` `(` $except^ `:` type($except) `)`)? attr-dict `:` type($scores)
  }];
  let hasVerifier = 1;
}

def MoE_SequentialTopKOp : MoE_Op<"sequential_top_k", [Pure, InferTypeOpAdaptor]> {
  let summary = "k experts one after another, each weighted by a softmax of its rivals";
  let description = [{
    Round j: among experts not chosen in an earlier round, m is the largest logit and
    c its expert (lowest on a tie). Expert i is a rival of c if it is not yet chosen,
    unless (m - l[i]) / max(|l[i]|, m) > relative_gap (which 0 / 0 is not: experts of
    equal logits are rivals). The weight of choice j is the softmax over c and its
    rivals, taken at c.

    Constraints:
    * C1: 1 <= k <= E; the expert count is static.
    * C2: relative_gap is not negative.
  }];
  let arguments = (ins MoE_Matrix:$logits, I64Attr:$k, F64Attr:$relative_gap);
  let results = (outs MoE_Ids:$indices, MoE_Matrix:$weights);
  let assemblyFormat = "$logits attr-dict `:` type($logits)";
  let hasVerifier = 1;
}

def MoE_TopTokensOp : MoE_Op<"top_tokens", [Pure, InferTypeOpAdaptor]> {
  let summary = "each expert chooses its best tokens";
  let description = [{
    Expert e takes the min(capacity, T) tokens with the largest scores[t,e]; equal
    scores are ranked by `tie` on the token index. indices[t,e] is e if expert e took
    token t, else -1.
  }];
  let arguments = (ins MoE_Matrix:$scores, Index:$capacity,
                       DefaultValuedAttr<MoE_TieAttr, "Tie::lowest">:$tie);
  let results = (outs MoE_Ids:$indices);
  let assemblyFormat = "$scores `,` $capacity attr-dict `:` type($scores)";
}

def MoE_SelectOp : MoE_Op<"select", [Pure, InferTypeOpAdaptor]> {
  let summary = "every expert, or every expert with a positive score";
  let description = [{
    indices[t,e] is e under rule `all`, and under `positive` e if scores[t,e] > 0, else -1.
  }];
  let arguments = (ins MoE_SelectRuleAttr:$rule, MoE_Matrix:$scores);
  let results = (outs MoE_Ids:$indices);
  let assemblyFormat = "`` $rule $scores attr-dict `:` type($scores)";
}

def MoE_LookupOp : MoE_Op<"lookup", [Pure, InferTypeOpAdaptor]> {
  let summary = "experts from a table of token ids";
  let description = [{
    indices[t,0] = table[ids[t]]; an id outside the table gives -1.
  }];
  let arguments = (ins MoE_IdVector:$table, MoE_IdVector:$ids);
  let results = (outs MoE_Ids:$indices);
  let assemblyFormat = "$table `,` $ids attr-dict `:` type($table) `,` type($ids)";
}

def MoE_AssignBalancedOp : MoE_Op<"assign_balanced", [Pure, InferTypeOpAdaptor]> {
  let summary = "one expert per token, equal loads, largest total score";
  let description = [{
    Chooses e(t) so that no expert has more than ceil(T / E) tokens and the sum over
    tokens of scores[t, e(t)] is as large as possible. Scores must be finite.
  }];
  let arguments = (ins MoE_Matrix:$scores);
  let results = (outs MoE_Ids:$indices);
  let assemblyFormat = "$scores attr-dict `:` type($scores)";
}

def MoE_MaskChoicesOp : MoE_Op<"mask_choices", [Pure, AllTypesMatch<["indices", "kept"]>]> {
  let summary = "no experts for padding tokens";
  let description = [{
    kept[t,c] is indices[t,c] where mask[t] is not 0, else -1.

    Constraints:
    * C1: the mask has one element per token.
  }];
  let arguments = (ins MoE_Ids:$indices, MoE_Vector:$mask);
  let results = (outs MoE_Ids:$kept);
  let assemblyFormat = "$indices `,` $mask attr-dict `:` type($indices) `,` type($mask)";
  let hasVerifier = 1;
}

def MoE_FilterChoicesOp : MoE_Op<"filter_choices", [Pure, AllTypesMatch<["indices", "kept"]>]> {
  let summary = "give up later choices of little weight";
  let description = [{
    kept[t,c] is indices[t,c] if c < first_choice or scale * weights[t,c] > threshold[t],
    else -1. The threshold is a random draw, or a constant.

    Constraints:
    * C1: weights have the shape of the indices.
    * C2: the threshold has one element per token.
    * C3: first_choice is not negative.
  }];
  let arguments = (ins
    MoE_Ids:$indices, MoE_Matrix:$weights, MoE_Vector:$threshold,
    DefaultValuedAttr<I64Attr, "1">:$first_choice,
    DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs MoE_Ids:$kept);
  let assemblyFormat = [{
    $indices `,` $weights `,` $threshold attr-dict
    `:` type($indices) `,` type($weights) `,` type($threshold)
  }];
  let hasVerifier = 1;
}

def MoE_GatherWeightsOp : MoE_Op<"gather_weights", [Pure, InferTypeOpAdaptor]> {
  let summary = "the scores of the chosen experts";
  let description = [{
    weights[t,c] = scores[t, indices[t,c]], and 0 where the index is not in [0, E).

    Constraints:
    * C1: scores and indices have the same token count.

    ```mlir
    func.func @weights(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>) -> tensor<?x2xf32> {
      %w = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x2xi32>
      return %w : tensor<?x2xf32>
    }
    ```
  }];
  let arguments = (ins MoE_Matrix:$scores, MoE_Ids:$indices);
  let results = (outs MoE_Matrix:$weights);
  let assemblyFormat = "$scores `,` $indices attr-dict `:` type($scores) `,` type($indices)";
  let hasVerifier = 1;
}

def MoE_NormalizeWeightsOp : MoE_Op<"normalize_weights", [Pure, SameOperandsAndResultType]> {
  let summary = "divide a token's weights by their norm, then scale";
  let description = [{
    w[t,c] = scale * (w[t,c] / d[t]) with d[t] = (sum_c |w[t,c]|^order)^(1/order), the
    plain sum for order 1. `eps_mode` `add` adds eps to d, `clamp` makes eps its least
    value. Without `order` nothing is divided. Where d is 0 the result is 0.

    Constraints:
    * C1: order, where given, is positive.
    * C2: eps is positive exactly when eps_mode is not `none`.
    * C3: eps needs an order.

    ```mlir
    func.func @normalize(%w: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %n = moe.normalize_weights %w {eps = 1.000000e-20 : f64, eps_mode = #moe.eps_mode<add>,
        order = 1.000000e+00 : f64, scale = 2.500000e+00 : f64} : tensor<?x8xf32>
      return %n : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins
    MoE_Matrix:$weights, OptionalAttr<F64Attr>:$order,
    DefaultValuedAttr<F64Attr, "0.0">:$eps,
    DefaultValuedAttr<MoE_EpsModeAttr, "EpsMode::none">:$eps_mode,
    DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs MoE_Matrix:$normalized);
  let assemblyFormat = "$weights attr-dict `:` type($weights)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // MOE_IR_CHOICEOPS_TD
