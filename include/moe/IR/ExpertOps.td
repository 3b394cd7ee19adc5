//===- ExpertOps.td - Dispatch, expert compute, combine ----*- tablegen -*-===//

#ifndef MOE_IR_EXPERTOPS_TD
#define MOE_IR_EXPERTOPS_TD

include "moe/IR/MoETypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MoE_DispatchOp : MoE_Op<"dispatch", [Pure, AttrSizedOperandSegments]> {
  let summary = "copy each token to the rows of its experts";
  let description = [{
    rows[r] = x[sources[r]], zero where the source is -1. With weights and positions,
    row positions[t,c] is weights[t,c] * x[t] rounded to the rows' element type: the
    routing weight acts on the input of the expert instead of on its output.

    Constraints:
    * C1: rows have as many rows as sources, and the width of x.
    * C2: weights and positions are given together and have the same shape, with one
      row per token of x.

    ```mlir
    func.func @dispatch(%x: tensor<?x64xf32>, %s: tensor<?xi32>) -> tensor<?x64xf32> {
      %r = moe.dispatch %x, %s : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
      return %r : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins MoE_Matrix:$x, MoE_IdVector:$sources,
                       Optional<MoE_Matrix>:$weights, Optional<MoE_Ids>:$positions);
  let results = (outs MoE_Matrix:$rows);
  let assemblyFormat = [{
    $x `,` $sources (`weights` `(` $weights^ `:` type($weights) `)`)?
    (`positions` `(` $positions^ `:` type($positions) `)`)? attr-dict
    `:` type($x) `,` type($sources) `->` type($rows)
  }];
  let hasVerifier = 1;
}

def MoE_ExpertMlpOp : MoE_Op<"expert_mlp", [Pure, AttrSizedOperandSegments]> {
  let summary = "each expert's MLP on its own rows";
  let description = [{
    For every row of expert e, with all biases optional:

        g = gate[e] row + gate_bias[e]      u = up[e] row + up_bias[e]
        h = round(activation(g, u))
        result = down[e] h + down_bias[e]   (result = h if there is no `down`)

    Contractions and biases are summed in f32 (f64); h is rounded to the element type
    of the rows. `gating` says where g and u come from:

    * `none`: no g.  `separate`: weights `gate` and `up`, each E x F x M.
    * `gate_first`, `up_first`: `up` is E x 2F x M with the two halves in this order.
    * `interleaved`: `up` is E x 2F x M, row 2f is gate f and row 2f + 1 is up f.

    A fused projection has its 2F biases in `up_bias`. `up_layout` (also of `gate`) and
    `down_layout` say whether a matrix is `out_in` or `in_out`.

    Without `offsets` there is one expert: weights have no expert dimension and all
    rows pass through it. `identity_experts` z adds z experts after the last one that
    return their rows unchanged, so that there are E + z + 1 offsets.

    Constraints:
    * C1: with offsets, weights have an expert dimension, without they have none.
    * C2: all weights and biases have the same number of experts, E; there are E +
      identity_experts + 1 offsets.
    * C3: the input width of `up` and `gate` is the width of the rows.
    * C4: `gate` is given exactly when gating is `separate`; `gate_bias` only then.
    * C5: the inner widths of gate, up, biases and down agree.
    * C6: a fused projection has an even width.
    * C7: the result has as many rows as the input, and the output width.
    * C8: down_bias needs down; identity_experts, less than 2^31, needs equal input and
      output widths.

    ```mlir
    func.func @mlp(%rows: tensor<?x64xbf16>, %offsets: tensor<9xi32>,
                   %gate_up: tensor<8x96x64xbf16>, %down: tensor<8x64x48xbf16>)
        -> tensor<?x64xbf16> {
      %y = moe.expert_mlp gate_first %rows offsets(%offsets : tensor<9xi32>)
        up(%gate_up : tensor<8x96x64xbf16>) down(%down : tensor<8x64x48xbf16>)
        {activation = #moe.activation<silu>} : tensor<?x64xbf16> -> tensor<?x64xbf16>
      return %y : tensor<?x64xbf16>
    }
    ```
  }];
  let arguments = (ins
    MoE_GatingAttr:$gating, MoE_Matrix:$rows, Optional<MoE_IdVector>:$offsets,
    MoE_ExpertMatrix:$up, Optional<MoE_ExpertMatrix>:$gate, Optional<MoE_ExpertMatrix>:$down,
    Optional<MoE_ExpertVector>:$up_bias, Optional<MoE_ExpertVector>:$gate_bias,
    Optional<MoE_ExpertVector>:$down_bias,
    MoE_ActivationAttr:$activation,
    DefaultValuedAttr<MoE_MatrixLayoutAttr, "MatrixLayout::out_in">:$up_layout,
    DefaultValuedAttr<MoE_MatrixLayoutAttr, "MatrixLayout::out_in">:$down_layout,
    DefaultValuedAttr<I64Attr, "0">:$identity_experts);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    `` $gating $rows (`offsets` `(` $offsets^ `:` type($offsets) `)`)?
    `up` `(` $up `:` type($up) `)`
    (`gate` `(` $gate^ `:` type($gate) `)`)?
    (`down` `(` $down^ `:` type($down) `)`)?
    (`up_bias` `(` $up_bias^ `:` type($up_bias) `)`)?
    (`gate_bias` `(` $gate_bias^ `:` type($gate_bias) `)`)?
    (`down_bias` `(` $down_bias^ `:` type($down_bias) `)`)?
    attr-dict `:` type($rows) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of experts with weights: 1 without offsets.
    int64_t getNumExperts();
    /// Width F of the activation between the projections.
    int64_t getInnerWidth();
    /// True if `up` holds the gate projection too.
    bool isFused();
  }];
}

def MoE_DequantizeOp : MoE_Op<"dequantize", [Pure]> {
  let summary = "quantised weights as a tensor of floats";
  let description = [{
    * `block`: w[i] = data[i] * scales[i / block_shape], the division taken in every
      dimension; a block that is as long as its dimension is a per-channel scale.
    * `mxfp4`: the last two dimensions of data are K/32 blocks of 16 bytes, low nibble
      first, each nibble an e2m1 number; scales are bytes s with the value 2^(s - 127).
    * `int4`: w[i] = (code[i] - zero[i / block_shape]) * scales[i / block_shape]. Codes are
      0 to 15, two in an i8 or eight in an i32 of data, which hold neighbours in the one
      dimension that is shorter by that factor; from the lowest nibble on, in `order`
      `ascending`, or the even ones first: 0, 2, 4, 6, 1, 3, 5, 7. `zero_points` hold codes
      in the same way, in any dimension, to which `zero_offset` is added modulo 16; without
      them all zeros are 8.

    The product is rounded once. A consumer that can read quantised operands takes this op
    into its operand loads.

    Constraints:
    * C1: `block_shape` is given exactly for schemes `block` and `int4`, one positive size
      per dimension.
    * C2: for `block`, data and result have the same shape, and scales have
      ceil(dim / block) elements in each dimension; so they have for `int4`.
    * C3: for `mxfp4`, data is bytes of shape ... x K/32 x 16, scales bytes of shape
      ... x K/32, and the result ... x K.
    * C4: for `int4`, data has the shape of the result, and zero points that of the scales,
      with one of the last two dimensions divided by the codes of an element.
    * C5: zero points, an order other than `ascending`, and an offset, 0 to 15, which needs
      zero points, are for `int4` only.

    ```mlir
    func.func @gptq(%codes: tensor<8x16x48xi32>, %scales: tensor<8x4x48xf16>,
                    %zeros: tensor<8x4x6xi32>) -> tensor<8x128x48xf16> {
      %w = moe.dequantize int4 %codes, %scales zero_points(%zeros : tensor<8x4x6xi32>)
        {block_shape = array<i64: 1, 32, 1>, zero_offset = 1 : i64}
        : tensor<8x16x48xi32>, tensor<8x4x48xf16> -> tensor<8x128x48xf16>
      return %w : tensor<8x128x48xf16>
    }
    ```
  }];
  let arguments = (ins
    MoE_QuantSchemeAttr:$scheme,
    RankedTensorOf<[I8, I32, F8E4M3FN, F8E5M2]>:$data,
    RankedTensorOf<[F64, F32, F16, BF16, I8]>:$scales,
    Optional<RankedTensorOf<[I8, I32]>>:$zero_points,
    OptionalAttr<DenseI64ArrayAttr>:$block_shape,
    DefaultValuedAttr<MoE_NibbleOrderAttr, "NibbleOrder::ascending">:$order,
    DefaultValuedAttr<I64Attr, "0">:$zero_offset);
  let results = (outs RankedTensorOf<MoE_FloatTypes>:$weights);
  let assemblyFormat = [{
    `` $scheme $data `,` $scales (`zero_points` `(` $zero_points^ `:` type($zero_points) `)`)?
    attr-dict `:` type($data) `,` type($scales) `->` type($weights)
  }];
  let hasVerifier = 1;
}

def MoE_CombineOp : MoE_Op<"combine", [Pure]> {
  let summary = "weighted sum of each token's expert results";
  let description = [{
    y[t] = sum over choices c with positions[t,c] >= 0 of weights[t,c] * rows[positions[t,c]].
    A token without any result is 0; without weights each factor is 1. `accumulate`
    `wide` sums in f32 (f64) and rounds once; `result` rounds each product and each
    sum to the result's element type. `order` `choice` sums by choice, `expert` by
    ascending row. With `by_choice` the rows are in the order of the k choices of each
    token: row t * k + c is taken where positions[t,c] >= 0.

    Constraints:
    * C1: weights have the shape of the positions.
    * C2: the result has one row per token and the width of the rows.
    * C3: with `by_choice` there is a row for each choice.

    ```mlir
    func.func @combine(%r: tensor<?x64xbf16>, %p: tensor<?x2xi32>, %w: tensor<?x2xf32>)
        -> tensor<?x64xbf16> {
      %y = moe.combine %r, %p weights(%w : tensor<?x2xf32>)
        : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
      return %y : tensor<?x64xbf16>
    }
    ```
  }];
  let arguments = (ins
    MoE_Matrix:$rows, MoE_Ids:$positions, Optional<MoE_Matrix>:$weights,
    DefaultValuedAttr<MoE_AccumulateAttr, "Accumulate::wide">:$accumulate,
    DefaultValuedAttr<MoE_CombineOrderAttr, "CombineOrder::choice">:$order,
    UnitAttr:$by_choice);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    $rows `,` $positions (`weights` `(` $weights^ `:` type($weights) `)`)? attr-dict
    `:` type($rows) `,` type($positions) `->` type($result)
  }];
  let hasVerifier = 1;
}

def MoE_MixOp : MoE_Op<"mix", [Pure, AllTypesMatch<["a", "b", "result"]>]> {
  let summary = "join two branches of a layer";
  let description = [{
      mode            result                              coefficient
      add             a_scale * a + b_scale * b           none
      sigmoid         a + sigmoid(q[t,0]) * b             T x 1
      convex_sigmoid  (1 - sigmoid(q[t,0])) * a
                        + sigmoid(q[t,0]) * b             T x 1
      softmax         p0 * a + p1 * b, p = softmax(q[t])  T x 2

    Computed in f32 (f64) and rounded once.

    Constraints:
    * C1: the coefficient is absent for `add`, T x 2 for `softmax`, else T x 1.
    * C2: a_scale and b_scale are 1 unless the mode is `add`.

    ```mlir
    func.func @mix(%a: tensor<?x64xf32>, %b: tensor<?x64xf32>, %q: tensor<?x1xf32>)
        -> tensor<?x64xf32> {
      %y = moe.mix sigmoid %a, %b coefficient(%q : tensor<?x1xf32>) : tensor<?x64xf32>
      return %y : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins
    MoE_MixModeAttr:$mode, MoE_Matrix:$a, MoE_Matrix:$b, Optional<MoE_Matrix>:$coefficient,
    DefaultValuedAttr<F64Attr, "1.0">:$a_scale, DefaultValuedAttr<F64Attr, "1.0">:$b_scale);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    `` $mode $a `,` $b (`coefficient` `(` $coefficient^ `:` type($coefficient) `)`)?
    attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

#endif // MOE_IR_EXPERTOPS_TD
