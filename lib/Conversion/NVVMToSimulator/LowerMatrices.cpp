//===- LowerMatrices.cpp - Matrix instructions ----------------------------===//

#include "Calls.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

/// The runtime's numbers of element types.
static std::optional<int64_t> getFormat(NVVM::MMATypes type) {
  switch (type) {
  case NVVM::MMATypes::f16:
    return 0;
  case NVVM::MMATypes::bf16:
    return 1;
  case NVVM::MMATypes::tf32:
    return 2;
  case NVVM::MMATypes::e4m3:
    return 3;
  case NVVM::MMATypes::e5m2:
    return 4;
  default:
    return std::nullopt;
  }
}

static std::optional<int64_t> getFormat(NVVM::WGMMATypes type) {
  switch (type) {
  case NVVM::WGMMATypes::f16:
    return 0;
  case NVVM::WGMMATypes::bf16:
    return 1;
  case NVVM::WGMMATypes::tf32:
    return 2;
  case NVVM::WGMMATypes::e4m3:
    return 3;
  case NVVM::WGMMATypes::e5m2:
    return 4;
  default:
    return std::nullopt;
  }
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

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

static SmallVector<SmallVector<int64_t>> getLeaves(Type type) {
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

/// Rebuilds a struct, each leaf from what `get` gives for its number and type.
static Value buildStruct(Type type, Calls &calls,
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

static Value loadRegister(Value memory, int64_t index, Type type,
                          Calls &calls) {
  Value bits =
      LLVM::LoadOp::create(calls.builder, calls.loc, calls.i32Type(),
                           calls.element(memory, index), /*alignment=*/4);
  return calls.fromBits(bits, type);
}

/// The value of a struct or single register from memory.
static Value loadStruct(Value memory, Type type, Calls &calls) {
  return buildStruct(type, calls, [&](int64_t i, Type leaf) {
    return loadRegister(memory, i, leaf, calls);
  });
}

static void storeStruct(Value memory, Value value, Calls &calls) {
  for (auto [i, leaf] : llvm::enumerate(getLeaves(value.getType()))) {
    Value element =
        LLVM::ExtractValueOp::create(calls.builder, calls.loc, value, leaf);
    LLVM::StoreOp::create(calls.builder, calls.loc, calls.toI32(element),
                          calls.element(memory, static_cast<int64_t>(i)));
  }
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// Why a matrix move is not simulated, or nothing.
template <typename Op> static StringRef findObstacle(Op op) {
  if (op.getShape().getM() != 8 || op.getShape().getN() != 8)
    return "only matrices of 8 x 8 are simulated";
  if (op.getEltType() != NVVM::LdStMatrixEltType::B16)
    return "only elements of 16 bits are simulated";
  return "";
}

static FailureOr<bool> lowerMma(NVVM::MmaOp op, Calls &calls) {
  auto typeA = op.getMultiplicandAPtxType(),
       typeB = op.getMultiplicandBPtxType();
  auto infer = [&](ValueRange operands) {
    return NVVM::MmaOp::inferOperandMMAType(operands[0].getType(), false);
  };
  if (!typeA)
    typeA = infer(op.getOperandA());
  if (!typeB)
    typeB = infer(op.getOperandB());
  auto formatA = typeA ? getFormat(*typeA) : std::nullopt;
  auto formatB = typeB ? getFormat(*typeB) : std::nullopt;
  NVVM::MMAShapeAttr shape = op.getShape();
  if (!formatA || !formatB || shape.getM() != 16 || shape.getN() != 8 ||
      op.getLayoutA() != NVVM::MMALayout::row ||
      op.getLayoutB() != NVVM::MMALayout::col)
    return op.emitError("only products m16n8 of float types, row by col, are "
                        "simulated");
  Type element = cast<LLVM::LLVMStructType>(op.getType()).getBody()[0];
  bool half = !element.isF32();
  auto storeAll = [&](ValueRange values) {
    Value memory = calls.allocate(static_cast<int64_t>(values.size()));
    calls.store(memory, values);
    return memory;
  };
  Value a = storeAll(op.getOperandA()), b = storeAll(op.getOperandB()),
        c = storeAll(op.getOperandC());
  Value d = calls.allocate(4);
  calls.call("mma",
             {a, b, c, d, calls.i32(shape.getN()), calls.i32(shape.getK()),
              calls.i32(*formatA), calls.i32(*formatB), calls.i32(half)});
  op.getRes().replaceAllUsesWith(loadStruct(d, op.getType(), calls));
  return true;
}

static FailureOr<bool> lowerWgmma(NVVM::WgmmaMmaAsyncOp op, Calls &calls) {
  auto formatA = getFormat(op.getTypeA()), formatB = getFormat(op.getTypeB());
  if (!formatA || !formatB || op.getTypeD() != NVVM::WGMMATypes::f32)
    return op.emitError("only products of float types into f32 are simulated");
  // For A rows along K are the usual case, for B columns.
  int64_t flags = (op.getLayoutA() == NVVM::MMALayout::col ? 2 : 0) |
                  (op.getLayoutB() == NVVM::MMALayout::row ? 4 : 0) |
                  (op.getScaleA() == NVVM::WGMMAScaleIn::neg ? 8 : 0) |
                  (op.getScaleB() == NVVM::WGMMAScaleIn::neg ? 16 : 0) |
                  (op.getScaleD() == NVVM::WGMMAScaleOut::one ? 32 : 0);
  int64_t n = op.getShape().getN();
  Value memory = calls.allocate(n / 2);
  storeStruct(memory, op.getInouts(), calls);
  Value nothing =
      LLVM::ZeroOp::create(calls.builder, calls.loc, calls.pointerType());
  calls.call("wgmma", {nothing, op.getDescriptorA(), op.getDescriptorB(),
                       memory, calls.i32(n), calls.i32(*formatA),
                       calls.i32(*formatB), calls.i32(flags)});
  op.getResults().replaceAllUsesWith(
      loadStruct(memory, op.getResults().getType(), calls));
  return true;
}

FailureOr<bool> mlir::moe::lowerMatrices(Operation *op, Calls &calls) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::LdMatrixOp>([&](NVVM::LdMatrixOp op) -> FailureOr<bool> {
        if (StringRef obstacle = findObstacle(op); !obstacle.empty())
          return op.emitError(obstacle);
        Value memory = calls.allocate(op.getNum());
        calls.call("load_matrix",
                   {calls.toI64(op.getPtr()), memory, calls.i32(op.getNum()),
                    calls.i32(op.getLayout() == NVVM::MMALayout::col)});
        op.getRes().replaceAllUsesWith(loadStruct(memory, op.getType(), calls));
        return true;
      })
      .Case<NVVM::StMatrixOp>([&](NVVM::StMatrixOp op) -> FailureOr<bool> {
        if (StringRef obstacle = findObstacle(op); !obstacle.empty())
          return op.emitError(obstacle);
        auto count = static_cast<int64_t>(op.getSources().size());
        Value memory = calls.allocate(count);
        calls.store(memory, op.getSources());
        calls.call("store_matrix",
                   {calls.toI64(op.getPtr()), memory, calls.i32(count),
                    calls.i32(op.getLayout() == NVVM::MMALayout::col)});
        return true;
      })
      .Case<NVVM::MmaOp>([&](auto op) { return lowerMma(op, calls); })
      .Case<NVVM::WgmmaMmaAsyncOp>(
          [&](auto op) { return lowerWgmma(op, calls); })
      .Case<NVVM::WgmmaFenceAlignedOp>([&](auto) {
        calls.call("wgmma_fence", {});
        return true;
      })
      .Case<NVVM::WgmmaGroupSyncAlignedOp>([&](auto) {
        calls.call("wgmma_commit", {});
        return true;
      })
      .Case<NVVM::WgmmaWaitGroupSyncOp>([&](auto op) {
        calls.call("wgmma_wait",
                   {calls.i32(static_cast<int64_t>(op.getGroup()))});
        return true;
      })
      .Default([](Operation *) { return false; });
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

static Value readValue(Value value, Calls &calls) {
  Type type = value.getType();
  auto read = [&](Value leaf) -> Value {
    if (!leaf.getType().isIntOrFloat() ||
        leaf.getType().getIntOrFloatBitWidth() != 32)
      return leaf;
    Value bits =
        calls.call("read_accumulator", calls.i32Type(), {calls.toI32(leaf)});
    return calls.fromBits(bits, leaf.getType());
  };
  if (!isa<LLVM::LLVMStructType>(type))
    return read(value);
  SmallVector<SmallVector<int64_t>> leaves = getLeaves(type);
  return buildStruct(type, calls, [&](int64_t i, Type) {
    return read(LLVM::ExtractValueOp::create(calls.builder, calls.loc, value,
                                             leaves[static_cast<size_t>(i)]));
  });
}

void mlir::moe::readAccumulators(LLVM::LLVMFuncOp function, Calls &calls) {
  SetVector<Value> mayBeHandles;
  function.walk([&](Operation *op) {
    if (isWgmma(op))
      mayBeHandles.insert_range(op->getResults());
  });
  SmallVector<OpOperand *> uses;
  for (size_t i = 0; i < mayBeHandles.size(); ++i)
    for (OpOperand &use : mayBeHandles[i].getUses()) {
      Operation *user = use.getOwner();
      if (isWgmma(user))
        continue;
      if (isa<LLVM::ExtractValueOp, LLVM::InsertValueOp, LLVM::SelectOp>(
              user)) {
        mayBeHandles.insert(user->getResult(0));
        continue;
      }
      auto branch = dyn_cast<BranchOpInterface>(user);
      auto argument =
          branch ? branch.getSuccessorBlockArgument(use.getOperandNumber())
                 : std::nullopt;
      if (argument)
        mayBeHandles.insert(*argument);
      else
        uses.push_back(&use);
    }
  for (OpOperand *use : uses) {
    calls.startAt(use->getOwner());
    use->set(readValue(use->get(), calls));
  }
}
