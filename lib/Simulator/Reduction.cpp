//===- Reduction.cpp - Reductions into memory -----------------------------===//

#include "Reduction.h"
#include "NumberFormat.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

using namespace mlir::moe::sim;

static bool combine(Reduction kind, float a, float b, float &result) {
  switch (kind) {
  case Reduction::Add:
    result = a + b;
    return true;
  case Reduction::Min:
    result = std::fmin(a, b);
    return true;
  case Reduction::Max:
    result = std::fmax(a, b);
    return true;
  default:
    return false;
  }
}

template <typename T>
static bool combineIntegers(Reduction kind, T a, T b, T &result) {
  auto x = static_cast<uint32_t>(a), y = static_cast<uint32_t>(b);
  switch (kind) {
  case Reduction::Add:
    result = static_cast<T>(x + y);
    return true;
  case Reduction::Min:
    result = std::min(a, b);
    return true;
  case Reduction::Max:
    result = std::max(a, b);
    return true;
  case Reduction::And:
    result = static_cast<T>(x & y);
    return true;
  case Reduction::Or:
    result = static_cast<T>(x | y);
    return true;
  case Reduction::Xor:
    result = static_cast<T>(x ^ y);
    return true;
  default:
    return false;
  }
}

template <typename T>
static bool reduceIntegers(Reduction kind, void *target, const void *value) {
  T a, b;
  std::memcpy(&a, target, sizeof(T));
  std::memcpy(&b, value, sizeof(T));
  if (!combineIntegers<T>(kind, a, b, a))
    return false;
  std::memcpy(target, &a, sizeof(T));
  return true;
}

/// The nearest bf16, ties to even.
static uint16_t encodeBF16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

bool mlir::moe::sim::reduce(Reduction kind, ElementType type, void *target,
                            const void *value) {
  float result;
  switch (type) {
  case ElementType::U8:
    return false;
  case ElementType::S32:
    return reduceIntegers<int32_t>(kind, target, value);
  case ElementType::U32:
    return reduceIntegers<uint32_t>(kind, target, value);
  case ElementType::F32:
    if (!combine(kind, decode(NumberFormat::F32, target),
                 decode(NumberFormat::F32, value), result))
      return false;
    std::memcpy(target, &result, 4);
    return true;
  case ElementType::F16:
  case ElementType::BF16: {
    bool half = type == ElementType::F16;
    NumberFormat format = half ? NumberFormat::F16 : NumberFormat::BF16;
    if (!combine(kind, decode(format, target), decode(format, value), result))
      return false;
    uint16_t bits = half ? encodeF16(result) : encodeBF16(result);
    std::memcpy(target, &bits, 2);
    return true;
  }
  }
  __builtin_unreachable();
}
