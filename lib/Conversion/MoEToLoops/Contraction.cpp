//===- Contraction.cpp - Rows times the matrices of their experts ---------===//
//
// A task is a panel of result columns of one expert, a few vectors wide. It
// converts a block of its weights to the compute type, whatever they are stored
// as, and multiplies groups of the expert's rows with it:
//
//   for block of depth:           pack[p][k][column]    weights, zero beyond
//   the edge
//     for group of rows:
//       for k in block:           part[p][r] += row[r][k] * pack[p][k]
//       sums[p][r] += part[p][r]
//
// Blocks keep the pack in the cache, and the rounding error of long sums small.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "../WeightReader.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr int64_t vectorWidth = 16;
static constexpr int64_t blockDepth = 256;
/// Of rows: with the vectors of a panel, all sums of a group fit in registers.
static constexpr int64_t groupSize = 6;

/// Vectors of columns that a panel has for each projection: two in all, or one
/// for each.
static int64_t getPanelVectors(const Contraction &contraction) {
  return contraction.projections.size() == 1 ? 2 : 1;
}

namespace {
class PanelEmitter {
public:
  PanelEmitter(Code &code, const Contraction &contraction,
               ArrayRef<WeightOperand> weights, Term columnBegin,
               std::optional<Term> expert, Term rowBegin, Term numRows)
      : code(code), contraction(contraction), weights(weights),
        columnBegin(columnBegin), expert(expert), rowBegin(rowBegin),
        numRows(numRows), vectors(getPanelVectors(contraction)),
        width(code.index(vectors * vectorWidth)),
        vectorType(VectorType::get({vectorWidth}, code.realType)) {}

  void emit(Epilogue epilogue) {
    Term count = code.index(contraction.projections.size());
    pack = code.allocate(code.realType, {count, code.index(blockDepth), width});
    sums = code.allocate(code.realType, {count, numRows, width});
    code.fill(sums, code.real(0));
    SmallVector<WeightReader> readers;
    for (const WeightOperand &operand : weights)
      readers.push_back(readWeights(operand, expert, code));

    code.forRange(
        code.index(0), contraction.depth, blockDepth, [&](Term begin) {
          Term depth =
              code.min(contraction.depth - begin, code.index(blockDepth));
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
    return code.min(contraction.columns - columnBegin, width);
  }

  /// Reads along the dimension that is contiguous in the weights.
  void packBlock(int64_t p, const ExpertWeights &projection,
                 const WeightReader &read, Term begin, Term depth) {
    auto copy = [&](Term column, Term k) {
      Term output = (columnBegin + column) * code.index(projection.stride) +
                    code.index(projection.start);
      Term element = projection.layout == MatrixLayout::out_in
                         ? read({output, begin + k})
                         : read({begin + k, output});
      code.store(element, pack, {code.index(p), k, column});
    };
    Term columns = columnsHere();
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
    Term grouped = numRows / groupSize * groupSize;
    code.forRange(code.index(0), grouped, groupSize, [&](Term row) {
      multiplyGroup(row, groupSize, begin, depth);
    });
    code.forRange(grouped, numRows, 1,
                  [&](Term row) { multiplyGroup(row, 1, begin, depth); });
  }

  /// One vector of the panel: of projection p, columns from 16 v.
  struct Lane {
    Term projection, column;
  };
  SmallVector<Lane> getLanes() {
    SmallVector<Lane> lanes;
    for (size_t p = 0; p < contraction.projections.size(); ++p)
      for (int64_t v = 0; v < vectors; ++v)
        lanes.push_back({code.index(p), code.index(v * vectorWidth)});
    return lanes;
  }

  void multiplyGroup(Term row, int64_t group, Term begin, Term depth) {
    SmallVector<Lane> lanes = getLanes();
    Term zero = broadcast(code.real(0));
    SmallVector<Term> parts = code.fold(
        code.index(0), depth, SmallVector<Term>(group * lanes.size(), zero),
        [&](Term k, ArrayRef<Term> accumulated) {
          SmallVector<Term> weights, next;
          for (const Lane &lane : lanes)
            weights.push_back(
                loadVector(pack, {lane.projection, k, lane.column}));
          for (int64_t r = 0; r < group; ++r) {
            Term at = rowBegin + row + double(r);
            Term x = broadcast(code.load(contraction.input, {at, begin + k}));
            for (Term weight : weights)
              next.push_back(code.fma(x, weight, accumulated[next.size()]));
          }
          return next;
        });
    const Term *part = parts.begin();
    for (int64_t r = 0; r < group; ++r)
      for (const Lane &lane : lanes) {
        SmallVector<Term> at = {lane.projection, row + double(r), lane.column};
        storeVector(loadVector(sums, at) + *part++, sums, at);
      }
  }

  Term broadcast(Term scalar) {
    return code.term(vector::BroadcastOp::create(code.builder, code.loc,
                                                 vectorType, scalar.value));
  }
  Term loadVector(Value buffer, ArrayRef<Term> at) {
    return code.term(vector::LoadOp::create(code.builder, code.loc, vectorType,
                                            buffer, SmallVector<Value>(at)));
  }
  void storeVector(Term value, Value buffer, ArrayRef<Term> at) {
    vector::StoreOp::create(code.builder, code.loc, value.value, buffer,
                            SmallVector<Value>(at));
  }

  Code &code;
  const Contraction &contraction;
  ArrayRef<WeightOperand> weights;
  Term columnBegin;
  std::optional<Term> expert;
  Term rowBegin, numRows;
  int64_t vectors;
  /// Columns of the panel.
  Term width;
  VectorType vectorType;
  Value pack, sums;
};
} // namespace

/// The rows that the matrices are multiplied with, gathered and in the compute
/// type: every panel reads them, so they are converted once.
static Value gatherRows(Code &code, const Contraction &contraction) {
  Value rows = code.allocate(
      code.realType,
      {code.dim(contraction.sources ? contraction.sources : contraction.input,
                0),
       contraction.depth});
  code.parallel(code.dim(rows, 0), [&](Term row) {
    Term source =
        contraction.sources ? code.load(contraction.sources, {row}) : row;
    code.forEach(contraction.depth, [&](Term k) {
      Term element = code.lazySelect(
          source >= 0,
          [&] { return code.load(contraction.input, {source, k}); },
          [&] { return code.real(0); });
      code.store(element, rows, {row, k});
    });
  });
  return rows;
}

void mlir::moe::emitContraction(Code &code, Contraction contraction,
                                Epilogue epilogue) {
  if (code.hasManyThreads)
    return emitElementContraction(code, contraction, epilogue);
  Type stored = cast<MemRefType>(contraction.input.getType()).getElementType();
  Value gathered;
  if (contraction.sources || stored != code.realType)
    contraction.input = gathered = gatherRows(code, contraction);

  // Outside the loops: a tensor that is no buffer yet is copied into one.
  SmallVector<WeightOperand> weights;
  for (const ExpertWeights &projection : contraction.projections)
    weights.push_back(WeightOperand::get(projection.weights, code));

  int64_t width = getPanelVectors(contraction) * vectorWidth;
  Term panels = code.ceilDiv(contraction.columns, code.index(width));
  if (!contraction.offsets) {
    code.parallel(panels, [&](Term panel) {
      PanelEmitter(code, contraction, weights, panel * double(width),
                   std::nullopt, code.index(0), code.dim(contraction.input, 0))
          .emit(epilogue);
    });
  } else {
    // Panels outermost: whoever takes a run of tasks meets busy and idle
    // experts alike.
    code.parallel(panels * contraction.numExperts, [&](Term task) {
      Term expert = task % contraction.numExperts;
      Term begin = code.load(contraction.offsets, {expert});
      Term numRows = code.load(contraction.offsets, {expert + 1}) - begin;
      code.ifThen(numRows > 0, [&] {
        PanelEmitter(code, contraction, weights,
                     task / contraction.numExperts * double(width), expert,
                     begin, numRows)
            .emit(epilogue);
      });
    });
  }
  if (gathered)
    code.deallocate(gathered);
}
