//===- Contraction.cpp - Rows times the matrices of their experts ---------===//
//
// A task is a panel of `panelWidth` result columns of one expert. It converts a block
// of its weights to the compute type, whatever they are stored as, and multiplies
// groups of the expert's rows with it, `panelWidth` columns in a vector:
//
//   for block of depth:           pack[p][k][0..15]     weights, zero beyond the edge
//     for group of rows:
//       for k in block:           part[p][r] += row[r][k] * pack[p][k]
//       sums[p][r] += part[p][r]
//
// Blocks keep the pack in the cache, and the rounding error of long sums small.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "WeightReader.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr int64_t panelWidth = 16;
static constexpr int64_t blockDepth = 256;
/// Vectors of sums that are kept in registers.
static constexpr int64_t liveSums = 8;

namespace {
class PanelEmitter {
public:
  PanelEmitter(Code &code, const Contraction &contraction, Term columnBegin,
               std::optional<Term> expert, Term rowBegin, Term numRows)
      : code(code), contraction(contraction), columnBegin(columnBegin), expert(expert),
        rowBegin(rowBegin), numRows(numRows),
        vectorType(VectorType::get({panelWidth}, code.realType)) {}

  void emit(Epilogue epilogue) {
    Term count = code.index(contraction.projections.size());
    pack = code.allocate(code.realType,
                         {count, code.index(blockDepth), code.index(panelWidth)});
    sums = code.allocate(code.realType, {count, numRows, code.index(panelWidth)});
    code.fill(sums, code.real(0));
    SmallVector<WeightReader> readers;
    for (const Projection &projection : contraction.projections)
      readers.push_back(readWeights(projection.weights, expert, code));

    code.forRange(code.index(0), contraction.depth, blockDepth, [&](Term begin) {
      Term depth = code.min(contraction.depth - begin, code.index(blockDepth));
      for (auto [p, projection] : llvm::enumerate(contraction.projections))
        packBlock(p, projection, readers[p], begin, depth);
      multiplyRows(begin, depth);
    });

    code.forEach(numRows, [&](Term row) {
      code.forEach(columnsHere(), [&](Term column) {
        SmallVector<Term> elements;
        for (size_t p = 0; p < contraction.projections.size(); ++p)
          elements.push_back(code.load(sums, {code.index(p), row, column}));
        epilogue(expert, rowBegin + row, columnBegin + column, elements);
      });
    });
    code.deallocate(pack);
    code.deallocate(sums);
  }

private:
  Term columnsHere() {
    return code.min(contraction.columns - columnBegin, code.index(panelWidth));
  }

  /// Reads along the dimension that is contiguous in the weights.
  void packBlock(int64_t p, const Projection &projection, const WeightReader &read,
                 Term begin, Term depth) {
    auto copy = [&](Term column, Term k) {
      Term output = (columnBegin + column) * code.index(projection.stride) +
                    code.index(projection.start);
      Term element = projection.layout == MatrixLayout::out_in
                         ? read({output, begin + k})
                         : read({begin + k, output});
      code.store(element, pack, {code.index(p), k, column});
    };
    Term columns = columnsHere(), width = code.index(panelWidth);
    if (projection.layout == MatrixLayout::out_in)
      code.forEach(columns, [&](Term column) {
        code.forEach(depth, [&](Term k) { copy(column, k); });
      });
    else
      code.forEach(depth, [&](Term k) {
        code.forEach(columns, [&](Term column) { copy(column, k); });
      });
    code.forRange(columns, width, 1, [&](Term column) {
      code.forEach(depth, [&](Term k) {
        code.store(code.real(0), pack, {code.index(p), k, column});
      });
    });
  }

  /// Full groups of rows, then the rest one by one.
  void multiplyRows(Term begin, Term depth) {
    int64_t group = liveSums / contraction.projections.size();
    Term grouped = numRows / group * group;
    code.forRange(code.index(0), grouped, group,
                  [&](Term row) { multiplyGroup(row, group, begin, depth); });
    code.forRange(grouped, numRows, 1,
                  [&](Term row) { multiplyGroup(row, 1, begin, depth); });
  }

  /// The row of the input that a row reads, or -1.
  Term findSource(Term row) {
    return contraction.sources ? code.load(contraction.sources, {rowBegin + row})
                               : rowBegin + row;
  }

  void multiplyGroup(Term row, int64_t group, Term begin, Term depth) {
    size_t count = contraction.projections.size();
    // A row without a source reads the first one, and drops what comes of it.
    SmallVector<Term> sources, reads;
    for (int64_t r = 0; r < group; ++r) {
      sources.push_back(findSource(row + double(r)));
      reads.push_back(contraction.sources ? code.max(sources.back(), code.index(0))
                                          : sources.back());
    }
    Term zero = broadcast(code.real(0));
    SmallVector<Term> parts = code.fold(
        code.index(0), depth, SmallVector<Term>(count * group, zero),
        [&](Term k, ArrayRef<Term> accumulated) {
          SmallVector<Term> next;
          for (size_t p = 0; p < count; ++p) {
            Term weights = loadVector(pack, {code.index(p), k});
            for (int64_t r = 0; r < group; ++r) {
              Term x = code.load(contraction.input, {reads[r], begin + k});
              next.push_back(code.fma(broadcast(x), weights, accumulated[p * group + r]));
            }
          }
          return next;
        });
    for (size_t p = 0; p < count; ++p)
      for (int64_t r = 0; r < group; ++r) {
        SmallVector<Term> at = {code.index(p), row + double(r)};
        Term part = parts[p * group + r];
        if (contraction.sources)
          part = code.select(sources[r] >= 0, part, zero);
        storeVector(loadVector(sums, at) + part, sums, at);
      }
  }

  Term broadcast(Term scalar) {
    return code.term(
        vector::BroadcastOp::create(code.builder, code.loc, vectorType, scalar.value));
  }
  SmallVector<Value> firstColumn(ArrayRef<Term> at) {
    SmallVector<Value> indices(at);
    indices.push_back(code.index(0));
    return indices;
  }
  Term loadVector(Value buffer, ArrayRef<Term> at) {
    return code.term(vector::LoadOp::create(code.builder, code.loc, vectorType, buffer,
                                            firstColumn(at)));
  }
  void storeVector(Term value, Value buffer, ArrayRef<Term> at) {
    vector::StoreOp::create(code.builder, code.loc, value.value, buffer, firstColumn(at));
  }

  Code &code;
  const Contraction &contraction;
  Term columnBegin;
  std::optional<Term> expert;
  Term rowBegin, numRows;
  VectorType vectorType;
  Value pack, sums;
};
} // namespace

void mlir::moe::emitContraction(Code &code, Contraction contraction, Epilogue epilogue) {
  // Of an input without rows there is nothing that a row without a source could read.
  if (contraction.sources)
    contraction.depth = code.select(code.dim(contraction.input, 0) > 0, contraction.depth,
                                    code.index(0));
  Term panels = code.ceilDiv(contraction.columns, code.index(panelWidth));
  if (!contraction.offsets) {
    code.parallel(panels, [&](Term panel) {
      PanelEmitter(code, contraction, panel * panelWidth, std::nullopt, code.index(0),
                   code.dim(contraction.sources ? contraction.sources : contraction.input, 0))
          .emit(epilogue);
    });
    return;
  }
  // Panels outermost: whoever takes a run of tasks meets busy and idle experts alike.
  code.parallel(panels * contraction.numExperts, [&](Term task) {
    Term expert = task % contraction.numExperts;
    Term begin = code.load(contraction.offsets, {expert});
    Term numRows = code.load(contraction.offsets, {expert + 1}) - begin;
    code.ifThen(numRows > 0, [&] {
      PanelEmitter(code, contraction, task / contraction.numExperts * panelWidth, expert,
                   begin, numRows)
          .emit(epilogue);
    });
  });
}
