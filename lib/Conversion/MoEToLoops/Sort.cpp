//===- Sort.cpp - Sorting inside generated loops --------------------------===//

#include "Sort.h"

using namespace mlir;
using namespace mlir::moe;

/// Merges the sorted runs [left, middle) and [middle, right) of `order`, using
/// equal positions of `scratch`, which starts at `begin`.
static void merge(Code &code, Value order, Value scratch, Term begin, Term left,
                  Term middle, Term right,
                  function_ref<Term(Term a, Term b)> before) {
  SmallVector<Term> heads = {left, middle};
  code.fold(left, right, heads, [&](Term at, ArrayRef<Term> head) {
    // A run that is used up is read at its last element, but that is not taken.
    Term fromLeft = code.load(order, code.min(head[0], middle - 1));
    Term fromRight = code.load(order, code.min(head[1], right - 1));
    Term takeRight =
        head[1] < right && (head[0] >= middle || before(fromRight, fromLeft));
    code.store(code.select(takeRight, fromRight, fromLeft), scratch,
               at - begin);
    return SmallVector<Term>{code.select(takeRight, head[0], head[0] + 1),
                             code.select(takeRight, head[1] + 1, head[1])};
  });
  code.forRange(left, right, 1, [&](Term at) {
    code.store(code.load(scratch, at - begin), order, at);
  });
}

void mlir::moe::stableSort(Code &code, Value order, Term begin, Term end,
                           function_ref<Term(Term a, Term b)> before) {
  Term count = end - begin;
  Value scratch = code.allocate(code.builder.getIndexType(), count);
  code.loopWhile(
      code.index(1), [&](ArrayRef<Term> width) { return width[0] < count; },
      [&](ArrayRef<Term> widths) {
        Term width = widths[0];
        code.forEach(code.ceilDiv(count, width * 2), [&](Term pair) {
          Term left = begin + pair * width * 2;
          merge(code, order, scratch, begin, left, code.min(left + width, end),
                code.min(left + width * 2, end), before);
        });
        return SmallVector<Term>{width * 2};
      });
  code.deallocate(scratch);
}
