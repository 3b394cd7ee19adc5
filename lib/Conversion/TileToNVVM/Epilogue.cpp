//===- Epilogue.cpp - What becomes of the sums of a tile ------------------===//
//
// A matrix instruction leaves to each lane of a warp, of 16 rows, pairs of
// neighbouring columns: lane l has rows l / 4 and l / 4 + 8, and of each eight
// columns those at 2 * (l % 4) and behind. Warps put results in order in shared
// memory of their own, then write whole lines.
//
//===----------------------------------------------------------------------===//

#include "FastMath.h"
#include "GemmKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::moe;

namespace {
/// An element of a lane: in a block of rows, a group of eight columns of sums,
/// the upper or lower eight rows, and of a pair.
struct Place {
  int64_t block, group, half, odd;
};

class Epilogue {
public:
  Epilogue(const KernelContext &context, const DeviceCoords &coords,
           Term thread, Term warpgroup, const Accumulators &sums)
      : kernel(context.kernel), arguments(context.arguments),
        memory(context.memory), code(context.code), coords(coords),
        warpgroup(warpgroup), lane(thread % 32), quad(lane % 4),
        laneRow(lane / 4), warp(thread / 32), sums(sums),
        step(kernel.projections.front().step), elementBytes(getElementBytes()) {
  }

  void emit() {
    tile::ForEachOp op = kernel.op;
    for (Operation &nested : op.getBody().front()) {
      if (auto load = dyn_cast<tile::LoadColumnsOp>(nested))
        readColumns(load);
      else if (auto load = dyn_cast<tile::LoadRowsOp>(nested))
        readRows(load);
      else if (auto map = dyn_cast<tile::MapOp>(nested))
        readMap(map);
    }
    for (auto [sum, projection] :
         llvm::zip_equal(kernel.sums, kernel.projections))
      readers[sum] = [this, projection](const Place &at) {
        return getSum(projection, at);
      };
    for (int64_t block = 0; block < kernel.schedule.getRowBlocks(); ++block)
      code.ifThen(hasRows(kernel, coords, warpgroup, block),
                  [&] { emitBlock(block); });
  }

private:
  void emitBlock(int64_t block) {
    for (int64_t column = 0; column < kernel.schedule.columns;
         column += getLineColumns()) {
      stage(block, column);
      code.syncWarp();
      write(block, column);
      code.syncWarp();
    }
  }

  using Reader = std::function<Term(const Place &)>;

  int64_t getElementBytes() {
    return kernel.out.getType().getElementTypeBitWidth() / 8;
  }
  /// Columns of a line, and of a group of columns of sums.
  int64_t getLineColumns() const { return swizzleBytes / elementBytes; }
  int64_t getGroupColumns() const { return 8 / step; }

  Term getSum(const Projection &projection, const Place &at) {
    Value sum = sums[static_cast<size_t>(at.block)][projection.tile];
    int64_t odd = step == 1 ? at.odd : projection.phase;
    return code.term(LLVM::ExtractValueOp::create(
        code.builder, code.loc, sum, 4 * at.group + 2 * at.half + odd));
  }

  /// In the tile.
  Term getRow(int64_t block, int64_t half) {
    return getBlockRow(kernel, warpgroup, block) + warp % 4 * 16 + laneRow +
           static_cast<double>(8 * half);
  }
  Term getColumn(const Place &at) {
    return quad * static_cast<double>(2 / step) +
           static_cast<double>(getGroupColumns() * at.group + at.odd);
  }

  /// Elements that are the same for several places are loaded once; `key` tells
  /// which. Rows and columns that are not there read the last one.
  void readColumns(tile::LoadColumnsOp load) {
    auto type = cast<MemRefType>(
        load.getSlice() ? cast<MemRefType>(*load.getSlice())
                        : cast<MemRefType>(load.getValues().getType()));
    auto columns = static_cast<double>(kernel.columns);
    Value values = arguments.pointers.lookup(load.getValues());
    if (load.getSlice())
      values = LLVM::IntToPtrOp::create(
          code.builder, code.loc, values.getType(),
          code.loadFrom(code.advance(values, code.widen(coords.expert) * 8),
                        code.builder.getI64Type())
              .value);
    else if (type.getRank() == 2)
      values = code.advance(values,
                            code.widen(coords.expert) *
                                (columns * type.getElementTypeBitWidth() / 8));
    auto cache = std::make_shared<DenseMap<int64_t, Value>>();
    readers[load.getFragment()] = [=, this](const Place &at) {
      Value &element = (*cache)[2 * (256 * at.block + at.group) + at.odd];
      if (!element) {
        Term column = code.min(coords.column + getColumn(at),
                               code.i32(kernel.columns - 1));
        element = loadElement(values, column, type.getElementType());
      }
      return code.term(element);
    };
  }

  void readRows(tile::LoadRowsOp load) {
    auto type = cast<MemRefType>(load.getValues().getType());
    Value values = arguments.pointers.lookup(load.getValues());
    auto cache = std::make_shared<DenseMap<int64_t, Value>>();
    readers[load.getFragment()] = [=, this](const Place &at) {
      Value &element = (*cache)[2 * at.block + at.half];
      if (!element) {
        Term row = code.min(getRow(at.block, at.half), coords.numRows - 1);
        element = loadElement(values, coords.row + row, type.getElementType());
      }
      return code.term(element);
    };
  }

  Value loadElement(Value values, Term index, Type type) {
    Value pointer = code.advance(
        values, code.widen(index) *
                    static_cast<double>(type.getIntOrFloatBitWidth() / 8));
    return code.convert(code.loadFrom(pointer, type), code.realType);
  }

  void readMap(tile::MapOp map) {
    SmallVector<Value> operands(map.getFragments());
    Block *body = &map.getBody().front();
    readers[map.getResult()] = [=, this](const Place &at) {
      IRMapping mapping;
      // Constants of the host are made again in the kernel.
      SetVector<Value> constants;
      getUsedValuesDefinedAbove(*body->getParent(), constants);
      for (Value constant : constants)
        code.builder.clone(*constant.getDefiningOp(), mapping);
      for (auto [argument, operand] :
           llvm::zip_equal(body->getArguments(), operands))
        mapping.map(argument, readers[operand](at).value);
      // Results in 16 bits need no more than processors approximate.
      bool fast = elementBytes == 2;
      for (Operation &op : body->without_terminator())
        if (!fast || !emitFastMath(op, mapping, code))
          code.builder.clone(op, mapping);
      auto yield = cast<tile::YieldOp>(body->getTerminator());
      return code.term(mapping.lookupOrDefault(yield.getElement()));
    };
  }

  /// The warp's memory, its 16 rows swizzled.
  Value getLine(Term row) {
    return code.advance(memory.at(kernel.layout.staging),
                        warp * static_cast<double>(stagingBytesPerWarp) +
                            row * static_cast<double>(swizzleBytes));
  }

  /// Puts the results in `getLineColumns()` columns from one on in order.
  void stage(int64_t block, int64_t column) {
    int64_t first = column / getGroupColumns();
    int64_t end = std::min(column + getLineColumns(), kernel.schedule.columns) /
                  getGroupColumns();
    // Lanes that have pairs of results of 16 bits store them as matrices.
    bool inPairs = elementBytes == 2 && step == 1;
    int64_t atOnce = inPairs ? 2 : 1;
    for (int64_t group = first; group < end; group += atOnce) {
      if (inPairs)
        stageMatrices(block, group, std::min(atOnce, end - group),
                      group - first);
      else
        stageElements(block, group,
                      (group - first) * getGroupColumns() * elementBytes);
    }
  }

  /// One or two groups of columns: a chunk of 16 bytes each, of 16 rows. Lane l
  /// says where row l % 16 of a chunk lies, the second half of the lanes of the
  /// second chunk.
  void stageMatrices(int64_t block, int64_t group, int64_t count,
                     int64_t chunk) {
    SmallVector<Value> pairs;
    for (int64_t i = 0; i < count; ++i)
      for (int64_t half = 0; half < 2; ++half)
        pairs.push_back(LLVM::BitcastOp::create(
            code.builder, code.loc, code.builder.getI32Type(),
            readPair(block, group + i, half)));
    Term row = lane % 16, inOrder = code.i32(chunk);
    if (count > 1)
      inOrder = inOrder + lane / 16;
    Value pointer =
        code.advance(getLine(row), code.bitXor(inOrder, row % 8) * 16);
    code.storeMatrices(pairs, pointer);
  }

  void stageElements(int64_t block, int64_t group, int64_t start) {
    Term byte = quad * static_cast<double>(2 / step * elementBytes) +
                static_cast<double>(start);
    Term place = code.bitXor(byte / 16, laneRow) * 16 + byte % 16;
    for (int64_t half = 0; half < 2; ++half) {
      Value pointer =
          code.advance(getLine(laneRow + static_cast<double>(8 * half)), place);
      code.storeTo(readPair(block, group, half), pointer);
    }
  }

  /// The one or two results of the lane in eight columns of sums.
  Value readPair(int64_t block, int64_t group, int64_t half) {
    const Reader &read = readers[kernel.result];
    Type type = kernel.out.getType().getElementType();
    SmallVector<Value> elements;
    for (int64_t odd = 0; odd < 2 / step; ++odd)
      elements.push_back(code.convert(read({block, group, half, odd}), type));
    return pack(elements);
  }

  Value pack(ArrayRef<Value> elements) {
    if (elements.size() == 1)
      return elements[0];
    auto type = VectorType::get({static_cast<int64_t>(elements.size())},
                                elements[0].getType());
    Value vector = LLVM::UndefOp::create(code.builder, code.loc, type);
    for (auto [i, element] : llvm::enumerate(elements))
      vector =
          LLVM::InsertElementOp::create(code.builder, code.loc, vector, element,
                                        code.i32(static_cast<int64_t>(i)));
    return vector;
  }

  /// Writes those lines and columns that are there, 16 bytes a lane.
  void write(int64_t block, int64_t column) {
    Value out = arguments.pointers.lookup(kernel.out);
    auto columns = static_cast<double>(kernel.columns);
    auto type = VectorType::get({4}, code.builder.getI32Type());
    int64_t chunkColumns = 16 / elementBytes;
    // A lane writes the same columns of every fourth row.
    Term chunk = lane % 8, firstRow = lane / 8;
    Term inTile =
        chunk * static_cast<double>(chunkColumns) + static_cast<double>(column);
    Term at = coords.column + inTile;
    Term isColumn =
        at < columns && inTile < static_cast<double>(kernel.schedule.columns);
    Term warpRow = getRow(block, 0) - laneRow;
    for (int64_t round = 0; round < 4; ++round) {
      Term row = firstRow + static_cast<double>(4 * round);
      Term exists = isColumn && warpRow + row < coords.numRows;
      code.ifThen(exists, [&] {
        Value line =
            code.advance(getLine(row), code.bitXor(chunk, row % 8) * 16);
        atTarget(coords.row + warpRow + row, [&](Term target) {
          Term index = code.widen(target) * columns + code.widen(at);
          code.storeTo(
              code.loadFrom(line, type),
              code.advance(out, index * static_cast<double>(elementBytes)));
        });
      });
    }
  }

  /// Calls `body` with the row of the result that a row goes to, if to any.
  void atTarget(Term row, function_ref<void(Term)> body) {
    if (!kernel.targets)
      return body(row);
    Value targets = arguments.pointers.lookup(kernel.targets);
    Term target = code.loadFrom(code.advance(targets, code.widen(row) * 4),
                                code.builder.getI32Type());
    code.ifThen(target >= 0, [&] { body(target); });
  }

  const GemmKernel &kernel;
  const KernelArguments &arguments;
  const SharedMemory &memory;
  DeviceCode &code;
  DeviceCoords coords;
  Term warpgroup, lane, quad, laneRow, warp;
  const Accumulators &sums;
  int64_t step, elementBytes;
  DenseMap<Value, Reader> readers;
};
} // namespace

void mlir::moe::emitEpilogue(const KernelContext &context,
                             const DeviceCoords &coords, Term thread,
                             Term warpgroup, const Accumulators &sums) {
  Epilogue(context, coords, thread, warpgroup, sums).emit();
}
