//===- LinalgToVector.cpp - convert-linalg-to-vector ----------------------===//

#include "RowOp.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::moe {
#define GEN_PASS_DEF_CONVERTLINALGTOVECTORPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// The extent of a buffer's first dimension: equal ones are equal numbers.
static std::pair<Value, int64_t> getNumRows(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(0))
    return {Value(), type.getDimSize(0)};
  auto allocation = buffer.getDefiningOp<memref::AllocOp>();
  if (!allocation)
    return {buffer, 0};
  Value size = allocation.getDynamicSizes().front();
  auto dim = size.getDefiningOp<memref::DimOp>();
  if (dim && dim.getConstantIndex() == 0)
    return getNumRows(dim.getSource());
  return {size, 0};
}

/// Buffers that share no memory unless they are the same.
static bool isDistinct(Value buffer) {
  return buffer.getDefiningOp<memref::AllocOp>() ||
         isa<func::FuncOp>(buffer.getParentBlock()->getParentOp());
}

namespace {
/// Ops that follow each other and become one loop over their rows.
class RowGroup {
public:
  /// Whether the op can be part of the group, and then is.
  bool add(const RowOp &op);
  /// Replaces the ops by a loop at the last one.
  void emit();

private:
  SmallVector<RowOp> ops;
  struct Use {
    bool isWritten = false;
    bool isByRows = true;
  };
  llvm::MapVector<Value, Use> uses;
};
} // namespace

bool RowGroup::add(const RowOp &op) {
  if (!ops.empty() &&
      (getNumRows(op.getRows()) != getNumRows(ops.front().getRows()) ||
       op.getElementBits() > ops.front().getElementBits()))
    return false;
  llvm::MapVector<Value, Use> next = uses;
  for (const RowOp::Access &access : op.getAccesses()) {
    bool isNew = access.buffer.getDefiningOp<memref::AllocOp>() != nullptr;
    if (access.isWrite ? !isNew : !isDistinct(access.buffer))
      return false;
    Use &use = next[access.buffer];
    use.isWritten |= access.isWrite;
    use.isByRows &= access.isRow;
    if (use.isWritten && !use.isByRows)
      return false;
  }
  uses = std::move(next);
  ops.push_back(op);
  return true;
}

void RowGroup::emit() {
  if (ops.empty())
    return;
  int64_t lanes = 512 / ops.front().getElementBits();
  bool isLong = llvm::any_of(ops, [&](const RowOp &op) {
    return op.hasColumns() &&
           (op.getWidth() == ShapedType::kDynamic || op.getWidth() >= lanes);
  });
  // A loop of its own would take longer to begin than a few scalars.
  if (isLong) {
    linalg::LinalgOp last = ops.back().getOp();
    OpBuilder builder(last);
    VectorCode code(builder, last.getLoc(), builder.getF32Type(), lanes);
    code.parallel(code.dim(ops.back().getRows(), 0), [&](Term row) {
      for (const RowOp &op : ops)
        op.emit(row, code);
    });
    for (const RowOp &op : ops)
      op.getOp()->erase();
  }
  ops.clear();
  uses.clear();
}

static void convertBlock(Block &block) {
  RowGroup group;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (isa<memref::AllocOp>(op) || isMemoryEffectFree(&op))
      continue;
    std::optional<RowOp> row;
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      row = RowOp::get(linalgOp);
    if (row && group.add(*row))
      continue;
    group.emit();
    if (row)
      group.add(*row);
  }
  group.emit();
}

namespace {
struct ConvertLinalgToVectorPass
    : moe::impl::ConvertLinalgToVectorPassBase<ConvertLinalgToVectorPass> {
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      // Threads do not begin others.
      Operation *parent = block->getParentOp();
      if (!isa<linalg::LinalgOp, scf::ParallelOp>(parent) &&
          !parent->getParentOfType<scf::ParallelOp>())
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      convertBlock(*block);
  }
};
} // namespace
