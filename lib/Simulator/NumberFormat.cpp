//===- NumberFormat.cpp - Elements of matrix operands ---------------------===//

#include "NumberFormat.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir::moe::sim;

/// A number of `exponentBits` and `mantissaBits` whose largest exponent is for
/// numbers too, but for the one code of all ones (E4M3), or for infinities and
/// NaNs (the others).
static float decodeSmall(uint32_t bits, int exponentBits, int mantissaBits,
                         bool finite) {
  uint32_t mantissa = bits & ((1u << mantissaBits) - 1);
  int largest = (1 << exponentBits) - 1;
  int exponent = static_cast<int>(bits >> mantissaBits) & largest;
  int bias = largest >> 1;
  float sign = bits >> (exponentBits + mantissaBits) & 1 ? -1.0f : 1.0f;
  bool ones = mantissa == (1u << mantissaBits) - 1;
  if (exponent == largest && (!finite || ones))
    return !finite && mantissa == 0
               ? sign * std::numeric_limits<float>::infinity()
               : std::numeric_limits<float>::quiet_NaN();
  if (exponent == 0)
    return sign *
           std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissaBits);
  return sign * std::ldexp(static_cast<float>(mantissa | 1u << mantissaBits),
                           exponent - bias - mantissaBits);
}

template <size_t size>
static std::array<float, size> makeTable(int exponentBits, int mantissaBits,
                                         bool finite) {
  std::array<float, size> table;
  for (size_t i = 0; i < size; ++i)
    table[i] = decodeSmall(static_cast<uint32_t>(i), exponentBits, mantissaBits,
                           finite);
  return table;
}

float mlir::moe::sim::decode(NumberFormat format, const void *data) {
  static const auto f16 = makeTable<65536>(5, 10, false);
  static const auto e4m3 = makeTable<256>(4, 3, true);
  static const auto e5m2 = makeTable<256>(5, 2, false);
  switch (format) {
  case NumberFormat::F16: {
    uint16_t bits;
    std::memcpy(&bits, data, 2);
    return f16[bits];
  }
  case NumberFormat::BF16: {
    uint16_t bits;
    std::memcpy(&bits, data, 2);
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
  case NumberFormat::E4M3:
    return e4m3[*static_cast<const uint8_t *>(data)];
  case NumberFormat::E5M2:
    return e5m2[*static_cast<const uint8_t *>(data)];
  case NumberFormat::TF32: {
    uint32_t bits;
    std::memcpy(&bits, data, 4);
    // The lower mantissa bits are not read.
    return std::bit_cast<float>(bits & 0xffffe000u);
  }
  case NumberFormat::F32: {
    float value;
    std::memcpy(&value, data, 4);
    return value;
  }
  }
  __builtin_unreachable();
}

void mlir::moe::sim::decodeChunk(NumberFormat format, const char *data,
                                 float *values, uint32_t stride) {
  if (format == NumberFormat::BF16) {
    uint16_t bits[8];
    std::memcpy(bits, data, sizeof(bits));
    for (uint32_t i = 0; i < 8; ++i)
      values[i * stride] =
          std::bit_cast<float>(static_cast<uint32_t>(bits[i]) << 16);
    return;
  }
  uint32_t bytes = getBytes(format);
  for (uint32_t i = 0; i < 16 / bytes; ++i)
    values[i * stride] = decode(format, data + i * bytes);
}

uint16_t mlir::moe::sim::encodeF16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  float magnitude = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7fff;
  if (magnitude >= 65520.0f)
    return sign | 0x7c00;
  // Both ranges are rounded by the processor: the numbers of one exponent are
  // as far apart as integers after scaling.
  int exponent = magnitude < 0x1p-14f ? -14 : std::ilogb(magnitude);
  auto scaled = static_cast<uint32_t>(
      std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  return static_cast<uint16_t>(
      sign | (static_cast<uint32_t>(exponent + 14) * 1024 + scaled));
}

uint8_t mlir::moe::sim::encodeF8(NumberFormat format, float value) {
  // Codes grow with the magnitude, so the nearest two are neighbours.
  uint8_t largest = format == NumberFormat::E4M3 ? 0x7e : 0x7b;
  uint8_t sign = std::signbit(value) ? 0x80 : 0;
  if (std::isnan(value))
    return 0x7f;
  float magnitude = std::fabs(value);
  uint8_t code = 0;
  for (uint8_t step = 0x40; step; step >>= 1) {
    auto next = static_cast<uint8_t>(code | step);
    if (next <= largest && decode(format, &next) <= magnitude)
      code = next;
  }
  if (code == largest)
    return sign | code;
  auto next = static_cast<uint8_t>(code + 1);
  float below = magnitude - decode(format, &code),
        above = decode(format, &next) - magnitude;
  return sign | (above < below || (above == below && code & 1) ? next : code);
}
