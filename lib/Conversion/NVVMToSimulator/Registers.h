//===- Registers.h - Structs of registers in memory -------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_NVVMTOSIMULATOR_REGISTERS_H
#define MOE_LIB_CONVERSION_NVVMTOSIMULATOR_REGISTERS_H

#include "Calls.h"

namespace mlir::moe {

/// The places of the scalars and vectors of a struct, those of structs in it
/// included.
SmallVector<SmallVector<int64_t>> getLeaves(Type type);

/// Rebuilds a struct, each leaf from what `get` gives for its number and type.
Value buildStruct(Type type, Calls &calls,
                  function_ref<Value(int64_t, Type)> get);

Value loadRegister(Value memory, int64_t index, Type type, Calls &calls);

/// The value of a struct or single register from memory, and back.
Value loadStruct(Value memory, Type type, Calls &calls);
void storeStruct(Value memory, Value value, Calls &calls);

FailureOr<bool> lowerWgmma(NVVM::WgmmaMmaAsyncOp op, Calls &calls);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_NVVMTOSIMULATOR_REGISTERS_H
