//===- HalfFunctions.cpp - Conversions of f16 as functions ----------------===//

#include "HalfFunctions.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir::moe;

/// Every code of a bundle has them; the linker keeps one.
static constexpr llvm::StringLiteral functions = R"(
; The exponent counts from 112 less than that of f32: exact for subnormals, too.
define weak_odr hidden float @__extendhfsf2(half %half) nounwind {
  %bits = bitcast half %half to i16
  %wide = zext i16 %bits to i32
  %magnitude = and i32 %wide, 32767
  %placed = shl i32 %magnitude, 13
  %small = bitcast i32 %placed to float
  %scaled = fmul float %small, 0x46F0000000000000
  %number = bitcast float %scaled to i32
  %special = or i32 %placed, 2139095040
  %isSpecial = icmp uge i32 %magnitude, 31744
  %unsigned = select i1 %isSpecial, i32 %special, i32 %number
  %sign = and i32 %wide, 32768
  %placedSign = shl i32 %sign, 16
  %all = or i32 %unsigned, %placedSign
  %result = bitcast i32 %all to float
  ret float %result
}

; To the nearest, ties to even. What is small is rounded by an addition whose
; result has its last bit where the smallest f16 has it.
define weak_odr hidden half @__truncsfhf2(float %number) nounwind {
  %bits = bitcast float %number to i32
  %magnitude = and i32 %bits, 2147483647
  %positive = bitcast i32 %magnitude to float
  %sum = fadd float %positive, 5.000000e-01
  %sumBits = bitcast float %sum to i32
  %small = sub i32 %sumBits, 1056964608
  %last = lshr i32 %magnitude, 13
  %odd = and i32 %last, 1
  %moved = sub i32 %magnitude, 939520001
  %rounded = add i32 %moved, %odd
  %normal = lshr i32 %rounded, 13
  %payload = and i32 %last, 1023
  %nan = or i32 %payload, 32256
  %isSmall = icmp ult i32 %magnitude, 947912704
  %isLarge = icmp uge i32 %magnitude, 1199566848
  %isNan = icmp ugt i32 %magnitude, 2139095040
  %finite = select i1 %isSmall, i32 %small, i32 %normal
  %ordered = select i1 %isLarge, i32 31744, i32 %finite
  %unsigned = select i1 %isNan, i32 %nan, i32 %ordered
  %high = lshr i32 %bits, 16
  %sign = and i32 %high, 32768
  %all = or i32 %unsigned, %sign
  %short = trunc i32 %all to i16
  %result = bitcast i16 %short to half
  ret half %result
}
)";

static bool usesHalf(llvm::Module &code) {
  auto isHalf = [](const llvm::Value *value) {
    return value->getType()->getScalarType()->isHalfTy();
  };
  for (llvm::Function &function : code)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (isHalf(&instruction) || llvm::any_of(instruction.operands(), isHalf))
        return true;
  return false;
}

void mlir::moe::addHalfFunctions(llvm::Module &code) {
  if (!usesHalf(code))
    return;
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module =
      llvm::parseAssemblyString(functions, diagnostic, code.getContext());
  assert(module && "the functions are well-formed");
  module->setDataLayout(code.getDataLayout());
  module->setTargetTriple(code.getTargetTriple());
  llvm::Linker::linkModules(code, std::move(module));
}
