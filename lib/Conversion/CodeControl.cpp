//===- CodeControl.cpp - Loops and branches around formulas ---------------===//

#include "Code.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::moe;

/// Is it known that no iteration is left?
static bool isEmpty(Term begin, Term end) {
  auto first = getConstantIntValue(begin.value);
  auto last = getConstantIntValue(end.value);
  return first && last && *first >= *last;
}

SmallVector<Term> Code::terms(ValueRange values) {
  return llvm::map_to_vector(values, [&](Value value) { return term(value); });
}

void Code::forRange(Term begin, Term end, int64_t step, Body body) {
  if (isEmpty(begin, end))
    return;
  auto loop = scf::ForOp::create(builder, loc, begin, end,
                                 number(begin, static_cast<double>(step)));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  body(term(loop.getInductionVar()));
}

void Code::parallel(Term count, Body body) {
  auto loop = scf::ParallelOp::create(builder, loc, ValueRange{index(0)},
                                      ValueRange{count}, ValueRange{index(1)});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  body(term(loop.getInductionVars()[0]));
}

Term Code::fold(Term begin, Term end, Term init, Step step) {
  return fold(begin, end, ArrayRef(init), [&](Term i, ArrayRef<Term> values) {
    return SmallVector<Term>{step(i, values[0])};
  })[0];
}

SmallVector<Term> Code::fold(Term begin, Term end, int64_t stride,
                             ArrayRef<Term> init, Steps step) {
  if (isEmpty(begin, end))
    return SmallVector<Term>(init);
  SmallVector<Value> values(init);
  auto loop =
      scf::ForOp::create(builder, loc, begin, end,
                         number(begin, static_cast<double>(stride)), values);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(loop.getBody());
  SmallVector<Term> next =
      step(term(loop.getInductionVar()), terms(loop.getRegionIterArgs()));
  SmallVector<Value> yielded(ArrayRef<Term>{next});
  scf::YieldOp::create(builder, loc, yielded);
  return terms(loop.getResults());
}

void Code::ifThen(Term condition, function_ref<void()> body) {
  if (auto known = getConstantIntValue(condition.value)) {
    if (*known)
      body();
    return;
  }
  auto branch =
      scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenBlock()->getTerminator());
  body();
}

Term Code::lazySelect(Term condition, function_ref<Term()> yes,
                      function_ref<Term()> no) {
  return lazySelect(
      condition, [&] { return SmallVector<Term>{yes()}; },
      [&] { return SmallVector<Term>{no()}; })[0];
}

SmallVector<Term> Code::lazySelect(Term condition,
                                   function_ref<SmallVector<Term>()> yes,
                                   function_ref<SmallVector<Term>()> no) {
  if (auto known = getConstantIntValue(condition.value))
    return *known ? yes() : no();
  auto yield = [&](function_ref<SmallVector<Term>()> branch) {
    return [&, branch](OpBuilder &, Location) {
      SmallVector<Term> values = branch();
      scf::YieldOp::create(builder, loc,
                           SmallVector<Value>(ArrayRef<Term>(values)));
    };
  };
  // The op's builder moves this builder into the regions, and back.
  return terms(scf::IfOp::create(builder, loc, condition, yield(yes), yield(no))
                   .getResults());
}

SmallVector<Term>
Code::loopWhile(ArrayRef<Term> init,
                function_ref<Term(ArrayRef<Term>)> condition,
                function_ref<SmallVector<Term>(ArrayRef<Term>)> step) {
  SmallVector<Value> values(init);
  auto loop = scf::WhileOp::create(
      builder, loc, ValueRange(values).getTypes(), values,
      [&](OpBuilder &, Location, ValueRange state) {
        scf::ConditionOp::create(builder, loc, condition(terms(state)), state);
      },
      [&](OpBuilder &, Location, ValueRange state) {
        SmallVector<Term> next = step(terms(state));
        scf::YieldOp::create(builder, loc,
                             SmallVector<Value>(ArrayRef<Term>(next)));
      });
  return terms(loop.getResults());
}
