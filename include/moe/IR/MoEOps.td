//===- MoEOps.td - All ops of the moe dialect --------------*- tablegen -*-===//

#ifndef MOE_IR_MOEOPS_TD
#define MOE_IR_MOEOPS_TD

include "moe/IR/ScoreOps.td"
include "moe/IR/ChoiceOps.td"
include "moe/IR/SlotOps.td"
include "moe/IR/ExpertOps.td"
include "moe/IR/LossOps.td"
include "moe/IR/FusedOps.td"

#endif // MOE_IR_MOEOPS_TD
