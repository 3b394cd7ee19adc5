//===- FusedOps.td - One op for one kernel -----------------*- tablegen -*-===//

#ifndef MOE_IR_FUSEDOPS_TD
#define MOE_IR_FUSEDOPS_TD

include "moe/IR/MoETypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MoE_GroupedGemmOp : MoE_Op<"grouped_gemm", [
    Pure, AttrSizedOperandSegments, SingleBlock]> {
  let summary = "rows times the matrices of their experts, and an epilogue";
  let description = [{
    For every row r of expert e, with offsets[e] <= r < offsets[e+1], every column n and
    every weight p:

        a         = x[sources[r]], zero where the source is -1; x[r] without sources
        sum_p     = <a, weight p of e at output strides[p] * n + starts[p]>
        result[r, n] = epilogue(sum_0, ..., column inputs at (e, n), row inputs at r)

    The products are exact and summed in f32 (f64 if a tensor holds f64). The epilogue
    computes one element in that type from the sums, one scalar for each of
    `column_inputs` (a bias: experts x columns, or columns without offsets) and one for
    each of `row_inputs` (a routing weight: one per row), and yields the element, which
    is rounded once to the result's type.

    Several weights are contracted with the same rows at once: the gate and the up
    projection of a gated expert. If both lie in one tensor it is given twice, with the
    strides and starts that select its halves or its even and odd outputs. Without
    `offsets` there is one expert, its weights have no expert dimension, and all rows
    are its own. Rows beyond the last offset are not computed.

    Constraints:
    * C1: strides, starts and layouts have one element per weight; strides are positive,
      starts are not negative; there is at least one weight.
    * C2: with offsets, weights and column inputs have an expert dimension, without they
      have none, and there are experts + 1 offsets.
    * C3: the input width of each weight is the width of x.
    * C4: weights and the width of the result are static, and the last output that
      columns select is an output of the weight.
    * C5: column inputs have the width of the result. Row inputs have an element for each
      row, and so has the result, unless there are targets.
    * C6: the epilogue takes one scalar of the compute type for each weight, column
      input and row input, and yields one.
    * C7: the schedule is legal for the op on some target.
    * C8: there is a target for each row. `num_rows` is given exactly with targets.
    * C9: an op that adds has targets, and a result of the compute type.

    ```mlir
    func.func @gate_up(%x: tensor<?x64xbf16>, %sources: tensor<?xi32>,
                       %offsets: tensor<9xi32>, %w: tensor<8x96x64xbf16>)
        -> tensor<?x48xbf16> {
      %h = moe.grouped_gemm %x sources(%sources : tensor<?xi32>)
        offsets(%offsets : tensor<9xi32>)
        weights(%w, %w : tensor<8x96x64xbf16>, tensor<8x96x64xbf16>)
        {layouts = [#moe.matrix_layout<out_in>, #moe.matrix_layout<out_in>],
         starts = array<i64: 48, 0>, strides = array<i64: 1, 1>}
        : tensor<?x64xbf16> -> tensor<?x48xbf16> {
      ^bb0(%up: f32, %gate: f32):
        %positive = arith.maximumf %gate, %up : f32
        moe.yield %positive : f32
      }
      return %h : tensor<?x48xbf16>
    }
    ```
  }];
  let arguments = (ins
    MoE_Matrix:$x, Optional<MoE_IdVector>:$sources, Optional<MoE_IdVector>:$offsets,
    Variadic<MoE_ExpertMatrix>:$weights, Variadic<MoE_ExpertVector>:$column_inputs,
    Variadic<MoE_Vector>:$row_inputs, Optional<MoE_IdVector>:$targets,
    Optional<Index>:$num_rows,
    TypedArrayAttrBase<MoE_MatrixLayoutAttr, "layouts of the weights">:$layouts,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$starts, UnitAttr:$adds,
    OptionalAttr<MoE_AnyScheduleAttr>:$schedule);
  let results = (outs MoE_Matrix:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $x (`sources` `(` $sources^ `:` type($sources) `)`)?
    (`offsets` `(` $offsets^ `:` type($offsets) `)`)?
    `weights` `(` $weights `:` type($weights) `)`
    (`columns` `(` $column_inputs^ `:` type($column_inputs) `)`)?
    (`rows` `(` $row_inputs^ `:` type($row_inputs) `)`)?
    (`targets` `(` $targets^ `:` type($targets) `)`)? (`of` $num_rows^)?
    attr-dict `:` type($x) `->` type($result) $epilogue
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The dimension of a weight that its outputs are in.
    unsigned getOutputDim(unsigned weight);
    MatrixLayout getLayout(unsigned weight) {
      return ::llvm::cast<MatrixLayoutAttr>(getLayouts()[weight]).getValue();
    }
    /// f64 if a tensor holds f64, else f32.
    FloatType getComputeType();
    /// What has an element or a row for each row that is computed.
    Value getRowOperand() { return getSources() ? getSources() : getX(); }
  }];
  let builders = [
    // A result with a row for each row.
    OpBuilder<(ins "Type":$result, "Value":$x, "Value":$sources, "Value":$offsets,
                   "ValueRange":$weights, "ValueRange":$columnInputs, "ValueRange":$rowInputs,
                   "ArrayAttr":$layouts, "ArrayRef<int64_t>":$strides,
                   "ArrayRef<int64_t>":$starts)>];
}

def MoE_RouteOp : MoE_Op<"route", [Pure, IsolatedFromAbove, SingleBlock]> {
  let summary = "one kernel for the ops of a router";
  let description = [{
    Computes what its body says, whose arguments are the inputs and which yields the
    results: scores, choices, weights, capacity, slots, groups. The body is ordinary level
    1, so that taking it out of the op, in whatever order its values allow, is the exact
    decomposition.

    Ops that treat each token by itself become one loop over the tokens; what only
    they use never exists for more than one token. The others follow, or precede
    another such loop if it needs what they give.

    Constraints:
    * C1: the body takes an argument of each input's type and yields a value of each
      result's type.
    * C2: the body has only ops that treat each token by itself, `moe.count`,
      `moe.capacity`, `moe.assign_slots`, `moe.group_by_expert`, `moe.row_experts`,
      `moe.row_weights` and `moe.row_choices`. Of other dialects it has only
      elementwise ops on matrices.

    ```mlir
    func.func @route(%logits: tensor<?x8xf32>)
        -> (tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>) {
      %r:4 = moe.route %logits : (tensor<?x8xf32>)
          -> (tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>) {
      ^bb0(%l: tensor<?x8xf32>):
        %s = moe.score sigmoid %l : tensor<?x8xf32> -> tensor<?x8xf32>
        %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xf32>
        %w = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x2xi32>
        %offsets, %sources, %positions = moe.group_by_expert %i {num_experts = 8 : i64}
          : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
        moe.yield %offsets, %sources, %positions, %w
          : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>
      }
      return %r#0, %r#1, %r#2, %r#3
        : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $inputs attr-dict `:` functional-type($inputs, results) $body
  }];
  let hasRegionVerifier = 1;
}

def MoE_YieldOp : MoE_Op<"yield", [
    Pure, Terminator, ParentOneOf<["GroupedGemmOp", "RouteOp"]>]> {
  let summary = "what a region computes";
  let description = [{
    Ends the epilogue of a `moe.grouped_gemm`, with the one element that it computes, and
    the body of a `moe.route`.
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let extraClassDeclaration = [{
    /// Of an epilogue.
    Value getElement() { return getValues().front(); }
    OpOperand &getElementMutable() { return getOperation()->getOpOperand(0); }
  }];
}

def MoE_RowChoicesOp : MoE_Op<"row_choices", [Pure, AllTypesMatch<["sources", "choices"]>]> {
  let summary = "the choice that leads to each row";
  let description = [{
    choices[positions[t,c]] = t * k + c for the k choices of each token; a row that no
    choice leads to has -1. Lets the kernel that computes a row put it where the
    combination of its token looks for it.

    ```mlir
    func.func @choices(%p: tensor<?x2xi32>, %s: tensor<?xi32>) -> tensor<?xi32> {
      %c = moe.row_choices %p, %s : tensor<?x2xi32>, tensor<?xi32>
      return %c : tensor<?xi32>
    }
    ```
  }];
  let arguments = (ins MoE_Ids:$positions, MoE_IdVector:$sources);
  let results = (outs MoE_IdVector:$choices);
  let assemblyFormat = "$positions `,` $sources attr-dict `:` type($positions) `,` type($sources)";
}

def MoE_RowWeightsOp : MoE_Op<"row_weights", [Pure]> {
  let summary = "the routing weight of each row";
  let description = [{
    row_weights[positions[t,c]] = weights[t,c]; a row that no choice leads to has 0. Lets
    the kernel that computes a row multiply it with its weight.

    Constraints:
    * C1: weights have the shape of the positions.

    ```mlir
    func.func @weights(%w: tensor<?x2xf32>, %p: tensor<?x2xi32>, %s: tensor<?xi32>)
        -> tensor<?xf32> {
      %r = moe.row_weights %w, %p, %s : tensor<?x2xf32>, tensor<?x2xi32>, tensor<?xi32>
        -> tensor<?xf32>
      return %r : tensor<?xf32>
    }
    ```
  }];
  let arguments = (ins MoE_Matrix:$weights, MoE_Ids:$positions, MoE_IdVector:$sources);
  let results = (outs MoE_Vector:$row_weights);
  let assemblyFormat = [{
    $weights `,` $positions `,` $sources attr-dict
    `:` type($weights) `,` type($positions) `,` type($sources) `->` type($row_weights)
  }];
  let hasVerifier = 1;
}

def MoE_AppendChoiceOp : MoE_Op<"append_choice", [Pure]> {
  let summary = "one more expert that every token chooses";
  let description = [{
    Behind the choices of each token comes `expert`, with the weight `scale`; with a
    coefficient q, scale * sigmoid(q[t,0]). Choices outside [first_expert, expert), e.g. of
    another device, become -1: one of them could be `expert`.

    Constraints:
    * C1: weights have the shape of the indices, and so have the results but for one more
      column.
    * C2: the coefficient is T x 1.
    * C3: 0 <= first_expert <= expert < 2^31.

    ```mlir
    func.func @append(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>, %q: tensor<?x1xf32>)
        -> (tensor<?x3xi32>, tensor<?x3xf32>) {
      %j, %v = moe.append_choice %i, %w coefficient(%q : tensor<?x1xf32>) {expert = 8 : i64}
        : tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
      return %j, %v : tensor<?x3xi32>, tensor<?x3xf32>
    }
    ```
  }];
  let arguments = (ins MoE_Ids:$indices, MoE_Matrix:$weights, Optional<MoE_Matrix>:$coefficient,
                       I64Attr:$expert, DefaultValuedAttr<I64Attr, "0">:$first_expert,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs MoE_Ids:$more_indices, MoE_Matrix:$more_weights);
  let assemblyFormat = [{
    $indices `,` $weights (`coefficient` `(` $coefficient^ `:` type($coefficient) `)`)?
    attr-dict `:` type($indices) `,` type($weights)
    `->` type($more_indices) `,` type($more_weights)
  }];
  let hasVerifier = 1;
}

// What checkpoints store: numbers, codes, scales and zero points.
defvar MoE_StoredTypes = !listconcat(MoE_FloatTypes, [F8E4M3FN, F8E5M2, I8, I32]);

def MoE_AppendExpertOp : MoE_Op<"append_expert", [Pure]> {
  let summary = "the weights of one more expert behind those of others";
  let description = [{
    Nothing is copied: the result is a table of the addresses of each expert's weights,
    or of codes and scales of quantised ones.

    Constraints:
    * C1: the result has the encoding `#moe.per_expert`, and the shape of the weights but
      for one more expert.
    * C2: the expert has the shape of the weights without their first dimension.
    * C3: all have the same element type and a static shape.

    ```mlir
    func.func @append(%w: tensor<8x48x64xbf16>, %s: tensor<48x64xbf16>)
        -> tensor<9x48x64xbf16, #moe.per_expert> {
      %r = moe.append_expert %w, %s : tensor<8x48x64xbf16>, tensor<48x64xbf16>
        -> tensor<9x48x64xbf16, #moe.per_expert>
      return %r : tensor<9x48x64xbf16, #moe.per_expert>
    }
    ```
  }];
  let arguments = (ins TensorRankOf<MoE_StoredTypes, [2, 3, 4]>:$weights,
                       TensorRankOf<MoE_StoredTypes, [1, 2, 3]>:$expert);
  let results = (outs TensorRankOf<MoE_StoredTypes, [2, 3, 4]>:$result);
  let assemblyFormat = [{
    $weights `,` $expert attr-dict `:` type($weights) `,` type($expert) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // MOE_IR_FUSEDOPS_TD
