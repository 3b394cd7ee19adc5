//===- Registers.cpp - Structs of registers in memory ---------------------===//

#include "Registers.h"

using namespace mlir;
using namespace mlir::moe;

/// The scalars and vectors of a struct, those of structs in it included.
static void collectLeaves(Type type, SmallVectorImpl<int64_t> &place,
                          SmallVectorImpl<SmallVector<int64_t>> &leaves) {
  auto structType = dyn_cast<LLVM::LLVMStructType>(type);
  if (!structType) {
    leaves.emplace_back(place.begin(), place.end());
    return;
  }
  for (auto [i, member] : llvm::enumerate(structType.getBody())) {
    place.push_back(static_cast<int64_t>(i));
    collectLeaves(member, place, leaves);
    place.pop_back();
  }
}

SmallVector<SmallVector<int64_t>> mlir::moe::getLeaves(Type type) {
  SmallVector<SmallVector<int64_t>> leaves;
  SmallVector<int64_t> place;
  collectLeaves(type, place, leaves);
  return leaves;
}

static Type getLeafType(Type type, ArrayRef<int64_t> leaf) {
  for (int64_t i : leaf)
    type = cast<LLVM::LLVMStructType>(type).getBody()[static_cast<size_t>(i)];
  return type;
}

Value mlir::moe::buildStruct(Type type, Calls &calls,
                             function_ref<Value(int64_t, Type)> get) {
  if (!isa<LLVM::LLVMStructType>(type))
    return get(0, type);
  Value result = LLVM::UndefOp::create(calls.builder, calls.loc, type);
  for (auto [i, leaf] : llvm::enumerate(getLeaves(type)))
    result = LLVM::InsertValueOp::create(
        calls.builder, calls.loc, result,
        get(static_cast<int64_t>(i), getLeafType(type, leaf)), leaf);
  return result;
}

Value mlir::moe::loadRegister(Value memory, int64_t index, Type type,
                              Calls &calls) {
  Value bits =
      LLVM::LoadOp::create(calls.builder, calls.loc, calls.i32Type(),
                           calls.element(memory, index), /*alignment=*/4);
  return calls.fromBits(bits, type);
}

Value mlir::moe::loadStruct(Value memory, Type type, Calls &calls) {
  return buildStruct(type, calls, [&](int64_t i, Type leaf) {
    return loadRegister(memory, i, leaf, calls);
  });
}

void mlir::moe::storeStruct(Value memory, Value value, Calls &calls) {
  for (auto [i, leaf] : llvm::enumerate(getLeaves(value.getType()))) {
    Value element =
        LLVM::ExtractValueOp::create(calls.builder, calls.loc, value, leaf);
    LLVM::StoreOp::create(calls.builder, calls.loc, calls.toI32(element),
                          calls.element(memory, static_cast<int64_t>(i)));
  }
}
