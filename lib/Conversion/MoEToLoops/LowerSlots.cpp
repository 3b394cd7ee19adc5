//===- LowerSlots.cpp - Counting, capacity and grouping -------------------===//

#include "Lanes.h"
#include "Lowerings.h"
#include "moe/IR/Capacity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::moe;

static void increment(Code &code, Value buffer, Term at) {
  code.store(code.load(buffer, at) + 1, buffer, at);
}

//===----------------------------------------------------------------------===//
// moe.count
//===----------------------------------------------------------------------===//

Results mlir::moe::lowerToLoops(CountOp op, Code &code) {
  Value indices = code.buffer(op.getIndices());
  Term experts = code.index(op.getNumExperts());
  Term columns = code.dim(indices, 1);
  if (op.getChoices())
    columns = code.min(columns, code.index(*op.getChoices()));

  Type type = op.getCounts().getType();
  Value counts = code.allocate(cast<ShapedType>(type), experts);
  if (code.hasManyThreads) {
    Term items = code.dim(indices, 0) * columns;
    code.parallel(experts, [&](Term expert) {
      Term count = sumLanes(code, items, code.index(0), [&](Term item) {
        Term found = code.load(indices, {item / columns, item % columns});
        return code.select(found == expert, code.index(1), code.index(0));
      });
      code.store(count, counts, expert);
    });
    return {code.tensor(counts, type)};
  }
  code.fill(counts, code.index(0));
  code.forEach(code.dim(indices, 0), [&](Term token) {
    code.forEach(columns, [&](Term choice) {
      Term expert = code.load(indices, {token, choice});
      code.ifThen(expert >= 0 && expert < experts,
                  [&] { increment(code, counts, expert); });
    });
  });
  return {code.tensor(counts, type)};
}

//===----------------------------------------------------------------------===//
// moe.capacity
//===----------------------------------------------------------------------===//

/// The rule's real number. `code` computes in the op's arithmetic.
static Term evaluateRule(CapacityOp op, Code &code, Term choices) {
  Term factor = code.real(op.getFactor().convertToDouble());
  Term experts = code.index(op.getNumExperts());
  switch (op.getRule()) {
  case CapacityRule::mul_then_div:
    return code.toReal(choices) * factor / code.toReal(experts);
  case CapacityRule::div_then_mul:
    return code.toReal(choices) / code.toReal(experts) * factor;
  case CapacityRule::ceil_div_then_mul:
    return code.toReal(code.ceilDiv(choices, experts)) * factor;
  case CapacityRule::floor_div_then_mul:
    return code.toReal(choices / experts) * factor;
  case CapacityRule::fraction:
    return code.toReal(choices) * factor;
  case CapacityRule::max_count:
    break;
  }
  llvm_unreachable("a count is not computed from a factor");
}

/// Rounds in f64, which holds every value of the op's arithmetic and the limit.
static Term roundCapacity(Code &code, Rounding rounding, Term value) {
  OpBuilder &builder = code.builder;
  Code wide(builder, code.loc, builder.getF64Type());
  Term exact = wide.term(wide.convert(value, wide.realType));
  Term largest = wide.real(maxCapacity);
  // Also replaces NaN, as computeCapacity does.
  Value rounded = wide.select(exact < largest, exact, largest);
  switch (rounding) {
  case Rounding::trunc:
    break;
  case Rounding::ceil:
    rounded = math::CeilOp::create(builder, code.loc, rounded);
    break;
  case Rounding::half_even:
    rounded = math::RoundEvenOp::create(builder, code.loc, rounded);
    break;
  }
  Value integer =
      arith::FPToSIOp::create(builder, code.loc, builder.getI64Type(), rounded);
  return code.term(arith::IndexCastOp::create(builder, code.loc,
                                              builder.getIndexType(), integer));
}

static Term largestCount(Code &code, Value tensor) {
  Value counts = code.buffer(tensor);
  return code.fold(code.dim(counts, 0), code.index(0),
                   [&](Term expert, Term largest) {
                     return code.max(largest, code.load(counts, expert));
                   });
}

Results mlir::moe::lowerToLoops(CapacityOp op, Code &code) {
  Type real = op.getArithmetic() == Arithmetic::f32
                  ? Type(code.builder.getF32Type())
                  : code.builder.getF64Type();
  Code exact(code.builder, code.loc, cast<FloatType>(real));
  Term tokens = exact.term(op.getTokens());
  Term maxCount;
  if (op.getCounts())
    maxCount = largestCount(exact, op.getCounts());

  Term capacity = maxCount;
  if (op.getRule() != CapacityRule::max_count) {
    Term value = evaluateRule(op, exact, tokens * exact.index(op.getChoices()));
    capacity = roundCapacity(exact, op.getRounding(), value) *
               exact.index(op.getMultiplier());
    if (maxCount)
      capacity = exact.min(capacity, maxCount);
  }
  if (op.getAtMostTokens())
    capacity = exact.min(capacity, tokens);
  capacity = exact.max(capacity, exact.index(op.getMinimum()));
  Term multiple = exact.index(op.getMultipleOf());
  return {exact.ceilDiv(capacity, multiple) * multiple};
}

//===----------------------------------------------------------------------===//
// moe.row_experts
//===----------------------------------------------------------------------===//

Results mlir::moe::lowerToLoops(RowExpertsOp op, Code &code) {
  Value offsets = code.buffer(op.getOffsets());
  auto type = cast<ShapedType>(op.getExperts().getType());
  Value experts = code.allocate(type, code.dim(op.getSources(), 0));
  code.parallel(code.dim(offsets, 0) - 1, [&](Term expert) {
    code.forRange(code.load(offsets, expert), code.load(offsets, expert + 1), 1,
                  [&](Term row) { code.store(expert, experts, row); });
  });
  return {code.tensor(experts, type)};
}
