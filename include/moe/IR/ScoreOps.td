//===- ScoreOps.td - From tokens to scores of experts ------*- tablegen -*-===//

#ifndef MOE_IR_SCOREOPS_TD
#define MOE_IR_SCOREOPS_TD

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

def MoE_LimitGroupsOp : MoE_Op<"limit_groups", [Pure, AllTypesMatch<["scores", "limited"]>]> {
  let summary = "hide the experts of all but the best groups";
  let description = [{
    The experts form `num_groups` groups of E / num_groups neighbours. With
    key[t,e] = scores[t,e] + bias[e], added in f32 (f64) and rounded to the result's
    element type, each group is ranked by its largest key (`max`) or the sum of its
    `top` largest (`sum_top`). The `keep` best groups keep their keys (lowest group
    first on a tie), and those of the others become -inf (`neg_inf`) or 0 (`zero`).

    Constraints:
    * C1: num_groups divides the static expert count.
    * C2: 1 <= keep <= num_groups.
    * C3: 1 <= top <= E / num_groups.
    * C4: the bias has E elements.

    ```mlir
    func.func @limit(%s: tensor<?x32xf32>, %b: tensor<32xf32>) -> tensor<?x32xf32> {
      %r = moe.limit_groups sum_top %s bias(%b : tensor<32xf32>)
        {keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64} : tensor<?x32xf32>
      return %r : tensor<?x32xf32>
    }
    ```
  }];
  let arguments = (ins
    MoE_GroupScoreAttr:$rank_by, MoE_Matrix:$scores, Optional<MoE_Vector>:$bias,
    I64Attr:$num_groups, I64Attr:$keep,
    DefaultValuedAttr<I64Attr, "1">:$top,
    DefaultValuedAttr<MoE_GroupFillAttr, "GroupFill::neg_inf">:$fill);
  let results = (outs MoE_Matrix:$limited);
  let assemblyFormat = [{
    `` $rank_by $scores (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` type($scores)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // MOE_IR_SCOREOPS_TD
