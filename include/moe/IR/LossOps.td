//===- LossOps.td - Auxiliary losses and balance updates ---*- tablegen -*-===//

#ifndef MOE_IR_LOSSOPS_TD
#define MOE_IR_LOSSOPS_TD

include "moe/IR/MoETypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MoE_AuxLossOp : MoE_Op<"aux_loss", [Pure, AttrSizedOperandSegments]> {
  let summary = "auxiliary loss of a router";
  let description = [{
    Over the n tokens whose mask is not 0 (all T without a mask), with s the scores:

      kind            loss
      balance         E * sum_e f_e P_e with P_e = mean_t s[t,e] and f_e = (number of
                      choices of e) / n, divided by the number of columns of indices
                      if `divide_by_choices`
      importance      (std_e I / mean_e I)^2 with I_e = sum_t s[t,e]
      load            the same with I_e = sum_t 1 - Phi((theta_t - s[t,e]) / sigma),
                      theta_t the k-th largest of noisy[t], s the clean logits
      z               mean_t (log sum_e exp s[t,e])^2
      entropy_local   mean_t H(s[t]), H(p) = -sum p log p
      entropy_global  max(0, tau - H(mean_t s[t]))
      l1              E * sum_e f_e P_e / k with P_e = mean_t s[t,e], f_e as in balance

    times `coefficient`. The variance behind std divides by E - ddof. With `groups`,
    the tokens form that many groups of ceil(T / groups) neighbours and the loss is
    the mean over the groups. With no token the loss is 0. For indices outside [0, E)
    nothing is counted.

    Constraints:
    * C1: indices are given exactly for `balance` and `l1`, with the token count of the scores.
    * C2: noisy is given exactly for `load`, with the type of the scores; so is sigma,
      which is positive.
    * C3: the mask has one element per token.
    * C4: tau is given exactly for `entropy_global`.
    * C5: ddof is 0 or 1; 1 <= groups < 2^31.
    * C6: k is given exactly for `load` and `l1`; 1 <= k <= E; the expert count is static.
  }];
  let arguments = (ins
    MoE_LossKindAttr:$kind, MoE_Matrix:$scores, Optional<MoE_Ids>:$indices,
    Optional<MoE_Matrix>:$noisy, Optional<MoE_Vector>:$mask,
    DefaultValuedAttr<F64Attr, "1.0">:$coefficient,
    DefaultValuedAttr<I64Attr, "1">:$groups,
    DefaultValuedAttr<I64Attr, "0">:$ddof,
    UnitAttr:$divide_by_choices,
    OptionalAttr<I64Attr>:$k, OptionalAttr<F64Attr>:$sigma, OptionalAttr<F64Attr>:$tau);
  let results = (outs MoE_Scalar:$loss);
  let assemblyFormat = [{
    `` $kind $scores (`indices` `(` $indices^ `:` type($indices) `)`)?
    (`noisy` `(` $noisy^ `:` type($noisy) `)`)? (`mask` `(` $mask^ `:` type($mask) `)`)?
    attr-dict `:` type($scores) `->` type($loss)
  }];
  let hasVerifier = 1;
}

def MoE_UpdateBiasOp : MoE_Op<"update_bias", [Pure, AllTypesMatch<["bias", "updated"]>]> {
  let summary = "loss-free balancing: raise the bias of experts with few tokens";
  let description = [{
    updated[e] = bias[e] + rate * sign(mean(counts) - counts[e]), sign(0) = 0.

    Constraints:
    * C1: bias and counts have the same length.
  }];
  let arguments = (ins MoE_Vector:$bias, MoE_IdVector:$counts, F64Attr:$rate);
  let results = (outs MoE_Vector:$updated);
  let assemblyFormat = "$bias `,` $counts attr-dict `:` type($bias) `,` type($counts)";
  let hasVerifier = 1;
}

#endif // MOE_IR_LOSSOPS_TD
