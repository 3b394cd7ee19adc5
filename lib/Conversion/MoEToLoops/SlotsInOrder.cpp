//===- SlotsInOrder.cpp - Slots for choices as they come ------------------===//

#include "BinSort.h"
#include "ParallelSlots.h"

using namespace mlir;
using namespace mlir::moe;

bool mlir::moe::areServedInOrder(AssignSlotsOp op) {
  return areServedAlone(op) && !op.getPriority() &&
         op.getGroups() * op.getNumExperts() <= maxBins;
}

Results mlir::moe::assignInOrder(AssignSlotsOp op, Code &code) {
  ParallelSlots slots(op, code);
  Term tokens = slots.tokens, choices = slots.choices, experts = slots.experts;

  // Items are choices in the order in which they are served.
  bool tokenMajor = op.getOrder() == SlotOrder::token_major;
  auto tokenOf = [&](Term item) {
    return tokenMajor ? item / choices : item % tokens;
  };
  auto choiceOf = [&](Term item) {
    return tokenMajor ? item % choices : item / tokens;
  };
  auto binOf = [&](Term item) {
    Term token = tokenOf(item);
    Term expert = code.load(slots.indices, {token, choiceOf(item)});
    return code.select(expert >= 0 && expert < experts,
                       token / slots.groupSize * experts + expert,
                       code.index(-1));
  };
  auto bins = static_cast<int64_t>(op.getGroups() * op.getNumExperts());
  emitBinSort(
      code, {tokens * choices, bins, binOf}, /*offsets=*/Value(),
      [&](const BinPlace &at) {
        Term first = code.load(at.starts, code.max(at.bin, code.index(0)));
        // A remainder has the sign of the dividend: no bin is no expert.
        slots.place(tokenOf(at.item), choiceOf(at.item), at.bin / experts,
                    at.bin % experts, at.place - first);
      });
  return slots.take();
}
