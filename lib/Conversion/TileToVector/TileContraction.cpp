//===- TileContraction.cpp - Rows times the weights of a tile -------------===//

#include "TileContraction.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

Term mlir::moe::multiplyAdd(const TileContraction &contraction, Term a, Term b,
                            Term sum, VectorCode &code) {
  if (!contraction.usesPairs())
    return code.fma(a, b, sum);
  return code.term(x86vector::DotBF16Op::create(
      code.builder, code.loc, sum.type(), sum.value, a.value, b.value));
}

void mlir::moe::forProjections(
    const TileContraction &contraction, ArrayRef<size_t> projections,
    VectorCode &code, function_ref<void(const TileProjection &)> body) {
  ArrayRef<WeightVectors> weights = contraction.weights;
  auto number = [&](size_t p) { return code.index(static_cast<int64_t>(p)); };
  if (projections.size() == 2 && projections[1] == projections[0] + 1) {
    size_t first = projections[0], second = projections[1];
    if (WeightVectors::canSelect(weights[first], weights[second]))
      return code.forRange(
          number(first), number(second + 1), 1, [&](Term index) {
            body({WeightVectors::select(index < number(second), weights[first],
                                        weights[second], code),
                  index});
          });
  }
  for (size_t p : projections)
    body({weights[p], number(p)});
}

void mlir::moe::clearSums(const TileContraction &contraction, Term projection,
                          VectorCode &code) {
  code.forEach(contraction.coords.numRows, [&](Term row) {
    code.forRange(code.index(0), contraction.coords.numColumns, code.lanes,
                  [&](Term column) {
                    code.storeVector(code.broadcast(code.real(0)),
                                     contraction.sums,
                                     {projection, row, column});
                  });
  });
}

void mlir::moe::forRowGroups(Term begin, Term numRows, int64_t largest,
                             VectorCode &code,
                             function_ref<void(Term, int64_t)> body) {
  auto emit = [&](int64_t size) {
    Term end = numRows - (numRows - begin) % static_cast<double>(size);
    code.forRange(begin, end, size, [&](Term row) { body(row, size); });
    begin = end;
  };
  emit(largest);
  for (int64_t size = llvm::PowerOf2Ceil(largest) / 2; size > 0; size /= 2)
    emit(size);
}

Term mlir::moe::broadcastInput(const TileContraction &contraction, Value buffer,
                               ArrayRef<Value> at, VectorCode &code) {
  OpBuilder &builder = code.builder;
  if (!contraction.usesPairs()) {
    Term scalar =
        code.term(memref::LoadOp::create(builder, code.loc, buffer, at));
    return code.broadcast(code.term(code.convert(scalar, code.realType)));
  }
  auto pair = VectorType::get({2}, builder.getBF16Type());
  Type i32 = builder.getI32Type();
  Term bits = code.bitcast(code.loadVector(pair, buffer, at),
                           VectorType::get({1}, i32));
  Term scalar = code.term(
      vector::ExtractOp::create(builder, code.loc, bits.value, int64_t(0)));
  return code.bitcast(code.broadcast(scalar, code.vectorOf(i32)),
                      VectorType::get({2 * code.lanes}, builder.getBF16Type()));
}

void mlir::moe::multiplyPanel(const TileContraction &contraction,
                              const PanelProduct &product, VectorCode &code,
                              function_ref<Term(Term, int64_t)> loadWeights) {
  SmallVector<Value> rows;
  for (int64_t r = 0; r < product.size; ++r)
    rows.push_back(contraction.rows.open(
        contraction.coords, product.row + static_cast<double>(r), code));
  auto forSums = [&](auto body) {
    for (int64_t r = 0; r < product.size; ++r)
      for (Term column : product.columns)
        body(SmallVector<Value>{product.projection,
                                product.row + static_cast<double>(r), column});
  };

  SmallVector<Term> init;
  forSums([&](ArrayRef<Value> at) {
    init.push_back(product.isFirst ? code.broadcast(code.real(0))
                                   : code.loadVector(code.vectorType(),
                                                     contraction.sums, at));
  });
  int64_t step = contraction.inputsPerLane();
  Term steps =
      step == 1 ? product.count : code.ceilDiv(product.count, code.index(step));
  SmallVector<Term> totals = code.fold(
      code.index(0), steps, init, [&](Term k, ArrayRef<Term> accumulated) {
        SmallVector<Term> weights, next;
        for (size_t v = 0; v < product.columns.size(); ++v)
          weights.push_back(loadWeights(k, static_cast<int64_t>(v)));
        for (Value row : rows) {
          Term at = product.begin + k * static_cast<double>(step);
          Term x = broadcastInput(contraction, row, {at.value}, code);
          for (Term weight : weights)
            next.push_back(multiplyAdd(contraction, x, weight,
                                       accumulated[next.size()], code));
        }
        return next;
      });
  const Term *total = totals.begin();
  forSums([&](ArrayRef<Value> at) {
    code.storeVector(*total++, contraction.sums, at);
  });
}
