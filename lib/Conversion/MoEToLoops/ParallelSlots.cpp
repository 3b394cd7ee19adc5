//===- ParallelSlots.cpp - Slots for choices by many threads --------------===//

#include "ParallelSlots.h"

using namespace mlir;
using namespace mlir::moe;

bool mlir::moe::areServedAlone(AssignSlotsOp op) {
  return op.getOverflow() != Overflow::next_choice &&
         op.getOverflow() != Overflow::random_spare;
}

ParallelSlots::ParallelSlots(AssignSlotsOp op, Code &code)
    : op(op), code(code), indices(code.buffer(op.getIndices())),
      tokens(code.dim(indices, 0)), choices(code.dim(indices, 1)),
      experts(code.index(op.getNumExperts())),
      capacity(code.term(op.getCapacity())),
      groupSize(code.max(code.ceilDiv(tokens, code.index(op.getGroups())),
                         code.index(1))),
      kept(code.allocate(op.getKept().getType(), {tokens, choices})),
      slots(code.allocate(op.getSlots().getType(), {tokens, choices})) {}

void ParallelSlots::place(Term token, Term choice, Term group, Term expert,
                          Term position) {
  Term none = code.index(-1);
  Term fits = expert >= 0 && expert < experts && position < capacity;
  code.store(code.select(fits, expert, none), kept, {token, choice});
  code.store(code.select(fits, group * capacity + position, none), slots,
             {token, choice});
}

Results ParallelSlots::take() {
  return {code.tensor(kept, op.getKept().getType()),
          code.tensor(slots, op.getSlots().getType())};
}
