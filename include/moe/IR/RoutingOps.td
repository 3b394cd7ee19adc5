//===- RoutingOps.td - From tokens to chosen experts -------*- tablegen -*-===//

#ifndef MOE_IR_ROUTINGOPS_TD
#define MOE_IR_ROUTINGOPS_TD

include "moe/IR/MoETypes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MoE_GateOp : MoE_Op<"gate", [Pure, AttrSizedOperandSegments]> {
  let summary = "logits of every token for every expert";
  let description = [{
    Compares each token x[t] with the vector w[e] of each expert.

    * `linear`: l[t,e] = <x[t], w[e]> + bias[e]
    * `cosine`: l[t,e] = scale * <x[t], w[e]> / (|x[t]| |w[e]|) + bias[e]
    * `distance`: l[t,e] = -scale * |x[t] - w[e]|^2 + bias[e]

    |v| is sqrt(sum v^2) with `norm_eps` in `norm_eps_mode`: `add` puts it under the
    root, `clamp` makes it the least value of |v|. `softcap` c replaces l by
    c * tanh(l / c). `scale` is 1 if absent. w is `out_in` (E x M) or `in_out` (M x E).

    Constraints:
    * C1: the token width of x equals the width of the weight.
    * C2: the expert count of the weight, bias and result agree.
    * C3: `scale` needs kind `cosine` or `distance`.
    * C4: `softcap` is positive.
    * C5: x and the result have the same token count.
    * C6: norm_eps is positive for kind `cosine` with a norm_eps_mode, else both are absent.

    ```mlir
    func.func @gate(%x: tensor<?x64xbf16>, %w: tensor<8x64xbf16>) -> tensor<?x8xf32> {
      %l = moe.gate linear %x, %w : tensor<?x64xbf16>, tensor<8x64xbf16> -> tensor<?x8xf32>
      return %l : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins
    MoE_GateKindAttr:$kind, MoE_Matrix:$x, MoE_Matrix:$weight,
    Optional<MoE_Vector>:$bias, Optional<MoE_Scalar>:$scale,
    DefaultValuedAttr<MoE_MatrixLayoutAttr, "MatrixLayout::out_in">:$layout,
    OptionalAttr<F64Attr>:$softcap,
    DefaultValuedAttr<F64Attr, "0.0">:$norm_eps,
    DefaultValuedAttr<MoE_EpsModeAttr, "EpsMode::none">:$norm_eps_mode);
  let results = (outs MoE_Matrix:$logits);
  let assemblyFormat = [{
    `` $kind $x `,` $weight (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`scale` `(` $scale^ `:` type($scale) `)`)? attr-dict
    `:` type($x) `,` type($weight) `->` type($logits)
  }];
  let hasVerifier = 1;
}

def MoE_ScoreOp : MoE_Op<"score", [Pure]> {
  let summary = "scores from logits";
  let description = [{
    * `softmax`: exp(l - max) / sum exp(l - max) over the experts of a token (the
      last dimension), or over the tokens of an expert if `axis` is `tokens`
    * `sigmoid`: 1 / (1 + exp(-l));  `relu`: max(l, 0)
    * `sqrt_softplus`: sqrt(log(1 + exp(l)))

    Computed in f32 (f64 if an element type is f64) and rounded to the result's
    element type. The last dimension may also be choices: the softmax of gathered
    logits is the softmax over the selected experts. With logits of -inf
    everywhere, or any NaN, a softmax is NaN.

    Constraints:
    * C1: logits and scores have the same shape.
    * C2: `axis` is `experts` unless the function is `softmax`.

    ```mlir
    func.func @score(%l: tensor<?x8xbf16>) -> tensor<?x8xf32> {
      %p = moe.score softmax %l : tensor<?x8xbf16> -> tensor<?x8xf32>
      return %p : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins
    MoE_ScoreFnAttr:$fn, MoE_Matrix:$logits,
    DefaultValuedAttr<MoE_ScoreAxisAttr, "ScoreAxis::experts">:$axis);
  let results = (outs MoE_Matrix:$scores);
  let assemblyFormat = [{
    `` $fn $logits attr-dict `:` type($logits) `->` type($scores)
  }];
  let hasVerifier = 1;
}

def MoE_SinkhornOp : MoE_Op<"sinkhorn", [Pure, SameOperandsAndResultType]> {
  let summary = "balanced selection keys by Sinkhorn iteration";
  let description = [{
    With c = exp(logits), d0 = 1/T and d1 = 1/E, repeats

        d0[t] = (1/T) / (sum_e d1[e] c[t,e] + eps)
        d1[e] = (1/E) / (sum_t d0[t] c[t,e] + eps)

    from d0 = d1 = 1 until mean_e |d1 - previous d1| <= tolerance, or
    `max_iterations` rounds, and gives d1[e] * c[t,e] * d0[t]; eps is 1e-8.

    Constraints:
    * C1: tolerance and max_iterations are positive.
  }];
  let arguments = (ins MoE_Matrix:$logits, F64Attr:$tolerance,
                       DefaultValuedAttr<I64Attr, "1000">:$max_iterations);
  let results = (outs MoE_Matrix:$keys);
  let assemblyFormat = "$logits attr-dict `:` type($logits)";
  let hasVerifier = 1;
}

def MoE_LimitGroupsOp : MoE_Op<"limit_groups", [Pure, SameOperandsAndResultType]> {
  let summary = "hide the experts of all but the best groups";
  let description = [{
    The experts form `num_groups` groups of E / num_groups neighbours. Each group is
    ranked by its largest score (`max`) or the sum of its `top` largest (`sum_top`);
    the `keep` best stay (lowest group first on a tie), and the scores of the others
    become -inf (`neg_inf`) or 0 (`zero`).

    Constraints:
    * C1: num_groups divides the static expert count.
    * C2: 1 <= keep <= num_groups.
    * C3: 1 <= top <= E / num_groups.

    ```mlir
    func.func @limit(%s: tensor<?x32xf32>) -> tensor<?x32xf32> {
      %r = moe.limit_groups sum_top %s {keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64}
        : tensor<?x32xf32>
      return %r : tensor<?x32xf32>
    }
    ```
  }];
  let arguments = (ins
    MoE_GroupScoreAttr:$rank_by, MoE_Matrix:$scores, I64Attr:$num_groups, I64Attr:$keep,
    DefaultValuedAttr<I64Attr, "1">:$top,
    DefaultValuedAttr<MoE_GroupFillAttr, "GroupFill::neg_inf">:$fill);
  let results = (outs MoE_Matrix:$limited);
  let assemblyFormat = "`` $rank_by $scores attr-dict `:` type($scores)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def MoE_TopKOp : MoE_Op<"top_k", [Pure, InferTypeOpAdaptor]> {
  let summary = "the k experts with the largest keys, best first";
  let description = [{
    key[t,e] = scores[t,e] + bias[e], added in f32 (f64). Equal keys are ranked by
    `tie`; NaN ranks above every number.

    Constraints:
    * C1: 1 <= k <= E; the expert count is static.
    * C2: the bias has E elements.

    ```mlir
    func.func @choose(%s: tensor<?x8xf32>) -> tensor<?x2xi32> {
      %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xf32>
      return %i : tensor<?x2xi32>
    }
    ```
  }];
  let arguments = (ins
    MoE_Matrix:$scores, Optional<MoE_Vector>:$bias, I64Attr:$k,
    DefaultValuedAttr<MoE_TieAttr, "Tie::lowest">:$tie);
  let results = (outs MoE_Ids:$indices);
  let assemblyFormat = [{
    $scores (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict `:` type($scores)
  }];
  let hasVerifier = 1;
}

def MoE_SequentialTopKOp : MoE_Op<"sequential_top_k", [Pure, InferTypeOpAdaptor]> {
  let summary = "k experts one after another, each weighted by a softmax of its rivals";
  let description = [{
    Round j: among experts not chosen in an earlier round, m is the largest logit and
    c its expert (lowest on a tie). Expert i is a rival of c if it is not yet chosen
    and (m - l[i]) / max(|l[i]|, m) <= relative_gap. The weight of choice j is the
    softmax over c and its rivals, taken at c.

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
    weights[t,c] = scores[t, indices[t,c]], and 0 where the index is -1.

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

#endif // MOE_IR_ROUTINGOPS_TD
