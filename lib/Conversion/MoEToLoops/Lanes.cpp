//===- Lanes.cpp - Loops that the lanes of a warp share -------------------===//

#include "Lanes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::moe;

void mlir::moe::forEachLane(Code &code, Term count, Code::Body body) {
  if (code.hasManyThreads)
    code.parallel(count, body);
  else
    code.forEach(count, body);
}

/// A parallel loop that reduces by `combine`, or a fold.
static Term reduce(Code &code, Term count, Term init,
                   function_ref<Term(Term i)> value,
                   function_ref<Term(Term, Term)> combine) {
  if (!code.hasManyThreads)
    return code.fold(count, init, [&](Term i, Term result) {
      return combine(result, value(i));
    });
  OpBuilder &builder = code.builder;
  auto loop = scf::ParallelOp::create(
      builder, code.loc, ValueRange{code.index(0)}, ValueRange{count},
      ValueRange{code.index(1)}, ValueRange{init});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(loop.getBody());
  Term element = value(code.term(loop.getInductionVars()[0]));
  auto reduction =
      scf::ReduceOp::create(builder, code.loc, ValueRange{element});
  Block &block = reduction.getReductions()[0].front();
  builder.setInsertionPointToEnd(&block);
  Term result =
      combine(code.term(block.getArgument(0)), code.term(block.getArgument(1)));
  scf::ReduceReturnOp::create(builder, code.loc, result);
  return code.term(loop.getResult(0));
}

Term mlir::moe::sumLanes(Code &code, Term count, Term init,
                         function_ref<Term(Term i)> value) {
  return reduce(code, count, init, value, [](Term a, Term b) { return a + b; });
}

Term mlir::moe::maxLanes(Code &code, Term count, Term init,
                         function_ref<Term(Term i)> value) {
  return reduce(code, count, init, value,
                [&](Term a, Term b) { return code.max(a, b); });
}
