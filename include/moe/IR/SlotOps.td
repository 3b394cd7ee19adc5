//===- SlotOps.td - Capacity, slots and grouping -----------*- tablegen -*-===//

#ifndef MOE_IR_SLOTOPS_TD
#define MOE_IR_SLOTOPS_TD

include "moe/IR/MoETypes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MoE_CountOp : MoE_Op<"count", [Pure, InferTypeOpAdaptor]> {
  let summary = "number of choices of each expert";
  let description = [{
    counts[e] is how often e occurs in the first `choices` columns of the indices (all
    columns if absent). Indices outside [0, num_experts) do not count.

    Constraints:
    * C1: 1 <= num_experts < 2^31.
    * C2: choices, where given, is positive and at most the number of columns.
  }];
  let arguments = (ins MoE_Ids:$indices, I64Attr:$num_experts, OptionalAttr<I64Attr>:$choices);
  let results = (outs MoE_IdVector:$counts);
  let assemblyFormat = "$indices attr-dict `:` type($indices)";
  let hasVerifier = 1;
}

def MoE_CapacityOp : MoE_Op<"capacity", [Pure]> {
  let summary = "slots per expert";
  let description = [{
    With S tokens, n = choices, f = factor and E = num_experts, every product and
    quotient rounded to `arithmetic`, the rule gives a real number:

      rule                  value
      mul_then_div          ((S * n) * f) / E
      div_then_mul          ((S * n) / E) * f
      ceil_div_then_mul     ceil((S * n) / E) * f
      floor_div_then_mul    floor((S * n) / E) * f
      fraction              (S * n) * f
      max_count             the largest of `counts`

    It is rounded to an integer by `rounding`, multiplied by `multiplier`, then made
    at most the largest count (if `counts` is given), at most S (`at_most_tokens`), at
    least `minimum`, and rounded up to a multiple of `multiple_of`.

    Constraints:
    * C1: num_experts, choices, multiplier and multiple_of are positive, minimum is not
      negative, and none exceeds 2^31 - 1, the largest index of a row.
    * C2: factor is positive and finite.
    * C3: rule `max_count` needs `counts`.
    * C4: `counts` has num_experts elements.

    ```mlir
    func.func @capacity(%tokens: index) -> index {
      %c = moe.capacity mul_then_div %tokens {factor = 1.250000e+00 : f64, minimum = 4 : i64,
        num_experts = 8 : i64, rounding = #moe.rounding<ceil>}
      return %c : index
    }
    ```
  }];
  let arguments = (ins
    MoE_CapacityRuleAttr:$rule, Index:$tokens, Optional<MoE_IdVector>:$counts,
    I64Attr:$num_experts,
    DefaultValuedAttr<F64Attr, "1.0">:$factor,
    DefaultValuedAttr<I64Attr, "1">:$choices,
    DefaultValuedAttr<I64Attr, "1">:$multiplier,
    DefaultValuedAttr<MoE_ArithmeticAttr, "Arithmetic::f64">:$arithmetic,
    DefaultValuedAttr<MoE_RoundingAttr, "Rounding::trunc">:$rounding,
    DefaultValuedAttr<I64Attr, "0">:$minimum,
    DefaultValuedAttr<I64Attr, "1">:$multiple_of,
    UnitAttr:$at_most_tokens);
  let results = (outs Index:$capacity);
  let assemblyFormat = [{
    `` $rule $tokens (`counts` `(` $counts^ `:` type($counts) `)`)? attr-dict
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def MoE_AssignSlotsOp : MoE_Op<"assign_slots", [Pure, AttrSizedOperandSegments, InferTypeOpAdaptor]> {
  let summary = "which choices fit into their experts";
  let description = [{
    The tokens form `groups` groups of ceil(T / groups) neighbours; each expert has
    `capacity` slots for each group. Within a group, choices are served in order:

    * `k_major`: all first choices by token, then all second choices, and so on;
    * `token_major`: all choices of the first token, then of the second, and so on.

    Indices outside [0, num_experts) are not served.

    A `priority` changes the order; NaN is above every number. One value per token (T):
    tokens are served by descending priority, equal ones by index. One value per choice
    (T x k): each expert serves its choices in one column after the other (`k_major`)
    or in all of them together (`token_major`) by descending priority, equal ones by
    token, then by column. With `unselected_priority` p the tokens of the group that did
    not choose the expert there compete with priority p, and the slots they win stay empty.

    A choice is kept while its expert has a free slot. Otherwise, by `overflow`:

    * `drop`: it is given up.
    * `next_choice`: a token has one place; a choice is only served if none of the
      token's earlier ones was kept.
    * `random_spare`: first all choices are served; then each choice that found no
      slot, in order, goes to expert r of those that have room at that moment, lowest
      first, with r = `random` modulo their number; without any room it is given up.

    kept[t,c] is the expert that serves the choice or -1. slots[t,c] is the slot, with
    group g using slots g * capacity to (g + 1) * capacity - 1, or -1.

    Constraints:
    * C1: 1 <= num_experts, groups < 2^31.
    * C2: the priority has T elements or the shape of the indices.
    * C3: unselected_priority needs a priority per choice.
    * C4: `random` is given exactly when overflow is `random_spare`, and has the shape
      of the indices.
    * C5: overflow other than `drop` takes no priority per choice.
  }];
  let arguments = (ins
    MoE_SlotOrderAttr:$order, MoE_Ids:$indices, Index:$capacity,
    Optional<MoE_VectorOrMatrix>:$priority, Optional<MoE_Ids>:$random,
    I64Attr:$num_experts,
    DefaultValuedAttr<MoE_OverflowAttr, "Overflow::drop">:$overflow,
    DefaultValuedAttr<I64Attr, "1">:$groups,
    OptionalAttr<F64Attr>:$unselected_priority);
  let results = (outs MoE_Ids:$kept, MoE_Ids:$slots);
  let assemblyFormat = [{
    `` $order $indices `,` $capacity (`priority` `(` $priority^ `:` type($priority) `)`)?
    (`random` `(` $random^ `:` type($random) `)`)? attr-dict `:` type($indices)
  }];
  let hasVerifier = 1;
}

def MoE_GroupByExpertOp : MoE_Op<"group_by_expert", [Pure, AttrSizedOperandSegments]> {
  let summary = "sort choices by expert";
  let description = [{
    Rows of expert first_expert + e are offsets[e] to offsets[e+1] - 1. Without slots
    they are the choices of that expert ordered by token, then by choice: nothing is
    padded, and R is the number of choices in range. With slots and a capacity an
    expert has groups * capacity rows, choice (t,c) is row slots[t,c] of its expert,
    and rows without a choice have source -1. Choices of experts outside
    [first_expert, first_expert + num_experts), e.g. of another device, have position -1.

    Constraints:
    * C1: 1 <= num_experts, groups < 2^31 and 0 <= first_expert < 2^31.
    * C2: slots and capacity are given together; slots have the shape of the indices.
    * C3: the offsets have num_experts + 1 elements.
    * C4: positions have the shape of the indices.
    * C5: a static number of sources is T * k without slots (rows beyond the last
      choice have source -1), and num_experts * groups * capacity for a constant
      capacity.

    ```mlir
    func.func @group(%i: tensor<?x2xi32>) -> (tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>) {
      %offsets, %sources, %positions = moe.group_by_expert %i {num_experts = 8 : i64}
        : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
      return %offsets, %sources, %positions : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
    }
    ```
  }];
  let arguments = (ins
    MoE_Ids:$indices, Optional<MoE_Ids>:$slots, Optional<Index>:$capacity,
    I64Attr:$num_experts, DefaultValuedAttr<I64Attr, "0">:$first_expert,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs MoE_IdVector:$offsets, MoE_IdVector:$sources, MoE_Ids:$positions);
  let assemblyFormat = [{
    $indices (`slots` `(` $slots^ `:` type($slots) `)`)? (`capacity` `(` $capacity^ `)`)?
    attr-dict `:` type($indices) `->` type($offsets) `,` type($sources) `,` type($positions)
  }];
  let hasVerifier = 1;
}

def MoE_RowExpertsOp : MoE_Op<"row_experts", [Pure, AllTypesMatch<["sources", "experts"]>]> {
  let summary = "the expert of each row";
  let description = [{
    experts[r] = e for offsets[e] <= r < offsets[e+1]: lets ordinary tensor ops look up
    a parameter per expert, such as the gain of a norm inside an expert.
  }];
  let arguments = (ins MoE_IdVector:$offsets, MoE_IdVector:$sources);
  let results = (outs MoE_IdVector:$experts);
  let assemblyFormat = "$offsets `,` $sources attr-dict `:` type($offsets) `,` type($sources)";
}

#endif // MOE_IR_SLOTOPS_TD
