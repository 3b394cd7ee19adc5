//===- TileToVector.cpp - convert-tile-to-vector --------------------------===//

#include "TileContraction.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::moe {
#define GEN_PASS_DEF_CONVERTTILETOVECTORPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Fragments are computed when they are stored: a vector of elements of a row,
/// from a column on. With a count, elements from it on need not be there.
using FragmentReader =
    std::function<Term(Term row, Term column, std::optional<Term> count)>;

static Type getFragmentElement(tile::ForEachOp op) {
  Type element;
  op.walk([&](tile::StoreOp store) {
    element = store.getFragment().getType().getElement();
  });
  return element;
}

namespace {
/// The body of a kernel for one tile.
class TileEmitter {
public:
  TileEmitter(tile::ForEachOp op, const TileCoords &coords,
              const DenseMap<Value, RowMemory> &rows, VectorCode &code)
      : op(op), coords(coords), rows(rows), code(code) {}

  void emit() {
    for (Operation &nested : op.getBody().front()) {
      if (auto contract = dyn_cast<tile::ContractOp>(nested))
        emitContract(contract);
      else if (auto load = dyn_cast<tile::LoadColumnsOp>(nested))
        emitLoadColumns(load);
      else if (auto load = dyn_cast<tile::LoadRowsOp>(nested))
        emitLoadRows(load);
      else if (auto map = dyn_cast<tile::MapOp>(nested))
        emitMap(map);
      else if (auto store = dyn_cast<tile::StoreOp>(nested))
        emitStore(store);
    }
  }

private:
  void emitContract(tile::ContractOp contract) {
    auto schedule = cast<ScheduleAttr>(op.getSchedule());
    TileContraction contraction{.coords = coords,
                                .schedule = schedule,
                                .depth =
                                    contract.getRows().getType().getDepth(),
                                .rows = rows.find(contract.getRows())->second,
                                .weights = {},
                                .sums = {}};
    for (Value weights : contract.getWeights())
      contraction.weights.emplace_back(weights.getDefiningOp<tile::WeightsOp>(),
                                       coords, code);
    Value sums = contraction.sums = code.allocateOnStack(
        {static_cast<int64_t>(contraction.weights.size()), schedule.getRows(),
         schedule.getColumns() + code.lanes},
        code.realType);
    Term isFew =
        coords.numRows <= static_cast<double>(schedule.getStreamRows());
    if (schedule.getStreamRows() > 0)
      code.ifThen(isFew, [&] { emitStreamed(contraction, code); });
    if (schedule.getStreamRows() < schedule.getRows())
      code.ifThen(!isFew, [&] { emitPacked(contraction, code); });
    for (auto [p, result] : llvm::enumerate(contract.getSums()))
      fragments[result] = [&code = code, sums, p = p](Term row, Term column,
                                                      std::optional<Term>) {
        return code.loadVector(
            code.vectorType(), sums,
            {code.index(static_cast<int64_t>(p)), row, column});
      };
  }

  void emitLoadColumns(tile::LoadColumnsOp load) {
    auto slice =
        load.getSlice() ? cast<MemRefType>(*load.getSlice()) : MemRefType();
    auto values =
        StoredWeights(load.getValues(), slice).open(coords.expert, code);
    fragments[load.getFragment()] = [=, this](Term, Term column,
                                              std::optional<Term> count) {
      return code.loadFloats(values.buffer,
                             values.index({coords.column + column}), count);
    };
  }

  void emitLoadRows(tile::LoadRowsOp load) {
    Value values = load.getValues();
    fragments[load.getFragment()] = [=, this](Term row, Term,
                                              std::optional<Term>) {
      return code.broadcast(code.load(values, {coords.row + row}));
    };
  }

  void emitMap(tile::MapOp map) {
    SmallVector<FragmentReader> operands;
    for (Value fragment : map.getFragments())
      operands.push_back(fragments.lookup(fragment));
    fragments[map.getResult()] =
        [=, this, body = &map.getBody().front()](Term row, Term column,
                                                 std::optional<Term> count) {
          IRMapping mapping;
          for (auto [argument, operand] :
               llvm::zip_equal(body->getArguments(), operands))
            mapping.map(argument, operand(row, column, count).value);
          for (Operation &scalar : body->without_terminator())
            vectorize(scalar, mapping);
          auto yield = cast<tile::YieldOp>(body->getTerminator());
          return code.term(getVector(yield.getElement(), mapping));
        };
  }

  /// The same op on vectors.
  void vectorize(Operation &scalar, IRMapping &mapping) {
    if (scalar.getNumOperands() == 0) { // a constant
      code.builder.clone(scalar, mapping);
      return;
    }
    OperationState state(code.loc, scalar.getName());
    for (Value operand : scalar.getOperands())
      state.operands.push_back(getVector(operand, mapping));
    for (Type type : scalar.getResultTypes())
      state.types.push_back(code.vectorOf(type));
    state.attributes = scalar.getAttrs();
    state.propertiesAttr = scalar.getPropertiesAsAttribute();
    mapping.map(scalar.getResults(), code.builder.create(state)->getResults());
  }

  Value getVector(Value value, IRMapping &mapping) {
    Value mapped = mapping.lookupOrDefault(value);
    if (isa<VectorType>(mapped.getType()))
      return mapped;
    return code.broadcast(code.term(mapped), code.vectorOf(mapped.getType()));
  }

  void emitStore(tile::StoreOp store) {
    code.forEach(coords.numRows, [&](Term row) {
      Term at = coords.row + row;
      if (!store.getTargets())
        return emitStoreRow(store, row, at);
      Term target = code.load(store.getTargets(), {at});
      code.ifThen(target >= 0, [&] { emitStoreRow(store, row, target); });
    });
  }

  void emitStoreRow(tile::StoreOp store, Term row, Term target) {
    const FragmentReader &read = fragments[store.getFragment()];
    code.forColumns(coords.numColumns, [&](Term column,
                                           std::optional<Term> count) {
      Term elements = read(row, column, count);
      Term first = coords.column + column;
      if (!store.getAdds())
        return code.storeFloats(elements, store.getBuffer(), {target, first},
                                count);
      // No processor adds a vector to memory as one step.
      code.forEach(count.value_or(code.index(code.lanes)), [&](Term lane) {
        Term element = code.term(vector::ExtractOp::create(
            code.builder, code.loc, elements.value, lane.value));
        code.addAtomically(element, store.getBuffer(), {target, first + lane});
      });
    });
  }

  tile::ForEachOp op;
  const TileCoords &coords;
  const DenseMap<Value, RowMemory> &rows;
  VectorCode &code;
  DenseMap<Value, FragmentReader> fragments;
};

struct ConvertTileToVectorPass
    : moe::impl::ConvertTileToVectorPassBase<ConvertTileToVectorPass> {
  void runOnOperation() override {
    SmallVector<tile::ForEachOp> loops;
    getOperation().walk([&](tile::ForEachOp op) {
      if (isa<ScheduleAttr>(op.getSchedule()))
        loops.push_back(op);
    });
    for (tile::ForEachOp op : loops) {
      auto schedule = cast<ScheduleAttr>(op.getSchedule());
      OpBuilder builder(op);
      VectorCode code(builder, op.getLoc(),
                      cast<FloatType>(getFragmentElement(op)),
                      schedule.getLanes());
      DenseMap<Value, RowMemory> rows;
      for (auto source : op.getBody().getOps<tile::RowsOp>())
        rows.try_emplace(source.getSource(), source, schedule.getMultiply(),
                         code);
      emitTileLoop(op, code, [&](const TileCoords &coords) {
        TileEmitter(op, coords, rows, code).emit();
      });
      for (auto &[source, memory] : rows)
        memory.release(code);
      op.erase();
    }
  }
};
} // namespace
