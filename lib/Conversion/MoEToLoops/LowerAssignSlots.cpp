//===- LowerAssignSlots.cpp - Which choices fit into their experts --------===//
//
// Groups are independent of each other. Within a group choices are served one
// after another: SlotsInTokenOrder follows a sequence of tokens,
// SlotsByPriority one of choices.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "ParallelSlots.h"
#include "Sort.h"

using namespace mlir;
using namespace mlir::moe;

namespace {
/// The tokens [begin, end) compete for the same slots.
struct Group {
  Term index, begin, end;
};

class Slots {
public:
  Slots(AssignSlotsOp op, Code &code)
      : op(op), code(code), indices(code.buffer(op.getIndices())),
        tokens(code.dim(indices, 0)), choices(code.dim(indices, 1)),
        groups(code.index(op.getGroups())),
        experts(code.index(op.getNumExperts())),
        capacity(code.term(op.getCapacity())),
        kept(code.allocate(op.getKept().getType(), {tokens, choices})),
        slots(code.allocate(op.getSlots().getType(), {tokens, choices})),
        used(code.allocate(code.builder.getIndexType(), {groups, experts})) {
    code.fill(kept, code.index(-1));
    code.fill(slots, code.index(-1));
    code.fill(used, code.index(0));
  }

  bool isTokenMajor() { return op.getOrder() == SlotOrder::token_major; }
  void forEachGroup(function_ref<void(Group)> body);
  /// Runs body if the choice is one of the experts.
  void ifChosen(Term token, Term choice, function_ref<void(Term expert)> body);
  Term hasRoom(Group group, Term expert) {
    return code.load(used, {group.index, expert}) < capacity;
  }
  /// Gives the choice the next slot of the expert, if there is one.
  void serve(Group group, Term token, Term choice, Term expert);
  /// Gives the choice the slot `position` of the group's slots of the expert.
  void place(Group group, Term token, Term choice, Term expert, Term position);

  AssignSlotsOp op;
  Code &code;
  Value indices;
  Term tokens, choices, groups, experts, capacity;
  Value kept, slots;
  /// Slots of each expert that each group has used.
  Value used;
};
} // namespace

void Slots::forEachGroup(function_ref<void(Group)> body) {
  Term size = code.ceilDiv(tokens, groups);
  code.parallel(groups, [&](Term group) {
    Term begin = code.min(group * size, tokens);
    body({group, begin, code.min(begin + size, tokens)});
  });
}

void Slots::ifChosen(Term token, Term choice,
                     function_ref<void(Term expert)> body) {
  Term expert = code.load(indices, {token, choice});
  code.ifThen(expert >= 0 && expert < experts, [&] { body(expert); });
}

void Slots::serve(Group group, Term token, Term choice, Term expert) {
  code.ifThen(hasRoom(group, expert), [&] {
    Term position = code.load(used, {group.index, expert});
    code.store(position + 1, used, {group.index, expert});
    place(group, token, choice, expert, position);
  });
}

void Slots::place(Group group, Term token, Term choice, Term expert,
                  Term position) {
  code.store(expert, kept, {token, choice});
  code.store(group.index * capacity + position, slots, {token, choice});
}

/// Sorts elements [begin, end) of `order` by descending key, equal ones as they
/// are.
static void sortByKey(Code &code, Value keys, Value order, Term begin,
                      Term end) {
  stableSort(code, order, begin, end, [&](Term a, Term b) {
    return code.load(keys, a) > code.load(keys, b);
  });
}

//===----------------------------------------------------------------------===//
// A sequence of tokens
//===----------------------------------------------------------------------===//

namespace {
class SlotsInTokenOrder : public Slots {
public:
  SlotsInTokenOrder(AssignSlotsOp op, Code &code);
  void assign(Group group);

private:
  using Visit = function_ref<void(Term token, Term choice)>;

  void forEachChoice(Group group, Visit visit);
  void serveWithOnePlace(Group group);
  void serveFromSpare(Group group);

  /// With a priority, the tokens in the order they are served.
  Value keys, order;
};
} // namespace

SlotsInTokenOrder::SlotsInTokenOrder(AssignSlotsOp op, Code &code)
    : Slots(op, code) {
  if (!op.getPriority())
    return;
  Value priority = code.buffer(op.getPriority());
  keys = code.allocate(code.builder.getIndexType(), tokens);
  order = code.allocate(code.builder.getIndexType(), tokens);
  code.parallel(tokens, [&](Term token) {
    code.store(code.orderKey(code.load(priority, token)), keys, token);
    code.store(token, order, token);
  });
}

void SlotsInTokenOrder::forEachChoice(Group group, Visit visit) {
  auto forEachToken = [&](Code::Body body) {
    code.forRange(group.begin, group.end, 1,
                  [&](Term at) { body(order ? code.load(order, at) : at); });
  };
  if (isTokenMajor())
    forEachToken([&](Term token) {
      code.forEach(choices, [&](Term choice) { visit(token, choice); });
    });
  else
    code.forEach(choices, [&](Term choice) {
      forEachToken([&](Term token) { visit(token, choice); });
    });
}

void SlotsInTokenOrder::assign(Group group) {
  if (order)
    sortByKey(code, keys, order, group.begin, group.end);
  if (op.getOverflow() == Overflow::next_choice)
    return serveWithOnePlace(group);
  forEachChoice(group, [&](Term token, Term choice) {
    ifChosen(token, choice,
             [&](Term expert) { serve(group, token, choice, expert); });
  });
  if (op.getOverflow() == Overflow::random_spare)
    serveFromSpare(group);
}

void SlotsInTokenOrder::serveWithOnePlace(Group group) {
  forEachChoice(group, [&](Term token, Term choice) {
    Term isPlaced =
        code.fold(choice, code.boolean(false), [&](Term earlier, Term placed) {
          return placed || code.load(kept, {token, earlier}) >= 0;
        });
    code.ifThen(!isPlaced, [&] {
      ifChosen(token, choice,
               [&](Term expert) { serve(group, token, choice, expert); });
    });
  });
}

/// Offers each choice without a slot one of the experts that then have room.
void SlotsInTokenOrder::serveFromSpare(Group group) {
  Value random = code.buffer(op.getRandom());
  Value spare = code.allocate(code.builder.getIndexType(), experts);
  auto serveSpare = [&](Term token, Term choice) {
    Term count =
        code.fold(experts, code.index(0), [&](Term expert, Term found) {
          code.store(expert, spare, found);
          return code.select(hasRoom(group, expert), found + 1, found);
        });
    code.ifThen(count > 0, [&] {
      // A remainder has the sign of the dividend.
      Term drawn = (code.load(random, {token, choice}) % count + count) % count;
      serve(group, token, choice, code.load(spare, drawn));
    });
  };
  forEachChoice(group, [&](Term token, Term choice) {
    ifChosen(token, choice, [&](Term) {
      code.ifThen(code.load(kept, {token, choice}) < 0,
                  [&] { serveSpare(token, choice); });
    });
  });
  code.deallocate(spare);
}

//===----------------------------------------------------------------------===//
// A sequence of choices
//===----------------------------------------------------------------------===//

namespace {
/// Serves sets of choices, each by descending priority: a set is one column of
/// the indices, or all of them. A choice is known by token * choices + column.
class SlotsByPriority : public Slots {
public:
  SlotsByPriority(AssignSlotsOp op, Code &code);
  void assign(Group group);

private:
  void serveColumns(Group group, Term first, Term count);
  void countIdle(Group group, Term begin, Term end);
  void serveAmongIdle(Group group, Term id, Term expert);
  Term size(Group group) { return group.end - group.begin; }

  Value keys, order;

  // A token is idle for an expert that it did not choose in a set. With an
  // unselected priority it takes a slot all the same.
  Term idleKey;
  /// For each choice, how many tokens before its token are idle for its expert.
  Value idleBefore;
  /// For each group and expert, the tokens that are not idle, and the last one
  /// of them.
  Value choosers, lastChooser;
};
} // namespace

SlotsByPriority::SlotsByPriority(AssignSlotsOp op, Code &code)
    : Slots(op, code) {
  Type type = code.builder.getIndexType();
  Value priority = code.buffer(op.getPriority());
  keys = code.allocate(type, tokens * choices);
  order = code.allocate(type, tokens * choices);
  code.parallel(tokens, [&](Term token) {
    code.forEach(choices, [&](Term choice) {
      code.store(code.orderKey(code.load(priority, {token, choice})), keys,
                 token * choices + choice);
    });
  });
  if (!op.getUnselectedPriority())
    return;
  idleKey =
      code.orderKey(code.real(op.getUnselectedPriority()->convertToDouble()));
  idleBefore = code.allocate(type, tokens * choices);
  choosers = code.allocate(type, {groups, experts});
  lastChooser = code.allocate(type, {groups, experts});
}

void SlotsByPriority::assign(Group group) {
  if (isTokenMajor())
    return serveColumns(group, code.index(0), choices);
  code.forEach(choices, [&](Term column) {
    serveColumns(group, column, code.index(1));
  });
}

void SlotsByPriority::serveColumns(Group group, Term first, Term count) {
  Term begin = group.begin * count, end = group.end * count;
  code.forRange(begin, end, 1, [&](Term at) {
    code.store(at / count * choices + first + at % count, order, at);
  });
  if (idleKey)
    countIdle(group, begin, end);
  sortByKey(code, keys, order, begin, end);
  code.forRange(begin, end, 1, [&](Term at) {
    Term id = code.load(order, at);
    Term token = id / choices, choice = id % choices;
    ifChosen(token, choice, [&](Term expert) {
      if (idleKey)
        serveAmongIdle(group, id, expert);
      else
        serve(group, token, choice, expert);
    });
  });
  if (idleKey)
    code.forEach(experts, [&](Term expert) {
      Term idle = size(group) - code.load(choosers, {group.index, expert});
      code.store(code.load(used, {group.index, expert}) + idle, used,
                 {group.index, expert});
    });
}

/// Counts the idle tokens of the set of choices that `order` lists by token.
void SlotsByPriority::countIdle(Group group, Term begin, Term end) {
  code.forEach(experts, [&](Term expert) {
    code.store(code.index(0), choosers, {group.index, expert});
    code.store(code.index(-1), lastChooser, {group.index, expert});
  });
  code.forRange(begin, end, 1, [&](Term at) {
    Term id = code.load(order, at);
    Term token = id / choices;
    ifChosen(token, id % choices, [&](Term expert) {
      Term last = code.load(lastChooser, {group.index, expert});
      Term before = code.load(choosers, {group.index, expert});
      // A token may have chosen the expert twice.
      before = code.select(last == token, before - 1, before);
      code.store(token, lastChooser, {group.index, expert});
      code.store(before + 1, choosers, {group.index, expert});
      code.store(token - group.begin - before, idleBefore, id);
    });
  });
}

/// The place of a choice is the number of choices and of idle tokens served
/// before it.
void SlotsByPriority::serveAmongIdle(Group group, Term id, Term expert) {
  Term key = code.load(keys, id);
  Term idle = size(group) - code.load(choosers, {group.index, expert});
  Term ahead =
      code.select(key > idleKey, code.index(0),
                  code.select(key == idleKey, code.load(idleBefore, id), idle));
  Term chosen = code.load(used, {group.index, expert});
  code.store(chosen + 1, used, {group.index, expert});
  Term position = chosen + ahead;
  code.ifThen(position < capacity, [&] {
    place(group, id / choices, id % choices, expert, position);
  });
}

//===----------------------------------------------------------------------===//
// moe.assign_slots
//===----------------------------------------------------------------------===//

template <typename Assignment>
static Results assignSlots(AssignSlotsOp op, Code &code) {
  Assignment slots(op, code);
  slots.forEachGroup([&](Group group) { slots.assign(group); });
  return {code.tensor(slots.kept, op.getKept().getType()),
          code.tensor(slots.slots, op.getSlots().getType())};
}

Results mlir::moe::lowerToLoops(AssignSlotsOp op, Code &code) {
  if (code.hasManyThreads && areServedInOrder(op))
    return assignInOrder(op, code);
  if (code.hasManyThreads && areServedAlone(op))
    return assignByCounting(op, code);
  Value priority = op.getPriority();
  if (priority && cast<ShapedType>(priority.getType()).getRank() == 2)
    return assignSlots<SlotsByPriority>(op, code);
  return assignSlots<SlotsInTokenOrder>(op, code);
}
