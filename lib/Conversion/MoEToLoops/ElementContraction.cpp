//===- ElementContraction.cpp - A contraction by single elements ----------===//

#include "../WeightReader.h"
#include "Contraction.h"

using namespace mlir;
using namespace mlir::moe;

/// The last expert whose rows begin at or before `row`, which is one of them.
static Term findExpert(Code &code, const Contraction &contraction, Term row) {
  SmallVector<Term> range = code.loopWhile(
      {code.index(0), contraction.numExperts},
      [&](ArrayRef<Term> range) { return range[1] - range[0] > 1; },
      [&](ArrayRef<Term> range) -> SmallVector<Term> {
        Term middle = (range[0] + range[1]) / 2;
        Term isBefore = code.load(contraction.offsets, {middle}) <= row;
        return {code.select(isBefore, middle, range[0]),
                code.select(isBefore, range[1], middle)};
      });
  return range[0];
}

/// The products of one row with one column of all projections.
static SmallVector<Term> emitSums(Code &code, const Contraction &contraction,
                                  std::optional<Term> expert, Term source,
                                  Term column) {
  SmallVector<WeightReader> readers;
  SmallVector<Term> outputs;
  for (const ExpertWeights &projection : contraction.projections) {
    readers.push_back(readWeights(WeightOperand::get(projection.weights, code),
                                  expert, code));
    outputs.push_back(column * static_cast<double>(projection.stride) +
                      static_cast<double>(projection.start));
  }
  SmallVector<Term> zeros(readers.size(), code.real(0));
  // A row that is not there is zero; there may be none to read instead.
  Term depth = code.select(source >= 0, contraction.depth, code.index(0));
  return code.fold(
      code.index(0), depth, zeros, [&](Term input, ArrayRef<Term> sums) {
        Term x = code.load(contraction.input, {source, input});
        SmallVector<Term> next;
        for (auto [i, projection] : llvm::enumerate(contraction.projections)) {
          bool outIn = projection.layout == MatrixLayout::out_in;
          Term weight = outIn ? readers[i]({outputs[i], input})
                              : readers[i]({input, outputs[i]});
          next.push_back(code.fma(x, weight, sums[i]));
        }
        return next;
      });
}

void mlir::moe::emitElementContraction(Code &code,
                                       const Contraction &contraction,
                                       Epilogue epilogue) {
  Term rows = code.dim(
      contraction.sources ? contraction.sources : contraction.input, 0);
  code.parallel(rows * contraction.columns, [&](Term element) {
    Term row = element / contraction.columns;
    Term column = element % contraction.columns;
    auto emit = [&](std::optional<Term> expert) {
      Term source = row;
      if (contraction.sources)
        source = code.load(contraction.sources, {row});
      SmallVector<Term> sums =
          emitSums(code, contraction, expert, source, column);
      epilogue(expert, row, column, sums);
    };
    if (!contraction.offsets)
      return emit(std::nullopt);
    Term end = code.load(contraction.offsets, {contraction.numExperts});
    code.ifThen(row < end, [&] { emit(findExpert(code, contraction, row)); });
  });
}
