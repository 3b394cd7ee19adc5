//===- NumberFormat.h - Elements of matrix operands -------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_NUMBERFORMAT_H
#define MOE_LIB_SIMULATOR_NUMBERFORMAT_H

#include <cstdint>

namespace mlir::moe::sim {

/// Encoded as the compiler passes it in calls of the runtime.
enum class NumberFormat : uint32_t { F16, BF16, TF32, E4M3, E5M2, F32 };

inline uint32_t getBytes(NumberFormat format) {
  switch (format) {
  case NumberFormat::F16:
  case NumberFormat::BF16:
    return 2;
  case NumberFormat::E4M3:
  case NumberFormat::E5M2:
    return 1;
  case NumberFormat::TF32:
  case NumberFormat::F32:
    return 4;
  }
  __builtin_unreachable();
}

/// The value of the element at `data`.
float decode(NumberFormat format, const void *data);

/// The values of the elements in 16 bytes, `stride` apart in `values`.
void decodeChunk(NumberFormat format, const char *data, float *values,
                 uint32_t stride);

/// The nearest f16, ties to even.
uint16_t encodeF16(float value);

/// The nearest number of eight bits, ties to even; too large ones become the
/// largest.
uint8_t encodeF8(NumberFormat format, float value);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_NUMBERFORMAT_H
