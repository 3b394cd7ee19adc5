//===- LowerGrouping.cpp - Loops of moe.group_by_expert -------------------===//

#include "Grouping.h"
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::moe;

Grouping::Grouping(GroupByExpertOp op, Code &code, Value indices)
    : op(op), code(code), indices(indices), tokens(code.dim(indices, 0)),
      choices(code.dim(indices, 1)), experts(code.index(op.getNumExperts())),
      offsets(code.allocate(op.getOffsets().getType(), experts + 1)),
      positions(code.allocate(op.getPositions().getType(), {tokens, choices})) {
}

bool Grouping::isSort(GroupByExpertOp op) {
  return !op.getSlots() && static_cast<int64_t>(op.getNumExperts()) <= maxBins;
}

Term Grouping::expertOf(Term token, Term choice) {
  return code.load(indices, {token, choice}) - code.index(op.getFirstExpert());
}

Term Grouping::isOwn(Term expert) { return expert >= 0 && expert < experts; }

void Grouping::allocateSources(Term rows) {
  sources = code.allocate(op.getSources().getType(), rows);
  code.fill(sources, code.index(-1));
}

void Grouping::place(Term token, Term choice, Term row) {
  code.store(token, sources, row);
  code.store(row, positions, {token, choice});
}

SmallVector<Value> Grouping::results() {
  return {code.tensor(offsets, op.getOffsets().getType()),
          code.tensor(sources, op.getSources().getType()),
          code.tensor(positions, op.getPositions().getType())};
}

void Grouping::groupBySlots() {
  code.fill(positions, code.index(-1));
  Value slots = code.buffer(op.getSlots());
  Term rowsPerExpert = code.term(op.getCapacity()) * code.index(op.getGroups());
  code.parallel(experts + 1, [&](Term expert) {
    code.store(expert * rowsPerExpert, offsets, expert);
  });
  allocateSources(experts * rowsPerExpert);
  code.parallel(tokens, [&](Term token) {
    code.forEach(choices, [&](Term choice) {
      Term expert = expertOf(token, choice);
      Term slot = code.load(slots, {token, choice});
      code.ifThen(isOwn(expert) && slot >= 0 && slot < rowsPerExpert,
                  [&] { place(token, choice, expert * rowsPerExpert + slot); });
    });
  });
}

/// A counting sort, which keeps the order of the choices of an expert.
void Grouping::sortByExpert() {
  auto forEachOwnChoice = [&](function_ref<void(Term, Term, Term)> body) {
    code.forEach(tokens, [&](Term token) {
      code.forEach(choices, [&](Term choice) {
        Term expert = expertOf(token, choice);
        code.ifThen(isOwn(expert), [&] { body(token, choice, expert); });
      });
    });
  };
  auto increment = [&](Value buffer, Term at) {
    code.store(code.load(buffer, at) + 1, buffer, at);
  };

  code.fill(positions, code.index(-1));
  code.fill(offsets, code.index(0));
  forEachOwnChoice(
      [&](Term, Term, Term expert) { increment(offsets, expert + 1); });
  Value next = code.allocate(code.builder.getIndexType(), experts);
  Term rows = code.fold(experts, code.index(0), [&](Term expert, Term begin) {
    Term end = begin + code.load(offsets, expert + 1);
    code.store(begin, next, expert);
    code.store(end, offsets, expert + 1);
    return end;
  });
  // Which is true anyway, but bounds the memory by the number of tokens.
  allocateSources(code.min(rows, tokens * choices));
  forEachOwnChoice([&](Term token, Term choice, Term expert) {
    place(token, choice, code.load(next, expert));
    increment(next, expert);
  });
  code.deallocate(next);
}

void Grouping::sortWithManyThreads(function_ref<void(Term token)> prepare,
                                   int64_t stackBytes,
                                   ArrayRef<RowResult> results) {
  Term count = tokens * choices;
  sources = code.allocate(op.getSources().getType(), count);
  auto expertOfItem = [&](Term item) {
    Term expert = expertOf(item / choices, item % choices);
    return code.select(isOwn(expert), expert, code.index(-1));
  };
  Bins bins{count,        static_cast<int64_t>(op.getNumExperts()),
            expertOfItem, prepare,
            choices,      stackBytes};
  emitBinSort(code, bins, offsets, [&](const BinPlace &at) {
    Term token = at.item / choices, choice = at.item % choices;
    code.store(at.place, positions, {token, choice});
    code.ifThen(at.place >= 0, [&] {
      code.store(token, sources, at.place);
      for (const RowResult &result : results)
        result.place(at.place, token, choice);
    });
    // Rows behind those of the choices.
    code.ifThen(at.item >= code.load(at.starts, experts), [&] {
      code.store(code.index(-1), sources, at.item);
      for (const RowResult &result : results)
        result.leaveOut(at.item);
    });
  });
}

Results mlir::moe::lowerToLoops(GroupByExpertOp op, Code &code) {
  Grouping grouping(op, code, code.buffer(op.getIndices()));
  if (op.getSlots())
    grouping.groupBySlots();
  else if (code.hasManyThreads && Grouping::isSort(op))
    grouping.sortWithManyThreads(nullptr, 0, {});
  else
    grouping.sortByExpert();
  return grouping.results();
}
