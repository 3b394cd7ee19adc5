//===- MoETypes.td - Operand types of the moe ops ----------*- tablegen -*-===//

#ifndef MOE_IR_MOETYPES_TD
#define MOE_IR_MOETYPES_TD

include "moe/IR/MoEAttrs.td"

defvar MoE_FloatTypes = [F64, F32, F16, BF16];

def MoE_Vector : 1DTensorOf<MoE_FloatTypes>;
def MoE_Matrix : 2DTensorOf<MoE_FloatTypes>;
def MoE_VectorOrMatrix : TensorRankOf<MoE_FloatTypes, [1, 2]>;
def MoE_Scalar : 0DTensorOf<MoE_FloatTypes>;
def MoE_Ids : 2DTensorOf<[I32]>;
def MoE_IdVector : 1DTensorOf<[I32]>;
// Weights of one expert, or of all experts with the expert as first dimension.
def MoE_ExpertMatrix : TensorRankOf<MoE_FloatTypes, [2, 3]>;
def MoE_ExpertVector : TensorRankOf<MoE_FloatTypes, [1, 2]>;

// The result has the shape of `operand`.
class MoE_ResultTypeMatches<string operand, string result>
    : AllTypesMatch<[operand, result]>;

#endif // MOE_IR_MOETYPES_TD
