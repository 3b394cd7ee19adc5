//===- MatrixDescriptor.cpp - Operands of wgmma in shared memory ----------===//

#include "moe/Simulator/MatrixDescriptor.h"

using namespace mlir::moe::sim;

MatrixDescriptor MatrixDescriptor::decode(uint64_t bits) {
  // The field of two bits counts from the widest swizzle down.
  static constexpr Swizzle swizzles[] = {Swizzle::None, Swizzle::B128,
                                         Swizzle::B64, Swizzle::B32};
  auto field = [&](int low) {
    return static_cast<uint32_t>(bits >> low & 0x3fff) * 16;
  };
  MatrixDescriptor result;
  result.start = field(0);
  result.leadingBytes = field(16);
  result.strideBytes = field(32);
  result.baseOffset = static_cast<uint32_t>(bits >> 49 & 7);
  result.swizzle = swizzles[bits >> 62];
  return result;
}

std::optional<std::string> MatrixDescriptor::findFault() const {
  if (baseOffset)
    return "base offset " + std::to_string(baseOffset) +
           ", only 0 is simulated: align the matrix to its swizzle's pattern";
  return std::nullopt;
}

/// Core matrices have eight rows; those of a swizzled matrix lie interleaved in
/// lines as wide as the swizzle's span.
uint32_t MatrixDescriptor::locateAlongK(uint32_t row, uint32_t chunk) const {
  uint32_t address = start + row % 8 * getSpan(swizzle) + row / 8 * strideBytes;
  address += swizzle == Swizzle::None ? chunk * leadingBytes : chunk * 16;
  return applySwizzle(swizzle, address);
}

uint32_t MatrixDescriptor::locateAlongRows(uint32_t chunk, uint32_t k) const {
  uint32_t span = getSpan(swizzle);
  uint32_t address = start + k % 8 * span;
  if (swizzle == Swizzle::None)
    address += chunk * strideBytes + k / 8 * leadingBytes;
  else
    address += chunk % (span / 16) * 16 + chunk / (span / 16) * leadingBytes +
               k / 8 * strideBytes;
  return applySwizzle(swizzle, address);
}
