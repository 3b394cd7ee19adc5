//===- Calls.h - Calls of the simulator's runtime ---------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_NVVMTOSIMULATOR_CALLS_H
#define MOE_LIB_CONVERSION_NVVMTOSIMULATOR_CALLS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::moe {

/// Builds calls in place of one op after the other. All functions called are
/// `moe_sim_<name>`, and take the number of the op's place in the program last.
class Calls {
public:
  Calls(ModuleOp module)
      : module(module), builder(module.getContext()), loc(module.getLoc()) {}

  /// What follows is built before `op`.
  void startAt(Operation *op);

  Value call(StringRef name, Type result, ValueRange arguments);
  void call(StringRef name, ValueRange arguments) {
    call(name, LLVM::LLVMVoidType::get(builder.getContext()), arguments);
  }

  Value i32(int64_t value);
  Value i64(int64_t value);
  /// The bits of a value of at most 32 bits, and of a pointer.
  Value toI32(Value value);
  Value toI64(Value value);
  /// A value of type `type` from an i32 or i64.
  Value fromBits(Value bits, Type type);
  /// The address space of a pointer.
  Value space(Value pointer);
  /// Memory of the thread, `count` i32.
  Value allocate(int64_t count);
  Value element(Value memory, int64_t index);
  void store(Value memory, ValueRange values);

  /// If there is a predicate, what is built next, up to `op`, which is erased
  /// later, happens only if it holds.
  void guard(Operation *op, Value predicate);

  Type i32Type() { return builder.getI32Type(); }
  Type i64Type() { return builder.getI64Type(); }
  Type pointerType() {
    return LLVM::LLVMPointerType::get(builder.getContext());
  }

  ArrayAttr getLocations();

  ModuleOp module;
  OpBuilder builder;
  Location loc;

private:
  llvm::MapVector<StringRef, LLVM::LLVMFuncOp> functions;
  SmallVector<std::string> locations;
};

/// Which threads an operation on memory synchronises with, as the runtime
/// counts.
enum class Scope : int64_t { Cta, Cluster, Gpu, System };

Scope getScope(NVVM::MemScopeKind kind);
void lowerFence(Scope scope, Calls &calls);

/// What an atomic access does, as bits for the runtime.
int64_t getAtomicFlags(bool reads, bool writes, bool acquires, bool releases,
                       Scope scope);

/// Each replaces an op of its kind by calls: true if it was one, failure after
/// an error. The op itself is left without uses and erased by the caller.
FailureOr<bool> lowerMemory(Operation *op, Calls &calls);
FailureOr<bool> lowerThreads(Operation *op, Calls &calls);
FailureOr<bool> lowerBarriers(Operation *op, Calls &calls);
FailureOr<bool> lowerCopies(Operation *op, Calls &calls);
FailureOr<bool> lowerMatrices(Operation *op, Calls &calls);
FailureOr<bool> lowerConversions(Operation *op, Calls &calls);
FailureOr<bool> lowerPtx(Operation *op, Calls &calls);

/// Replaces ops with PTX of their own by asm ops.
void expandInlinePtx(LLVM::LLVMFuncOp function);

/// Accumulators that a wgmma gives are values only once nothing else is done
/// with them but to move them: inserts the calls that take the values.
void readAccumulators(LLVM::LLVMFuncOp function, Calls &calls);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_NVVMTOSIMULATOR_CALLS_H
