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
    * C5: column inputs have the width of the result, row inputs its length, and so
      have the sources.
    * C6: the epilogue takes one scalar of the compute type for each weight, column
      input and row input, and yields one.
    * C7: the schedule is legal for the op on some target.

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
    Variadic<MoE_Vector>:$row_inputs,
    TypedArrayAttrBase<MoE_MatrixLayoutAttr, "layouts of the weights">:$layouts,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$starts,
    OptionalAttr<MoE_AnyScheduleAttr>:$schedule);
  let results = (outs MoE_Matrix:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $x (`sources` `(` $sources^ `:` type($sources) `)`)?
    (`offsets` `(` $offsets^ `:` type($offsets) `)`)?
    `weights` `(` $weights `:` type($weights) `)`
    (`columns` `(` $column_inputs^ `:` type($column_inputs) `)`)?
    (`rows` `(` $row_inputs^ `:` type($row_inputs) `)`)?
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
  }];
}

def MoE_YieldOp : MoE_Op<"yield", [Pure, Terminator, HasParent<"GroupedGemmOp">]> {
  let summary = "the element that an epilogue computes";
  let description = "Ends the epilogue of `moe.grouped_gemm`.";
  let arguments = (ins AnyFloat:$element);
  let assemblyFormat = "$element attr-dict `:` type($element)";
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

#endif // MOE_IR_FUSEDOPS_TD
