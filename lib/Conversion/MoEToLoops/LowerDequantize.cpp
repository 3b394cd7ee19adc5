//===- LowerDequantize.cpp - Loops of moe.dequantize ----------------------===//

#include "../WeightReader.h"
#include "Lowerings.h"

using namespace mlir;
using namespace mlir::moe;

/// Visits every index of a box in parallel over its first dimension.
static void forEachIndex(Code &code, ArrayRef<Term> sizes,
                         SmallVector<Term> &at, function_ref<void()> body) {
  if (at.size() == sizes.size())
    return body();
  auto visit = [&](Term index) {
    at.push_back(index);
    forEachIndex(code, sizes, at, body);
    at.pop_back();
  };
  if (at.empty())
    code.parallel(sizes[0], visit);
  else
    code.forEach(sizes[at.size()], visit);
}

Results mlir::moe::lowerToLoops(DequantizeOp op, Code &code) {
  auto type = op.getWeights().getType();
  SmallVector<Term> sizes, at;
  for (int64_t extent : type.getShape())
    sizes.push_back(code.index(extent));
  Value result = code.allocate(type, sizes);
  forEachIndex(code, sizes, at, [&] {
    std::optional<Term> expert;
    ArrayRef<Term> within = at;
    if (type.getRank() > 1) {
      expert = at.front();
      within = within.drop_front();
    }
    code.store(readWeights(WeightOperand::get(op, code), expert, code)(within),
               result, at);
  });
  return {code.tensor(result, type)};
}
