//===- MoEAttrs.td - Enums and attributes of the moe dialect -*- tablegen -*-===//

#ifndef MOE_IR_MOEATTRS_TD
#define MOE_IR_MOEATTRS_TD

include "moe/IR/MoEDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"

class MoE_Case<string name, int value> : I32EnumCase<name, value>;

// An enum of the dialect.
class MoE_EnumBase<string name, string summary, list<I32EnumCase> cases>
    : I32Enum<name, summary, cases> {
  let cppNamespace = "::mlir::moe";
}
// Its attribute, written `#moe.mnemonic<case>`.
class MoE_EnumAttr<MoE_EnumBase base, string mnemonic>
    : EnumAttr<MoE_Dialect, base, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}
// The attribute that says which variant an op is, written as the bare case after
// the op's name.
class MoE_VariantAttr<MoE_EnumBase base, string mnemonic>
    : EnumAttr<MoE_Dialect, base, mnemonic> {
  let assemblyFormat = "$value";
}

def MoE_GateKind : MoE_EnumBase<"GateKind", "how a gate compares a token with an expert", [
  MoE_Case<"linear", 0>, MoE_Case<"cosine", 1>, MoE_Case<"distance", 2>]>;
def MoE_GateKindAttr : MoE_VariantAttr<MoE_GateKind, "gate_kind">;

def MoE_MatrixLayout : MoE_EnumBase<"MatrixLayout", "order of a weight matrix's dimensions", [
  MoE_Case<"out_in", 0>, MoE_Case<"in_out", 1>]>;
def MoE_MatrixLayoutAttr : MoE_EnumAttr<MoE_MatrixLayout, "matrix_layout">;

def MoE_ScoreFn : MoE_EnumBase<"ScoreFn", "function from logits to scores", [
  MoE_Case<"softmax", 0>, MoE_Case<"sigmoid", 1>, MoE_Case<"relu", 2>,
  MoE_Case<"sqrt_softplus", 3>]>;
def MoE_ScoreFnAttr : MoE_VariantAttr<MoE_ScoreFn, "score_fn">;

def MoE_ScoreAxis : MoE_EnumBase<"ScoreAxis", "the dimension a softmax sums over", [
  MoE_Case<"experts", 0>, MoE_Case<"tokens", 1>]>;
def MoE_ScoreAxisAttr : MoE_EnumAttr<MoE_ScoreAxis, "score_axis">;

def MoE_GroupScore : MoE_EnumBase<"GroupScore", "how a group of experts is ranked", [
  MoE_Case<"max", 0>, MoE_Case<"sum_top", 1>]>;
def MoE_GroupScoreAttr : MoE_VariantAttr<MoE_GroupScore, "group_score">;

def MoE_GroupFill : MoE_EnumBase<"GroupFill", "what replaces the scores of a dropped group", [
  MoE_Case<"neg_inf", 0>, MoE_Case<"zero", 1>]>;
def MoE_GroupFillAttr : MoE_EnumAttr<MoE_GroupFill, "group_fill">;

def MoE_Tie : MoE_EnumBase<"Tie", "which of several equal keys is chosen first", [
  MoE_Case<"lowest", 0>, MoE_Case<"highest", 1>]>;
def MoE_TieAttr : MoE_EnumAttr<MoE_Tie, "tie">;

def MoE_SelectRule : MoE_EnumBase<"SelectRule", "which experts a token takes", [
  MoE_Case<"all", 0>, MoE_Case<"positive", 1>]>;
def MoE_SelectRuleAttr : MoE_VariantAttr<MoE_SelectRule, "select_rule">;

def MoE_EpsMode : MoE_EnumBase<"EpsMode", "how an epsilon keeps a denominator from zero", [
  MoE_Case<"none", 0>, MoE_Case<"add", 1>, MoE_Case<"clamp", 2>]>;
def MoE_EpsModeAttr : MoE_EnumAttr<MoE_EpsMode, "eps_mode">;

def MoE_CapacityRule : MoE_EnumBase<"CapacityRule", "the quantity a capacity is rounded from", [
  MoE_Case<"mul_then_div", 0>, MoE_Case<"div_then_mul", 1>,
  MoE_Case<"ceil_div_then_mul", 2>, MoE_Case<"floor_div_then_mul", 3>,
  MoE_Case<"fraction", 4>, MoE_Case<"max_count", 5>]>;
def MoE_CapacityRuleAttr : MoE_VariantAttr<MoE_CapacityRule, "capacity_rule">;

def MoE_Arithmetic : MoE_EnumBase<"Arithmetic", "precision a capacity is computed in", [
  MoE_Case<"f32", 0>, MoE_Case<"f64", 1>]>;
def MoE_ArithmeticAttr : MoE_EnumAttr<MoE_Arithmetic, "arithmetic">;

def MoE_Rounding : MoE_EnumBase<"Rounding", "rounding of a capacity to an integer", [
  MoE_Case<"trunc", 0>, MoE_Case<"ceil", 1>, MoE_Case<"half_even", 2>]>;
def MoE_RoundingAttr : MoE_EnumAttr<MoE_Rounding, "rounding">;

def MoE_SlotOrder : MoE_EnumBase<"SlotOrder", "which choices are served first", [
  MoE_Case<"k_major", 0>, MoE_Case<"token_major", 1>]>;
def MoE_SlotOrderAttr : MoE_VariantAttr<MoE_SlotOrder, "slot_order">;

def MoE_Overflow : MoE_EnumBase<"Overflow", "what becomes of a choice whose expert is full", [
  MoE_Case<"drop", 0>, MoE_Case<"next_choice", 1>, MoE_Case<"random_spare", 2>]>;
def MoE_OverflowAttr : MoE_EnumAttr<MoE_Overflow, "overflow">;

def MoE_ActivationFn : MoE_EnumBase<"ActivationFn", "activation function of an expert", [
  MoE_Case<"identity", 0>, MoE_Case<"relu", 1>, MoE_Case<"relu_squared", 2>,
  MoE_Case<"gelu_erf", 3>, MoE_Case<"gelu_tanh", 4>, MoE_Case<"silu", 5>]>;

def MoE_Gating : MoE_EnumBase<"Gating", "where the gate and up projections of an expert are", [
  MoE_Case<"none", 0>, MoE_Case<"separate", 1>, MoE_Case<"gate_first", 2>,
  MoE_Case<"up_first", 3>, MoE_Case<"interleaved", 4>]>;
def MoE_GatingAttr : MoE_VariantAttr<MoE_Gating, "gating">;

def MoE_QuantScheme : MoE_EnumBase<"QuantScheme", "encoding of quantised weights", [
  MoE_Case<"block", 0>, MoE_Case<"mxfp4", 1>, MoE_Case<"int4", 2>]>;
def MoE_QuantSchemeAttr : MoE_VariantAttr<MoE_QuantScheme, "quant_scheme">;

def MoE_NibbleOrder : MoE_EnumBase<"NibbleOrder", "which numbers the nibbles of a word hold", [
  MoE_Case<"ascending", 0>, MoE_Case<"even_first", 1>]>;
def MoE_NibbleOrderAttr : MoE_EnumAttr<MoE_NibbleOrder, "nibble_order">;

def MoE_Accumulate : MoE_EnumBase<"Accumulate", "precision in which a combination is summed", [
  MoE_Case<"wide", 0>, MoE_Case<"result", 1>]>;
def MoE_AccumulateAttr : MoE_EnumAttr<MoE_Accumulate, "accumulate">;

def MoE_CombineOrder : MoE_EnumBase<"CombineOrder", "order in which a token's results are summed", [
  MoE_Case<"choice", 0>, MoE_Case<"expert", 1>]>;
def MoE_CombineOrderAttr : MoE_EnumAttr<MoE_CombineOrder, "combine_order">;

def MoE_MixMode : MoE_EnumBase<"MixMode", "how two branches become one", [
  MoE_Case<"add", 0>, MoE_Case<"sigmoid", 1>, MoE_Case<"convex_sigmoid", 2>,
  MoE_Case<"softmax", 3>]>;
def MoE_MixModeAttr : MoE_VariantAttr<MoE_MixMode, "mix_mode">;

def MoE_LossKind : MoE_EnumBase<"LossKind", "which auxiliary loss", [
  MoE_Case<"balance", 0>, MoE_Case<"importance", 1>, MoE_Case<"load", 2>,
  MoE_Case<"z", 3>, MoE_Case<"entropy_local", 4>, MoE_Case<"entropy_global", 5>,
  MoE_Case<"l1", 6>]>;
def MoE_LossKindAttr : MoE_VariantAttr<MoE_LossKind, "loss_kind">;

//===----------------------------------------------------------------------===//
// Structured attributes
//===----------------------------------------------------------------------===//

def MoE_ActivationAttr : AttrDef<MoE_Dialect, "Activation"> {
  let mnemonic = "activation";
  let summary = "what an expert does between its two projections";
  let description = [{
    With gate g and up u, each an element of the first projection with its bias:

        g' = min(max(g, gate_min), gate_max)
        u' = min(max(u, -up_limit), up_limit)
        h  = fn(g') * (u' + up_offset)        (without a gate: h = fn(u'))

    `alpha` multiplies the argument of the sigmoid in `silu`: x * sigmoid(alpha * x).
    Limits that are not given do not clamp.

    Example: `#moe.activation<silu, alpha = 1.702 : f64, gate_max = 7.0 : f64,
    up_limit = 7.0 : f64, up_offset = 1.0 : f64>`
  }];
  let parameters = (ins
    EnumParameter<MoE_ActivationFn>:$fn,
    OptionalParameter<"FloatAttr">:$alpha,
    OptionalParameter<"FloatAttr">:$gate_min,
    OptionalParameter<"FloatAttr">:$gate_max,
    OptionalParameter<"FloatAttr">:$up_limit,
    OptionalParameter<"FloatAttr">:$up_offset);
  let assemblyFormat = [{
    `<` $fn (`,` struct($alpha, $gate_min, $gate_max, $up_limit, $up_offset)^)? `>`
  }];
}

def MoE_RoutingPlan : MoE_EnumBase<"RoutingPlan", "kernels of the router", [
  MoE_Case<"separate", 0>, MoE_Case<"fused", 1>]>;
def MoE_GatherPlan : MoE_EnumBase<"GatherPlan", "how experts get the rows of tokens", [
  MoE_Case<"copy", 0>, MoE_Case<"fused", 1>]>;
def MoE_CombinePlan : MoE_EnumBase<"CombinePlan", "how the results of a token are summed", [
  MoE_Case<"gather_sum", 0>, MoE_Case<"slots", 1>, MoE_Case<"atomic", 2>]>;
def MoE_SharedExpertsPlan : MoE_EnumBase<"SharedExpertsPlan", "where shared experts are computed", [
  MoE_Case<"beside", 0>, MoE_Case<"rows", 1>]>;

def MoE_PlanAttr : AttrDef<MoE_Dialect, "Plan"> {
  let mnemonic = "plan";
  let summary = "which kernels a layer becomes";
  let description = [{
    An attribute `moe.plan` of a function, which the passes of `moe-fuse` obey.

    * `routing`: each op of the router by itself (`separate`), or one kernel (`fused`).
    * `gather`: a permuted `copy` of the tokens, or `fused`: the first GEMM reads the
      tokens in place.
    * `combine`: `gather_sum` lets the second GEMM store its rows by expert, and sums each
      token's in a kernel of its own. `slots` lets it store them by token, so that the
      sum reads them in order. `atomic` lets it add them into the result, in any
      order: **the sums are not the same in every run**. They are added in f32 (f64), and
      rounded once in a further pass where the result is narrower.
    * `shared_experts`: a GEMM `beside` those of the experts that tokens choose, or `rows`
      of the same GEMMs: one more expert, which every token chooses.

    `moe/IR/LayerPlan.h` says which plans are legal for a function. What a choice does not
    apply to, it does not change.

    Example: `#moe.plan<routing = fused, gather = fused, combine = gather_sum,
    shared_experts = beside>`
  }];
  let parameters = (ins
    EnumParameter<MoE_RoutingPlan>:$routing, EnumParameter<MoE_GatherPlan>:$gather,
    EnumParameter<MoE_CombinePlan>:$combine,
    EnumParameter<MoE_SharedExpertsPlan>:$shared_experts);
  let assemblyFormat = "`<` struct(params) `>`";
}

def MoE_Multiply : MoE_EnumBase<"Multiply", "instruction that multiplies and adds", [
  MoE_Case<"fma", 0>, MoE_Case<"dot_bf16", 1>]>;

def MoE_ScheduleAttr : AttrDef<MoE_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "how a target computes a grouped GEMM";
  let description = [{
    The result is computed in tiles of at most `rows` rows of one expert and at most
    `columns` columns. A tile of at most `stream_rows` rows reads the weights where they
    lie, `depth` inputs at a time, and packs rows that fill vectors if the layout is
    `out_in` and the weights need no decoding. For more rows the weights are packed, in
    panels of `register_vectors` vectors of `lanes` columns, which `register_rows` rows
    at a time are multiplied with in registers. `multiply` is `fma` in the compute type, or
    `dot_bf16`: pairs of bf16 products added to an f32 sum.

    `moe/Schedule/CheckSchedule.h` says which schedules are legal.

    Example: `#moe.schedule<rows = 256, columns = 48, depth = 1024, stream_rows = 16,
    register_rows = 8, register_vectors = 3, lanes = 16, multiply = fma>`
  }];
  let parameters = (ins
    "int64_t":$rows, "int64_t":$columns, "int64_t":$depth, "int64_t":$stream_rows,
    "int64_t":$register_rows, "int64_t":$register_vectors, "int64_t":$lanes,
    EnumParameter<MoE_Multiply>:$multiply);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def MoE_WarpgroupScheduleAttr : AttrDef<MoE_Dialect, "WarpgroupSchedule"> {
  let mnemonic = "warpgroup_schedule";
  let summary = "how a Hopper GPU computes a grouped GEMM";
  let description = [{
    A block of threads computes tiles of at most `rows` rows of one expert and at most
    `columns` columns, one after the other. One warpgroup copies rows and weights into a
    ring of `stages` pieces of shared memory, `depth` inputs at a time, `consumers`
    warpgroups multiply them. `consumers_per_tile` of them share a tile, each an equal
    part of its rows in blocks of 64, of which those that have rows are multiplied; where
    that is one of two, they take tiles in turn, and one computes and writes results while
    the other multiplies. Blocks take tiles
    by expert, by group of `raster` tiles of rows, by column, by row: those at work at the
    same time read few rows and weights. The blocks of a `cluster` take tiles of the same
    columns, one after the other in their expert's rows, and share the weights that each
    copies a part of.

    `moe/Schedule/WarpgroupSchedule.h` says which schedules are legal.

    Example: `#moe.warpgroup_schedule<rows = 128, columns = 128, depth = 64, stages = 4,
    consumers = 2, consumers_per_tile = 2>`
  }];
  let parameters = (ins
    "int64_t":$rows, "int64_t":$columns, "int64_t":$depth, "int64_t":$stages,
    "int64_t":$consumers, "int64_t":$consumers_per_tile,
    DefaultValuedParameter<"int64_t", "::mlir::moe::WarpgroupSchedule::defaultRaster">:$raster,
    DefaultValuedParameter<"int64_t", "1">:$cluster);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def MoE_AnyScheduleAttr : AnyAttrOf<[MoE_ScheduleAttr, MoE_WarpgroupScheduleAttr],
                                    "a schedule">;

def MoE_PerExpertAttr : AttrDef<MoE_Dialect, "PerExpert", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "per_expert";
  let summary = "tensor encoding: each slice of the first dimension lies anywhere in memory";
  let description = [{
    A checkpoint stores one tensor per expert. `tensor<8x64x32xf32, #moe.per_expert>`
    is those eight tensors seen as one, without moving them: at the boundary of the
    generated function it is a table of eight addresses. The meaning of an op does
    not depend on the encoding.
  }];
}

#endif // MOE_IR_MOEATTRS_TD
