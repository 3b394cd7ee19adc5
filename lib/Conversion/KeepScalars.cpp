//===- KeepScalars.cpp - moe-keep-scalars ---------------------------------===//

#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::moe {
#define GEN_PASS_DEF_KEEPSCALARSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Puts a number into memory that lives to the end of the function, and has
/// its users read it there.
static void keep(Value scalar) {
  Operation *op = scalar.getDefiningOp();
  OpBuilder builder(op);
  Location loc = scalar.getLoc();
  Value slot = memref::AllocOp::create(builder, loc,
                                       MemRefType::get({}, scalar.getType()));
  builder.setInsertionPointAfter(op);
  auto store = memref::StoreOp::create(builder, loc, scalar, slot);
  Value kept = memref::LoadOp::create(builder, loc, slot);
  scalar.replaceAllUsesExcept(kept, store);
  builder.setInsertionPoint(op->getBlock()->getTerminator());
  memref::DeallocOp::create(builder, loc, slot);
}

namespace {
struct KeepScalarsPass : moe::impl::KeepScalarsPassBase<KeepScalarsPass> {
  void runOnOperation() override {
    SmallVector<Value> scalars;
    for (Block &block : getOperation().getBody())
      for (Operation &op : block)
        if (isa<scf::SCFDialect, memref::MemRefDialect>(op.getDialect()) &&
            !isMemoryEffectFree(&op))
          for (Value result : op.getResults())
            if (result.getType().isIntOrIndexOrFloat() && !result.use_empty())
              scalars.push_back(result);
    for (Value scalar : scalars)
      keep(scalar);
  }
};
} // namespace
