//===- LowerMatrices.cpp - Matrix instructions ----------------------------===//

#include "Registers.h"

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

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

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
