//===- SlotsByCounting.cpp - Slots for choices with a priority ------------===//

#include "Lanes.h"
#include "ParallelSlots.h"

using namespace mlir;
using namespace mlir::moe;

namespace {
struct Choice {
  Term token, column;
};

class Counting {
public:
  Counting(AssignSlotsOp op, Code &code)
      : op(op), code(code), slots(op, code), indices(slots.indices),
        choices(slots.choices) {
    if (op.getPriority())
      priority = code.buffer(op.getPriority());
  }

  Results assign();

private:
  bool isColumnMajor() { return op.getOrder() == SlotOrder::k_major; }
  Term getKey(Choice choice) {
    if (!priority)
      return code.index(0);
    bool ofTokens = cast<ShapedType>(priority.getType()).getRank() == 1;
    SmallVector<Term> at = {choice.token};
    if (!ofTokens)
      at.push_back(choice.column);
    return code.orderKey(code.load(priority, at));
  }
  /// Whether a choice of the same set, which has one order, comes before.
  Term isBefore(Choice a, Choice b) {
    Term keyA = getKey(a), keyB = getKey(b);
    Term isEarlier =
        a.token < b.token || (a.token == b.token && a.column < b.column);
    return keyA > keyB || (keyA == keyB && isEarlier);
  }
  /// Slots that the choices of a token take before a choice of `expert`.
  Term countBefore(Term token, Choice choice, Term expert);
  /// The same where tokens that did not choose the expert in a set take one of
  /// its slots, too.
  Term countBeforeWithIdle(Term token, Choice choice, Term expert);

  AssignSlotsOp op;
  Code &code;
  ParallelSlots slots;
  Value indices, priority;
  Term choices;
};
} // namespace

Term Counting::countBefore(Term token, Choice choice, Term expert) {
  return code.fold(choices, code.index(0), [&](Term column, Term count) {
    Choice other{token, column};
    Term counts = isBefore(other, choice);
    if (isColumnMajor())
      counts = column < choice.column || (column == choice.column && counts);
    counts = counts && code.load(indices, {token, column}) == expert;
    return code.select(counts, count + 1, count);
  });
}

Term Counting::countBeforeWithIdle(Term token, Choice choice, Term expert) {
  Term key = getKey(choice);
  Term idleKey =
      code.orderKey(code.real(op.getUnselectedPriority()->convertToDouble()));
  Term idleIsBefore = idleKey > key || (idleKey == key && token < choice.token);
  auto isOfExpert = [&](Term column) {
    return code.load(indices, {token, column}) == expert;
  };
  auto toNumber = [&](Term condition) {
    return code.select(condition, code.index(1), code.index(0));
  };
  if (isColumnMajor()) {
    // In each column before, the token has one slot, as chosen or as idle.
    Choice other{token, choice.column};
    Term counts = code.select(isOfExpert(choice.column),
                              isBefore(other, choice), idleIsBefore);
    return choice.column + toNumber(counts);
  }
  SmallVector<Term> init = {code.index(0), code.boolean(false)};
  SmallVector<Term> result =
      code.fold(code.index(0), choices, init,
                [&](Term column, ArrayRef<Term> values) -> SmallVector<Term> {
                  Term isChosen = isOfExpert(column);
                  Term counts = isChosen && isBefore({token, column}, choice);
                  return {values[0] + toNumber(counts), values[1] || isChosen};
                });
  return code.select(result[1], result[0], toNumber(idleIsBefore));
}

Results Counting::assign() {
  code.parallel(slots.tokens * choices, [&](Term item) {
    Choice choice{item / choices, item % choices};
    Term group = choice.token / slots.groupSize;
    Term begin = group * slots.groupSize;
    Term size = code.min(slots.groupSize, slots.tokens - begin);
    Term expert = code.load(indices, {choice.token, choice.column});
    Term position = sumLanes(code, size, code.index(0), [&](Term i) {
      return op.getUnselectedPriority()
                 ? countBeforeWithIdle(begin + i, choice, expert)
                 : countBefore(begin + i, choice, expert);
    });
    slots.place(choice.token, choice.column, group, expert, position);
  });
  return slots.take();
}

Results mlir::moe::assignByCounting(AssignSlotsOp op, Code &code) {
  return Counting(op, code).assign();
}
