//===- SlotsInOrder.cpp - Slots for choices as they come ------------------===//

#include "SlotsInOrder.h"
#include "BinSort.h"

using namespace mlir;
using namespace mlir::moe;

bool mlir::moe::areServedInOrder(AssignSlotsOp op) {
  bool otherwise = op.getOverflow() == Overflow::next_choice ||
                   op.getOverflow() == Overflow::random_spare;
  return !op.getPriority() && !otherwise &&
         op.getGroups() * op.getNumExperts() <= maxBins;
}

Results mlir::moe::assignInOrder(AssignSlotsOp op, Code &code) {
  Value indices = code.buffer(op.getIndices());
  Term tokens = code.dim(indices, 0), choices = code.dim(indices, 1);
  Term groups = code.index(op.getGroups()),
       experts = code.index(op.getNumExperts()),
       capacity = code.term(op.getCapacity());
  Value kept = code.allocate(op.getKept().getType(), {tokens, choices});
  Value slots = code.allocate(op.getSlots().getType(), {tokens, choices});
  Term groupSize = code.max(code.ceilDiv(tokens, groups), code.index(1));

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
    Term expert = code.load(indices, {token, choiceOf(item)});
    return code.select(expert >= 0 && expert < experts,
                       token / groupSize * experts + expert, code.index(-1));
  };
  auto bins = static_cast<int64_t>(op.getGroups() * op.getNumExperts());
  emitBinSort(
      code, {tokens * choices, bins, binOf}, /*offsets=*/Value(),
      [&](const BinPlace &at) {
        Term first = code.load(at.starts, code.max(at.bin, code.index(0)));
        Term position = at.place - first;
        Term fits = at.bin >= 0 && position < capacity;
        SmallVector<Term> choice = {tokenOf(at.item), choiceOf(at.item)};
        code.store(code.select(fits, at.bin % experts, code.index(-1)), kept,
                   choice);
        code.store(code.select(fits, at.bin / experts * capacity + position,
                               code.index(-1)),
                   slots, choice);
      });
  return {code.tensor(kept, op.getKept().getType()),
          code.tensor(slots, op.getSlots().getType())};
}
