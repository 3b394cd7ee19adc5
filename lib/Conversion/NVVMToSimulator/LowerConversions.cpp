//===- LowerConversions.cpp - Number formats ------------------------------===//

#include "Calls.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

/// 3 for e4m3, 4 for e5m2, as the runtime counts.
static std::optional<int64_t> getFormat(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return 3;
  if (isa<Float8E5M2Type>(type))
    return 4;
  return std::nullopt;
}

/// Two numbers as eight bits each, `high` above `low`.
static FailureOr<bool> lowerToF8(Operation *op, Value high, Value low,
                                 Type format, bool relu, Calls &calls) {
  std::optional<int64_t> number = getFormat(format);
  if (!number)
    return op->emitError("conversion to ") << format << " is not simulated";
  Value bits = calls.call("encode_f8x2", calls.i32Type(),
                          {calls.toI32(high), calls.toI32(low),
                           calls.i32(*number), calls.i32(relu)});
  Value packed = LLVM::TruncOp::create(calls.builder, calls.loc,
                                       calls.builder.getI16Type(), bits);
  op->getResult(0).replaceAllUsesWith(
      calls.fromBits(packed, op->getResult(0).getType()));
  return true;
}

/// At least zero; NaN stays NaN.
static Value clampBelow(Value value, Calls &calls) {
  Value zero = LLVM::ConstantOp::create(calls.builder, calls.loc,
                                        calls.builder.getF32FloatAttr(0));
  return LLVM::MaximumOp::create(calls.builder, calls.loc, value, zero);
}

/// `vector` with `wide` as its element, rounded to the nearest.
static Value insertRounded(Value vector, int64_t index, Value wide, bool relu,
                           Calls &calls) {
  if (relu)
    wide = clampBelow(wide, calls);
  Type element = cast<VectorType>(vector.getType()).getElementType();
  Value narrow =
      LLVM::FPTruncOp::create(calls.builder, calls.loc, element, wide);
  return LLVM::InsertElementOp::create(calls.builder, calls.loc, vector, narrow,
                                       calls.i32(index));
}

static Value extend(Value vector, int64_t index, Calls &calls) {
  Value element = LLVM::ExtractElementOp::create(calls.builder, calls.loc,
                                                 vector, calls.i32(index));
  return LLVM::FPExtOp::create(calls.builder, calls.loc,
                               calls.builder.getF32Type(), element);
}

/// Eight bits each of an i16 as f16 or bf16.
template <typename Op> static FailureOr<bool> lowerFromF8(Op op, Calls &calls) {
  std::optional<int64_t> number = getFormat(op.getSrcType());
  if (!number)
    return op.emitError("conversion from ")
           << op.getSrcType() << " is not simulated";
  auto type = cast<VectorType>(op.getType());
  Value source = LLVM::BitcastOp::create(
      calls.builder, calls.loc, calls.builder.getI16Type(), op.getSrc());
  Value result = LLVM::UndefOp::create(calls.builder, calls.loc, type);
  for (int64_t i = 0; i < 2; ++i) {
    Value bits =
        calls.call("decode_f8", calls.i32Type(),
                   {calls.toI32(source), calls.i32(i), calls.i32(*number)});
    Value wide = calls.fromBits(bits, calls.builder.getF32Type());
    bool relu = false;
    if constexpr (requires { op.getRelu(); })
      relu = op.getRelu();
    result = insertRounded(result, i, wide, relu, calls);
  }
  op.getDst().replaceAllUsesWith(result);
  return true;
}

/// A pair of f32, `high` above `low`, rounded to the nearest.
template <typename Op>
static FailureOr<bool> lowerToHalves(Op op, Calls &calls) {
  if (op.getRnd() != NVVM::FPRoundingMode::RN ||
      op.getSat() != NVVM::SaturationMode::NONE)
    return op.emitError("only rounding to the nearest without saturation is "
                        "simulated");
  auto type = cast<VectorType>(op.getType());
  Value result = LLVM::UndefOp::create(calls.builder, calls.loc, type);
  for (auto [i, source] :
       {std::pair(0, op.getSrcLo()), std::pair(1, op.getSrcHi())})
    result = insertRounded(result, i, source, op.getRelu(), calls);
  op.getDst().replaceAllUsesWith(result);
  return true;
}

FailureOr<bool> mlir::moe::lowerConversions(Operation *op, Calls &calls) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::ConvertF32x2ToF8x2Op>([&](NVVM::ConvertF32x2ToF8x2Op op) {
        return lowerToF8(op, op.getA(), op.getB(), op.getDstTy(), op.getRelu(),
                         calls);
      })
      .Case<NVVM::ConvertF16x2ToF8x2Op, NVVM::ConvertBF16x2ToF8x2Op>(
          [&](auto op) {
            bool relu = false;
            if constexpr (requires { op.getRelu(); })
              relu = op.getRelu();
            return lowerToF8(op, extend(op.getA(), 0, calls),
                             extend(op.getA(), 1, calls), op.getDstTy(), relu,
                             calls);
          })
      .Case<NVVM::ConvertF8x2ToF16x2Op, NVVM::ConvertF8x2ToBF16x2Op>(
          [&](auto op) { return lowerFromF8(op, calls); })
      .Case<NVVM::ConvertF32x2ToF16x2Op, NVVM::ConvertF32x2ToBF16x2Op>(
          [&](auto op) { return lowerToHalves(op, calls); })
      .Case<NVVM::ConvertFloatToTF32Op>([&](NVVM::ConvertFloatToTF32Op op) {
        bool away = op.getRnd() == NVVM::FPRoundingMode::RNA;
        bool down = op.getRnd() == NVVM::FPRoundingMode::RZ;
        op.getRes().replaceAllUsesWith(calls.call("encode_tf32",
                                                  calls.i32Type(),
                                                  {calls.toI32(op.getSrc()),
                                                   calls.i32(down   ? 2
                                                             : away ? 1
                                                                    : 0),
                                                   calls.i32(op.getRelu())}));
        return true;
      })
      .Case<NVVM::RcpApproxFtzF32Op>([&](NVVM::RcpApproxFtzF32Op op) {
        Value one = LLVM::ConstantOp::create(calls.builder, calls.loc,
                                             calls.builder.getF32FloatAttr(1));
        op.getRes().replaceAllUsesWith(
            LLVM::FDivOp::create(calls.builder, calls.loc, one, op.getArg()));
        return true;
      })
      .Case<NVVM::PermuteOp>([&](NVVM::PermuteOp op) -> FailureOr<bool> {
        if (op.getMode() != NVVM::PermuteMode::DEFAULT)
          return op.emitError("only mode default is simulated");
        op.getRes().replaceAllUsesWith(
            calls.call("permute", calls.i32Type(),
                       {op.getLo(), op.getHi(), op.getSelector()}));
        return true;
      })
      .Default([](Operation *) { return false; });
}
