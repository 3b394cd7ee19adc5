//===- MoEDialect.td - The moe dialect ---------------------*- tablegen -*-===//

#ifndef MOE_IR_MOEDIALECT_TD
#define MOE_IR_MOEDIALECT_TD

include "mlir/IR/OpBase.td"

def MoE_Dialect : Dialect {
  let name = "moe";
  let cppNamespace = "::mlir::moe";
  let summary = "Mixture-of-Experts layers: routing, capacity, expert compute, combination";
  let description = [{
    Every Mixture-of-Experts layer is an instance of

        y_t = mix(x_t, sum_e sum_c beta[t,e,c] * f_e(sum_t' alpha[t',e,c] * x_t'))

    where slot c of expert e receives alpha-weighted tokens and gives its result
    back weighted by beta. The ops of this dialect are the steps by which published
    systems compute alpha, beta, f and mix. They work on plain tensors:

      name       shape       element  meaning
      x          T x M       float    one row per token; T may be dynamic
      scores     T x E       float    logits, probabilities or selection keys
      indices    T x k       i32      expert of each choice, -1 for no expert
      weights    T x k       float    the weight of each choice
      offsets    E + 1       i32      rows of expert e are offsets[e] to offsets[e+1]
      sources    R           i32      token of each row, -1 for an empty slot
      positions  T x k       i32      row of each choice, -1 where there is none

    A router that lets experts choose tokens, or that chooses any number of experts,
    uses the same form with k = E and -1 in every place not chosen. Hence one
    grouping, one expert compute and one combination serve all of them. Indices may
    come from outside: every number that is no expert's means what -1 does.

    Rules. No op or attribute names a model. Ops are pure: randomness, token ids,
    padding masks and balance biases are operands. Products of a contraction are
    exact and summed in f32 (f64 if an operand is f64), then rounded once to the
    element type of the result; all other arithmetic is done in f32 (f64), too.
    Ties choose the lowest index unless an attribute says otherwise, and NaN ranks
    above every number.

    Absent on purpose: noise and jitter (add or multiply a random operand with
    `arith.addf`, `arith.mulf`), constant weights (`arith.constant`), casts
    (`arith.truncf`, `arith.extf`), all-to-all (a lowering of dispatch and combine),
    the dense slot mixtures of soft routing (`linalg.matmul` with the scores).
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

class MoE_Op<string mnemonic, list<Trait> traits = []>
    : Op<MoE_Dialect, mnemonic, traits>;

#endif // MOE_IR_MOEDIALECT_TD
