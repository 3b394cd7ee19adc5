//===- DataType.cpp - Element types of stored tensors ---------------------===//

#include "moe/Checkpoint/DataType.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"
#include <cmath>
#include <cstring>

using namespace mlir::moe;

namespace {
struct TypeInfo {
  llvm::StringLiteral name;
  unsigned size;
};
} // namespace

/// In the order of the enumeration.
static constexpr TypeInfo typeInfos[] = {
    {"BOOL", 1},    {"U8", 1},      {"I8", 1},  {"F8_E5M2", 1},
    {"F8_E4M3", 1}, {"F8_E8M0", 1}, {"I16", 2}, {"U16", 2},
    {"F16", 2},     {"BF16", 2},    {"I32", 4}, {"U32", 4},
    {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8},
};

llvm::StringRef mlir::moe::getName(DataType type) {
  return typeInfos[static_cast<unsigned>(type)].name;
}

unsigned mlir::moe::getSize(DataType type) {
  return typeInfos[static_cast<unsigned>(type)].size;
}

std::optional<DataType> mlir::moe::parseDataType(llvm::StringRef name) {
  for (auto [index, info] : llvm::enumerate(typeInfos))
    if (info.name == name)
      return static_cast<DataType>(index);
  return std::nullopt;
}

std::string mlir::moe::listDataTypes() {
  std::string list;
  for (const TypeInfo &info : typeInfos)
    list += (list.empty() ? "" : ", ") + info.name.str();
  return list;
}

bool mlir::moe::isInteger(DataType type) {
  switch (type) {
  case DataType::Bool:
  case DataType::U8:
  case DataType::I8:
  case DataType::I16:
  case DataType::U16:
  case DataType::I32:
  case DataType::U32:
  case DataType::I64:
  case DataType::U64:
    return true;
  default:
    return false;
  }
}

static bool isSigned(DataType type) {
  return type == DataType::I8 || type == DataType::I16 ||
         type == DataType::I32 || type == DataType::I64;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

template <typename T> static T load(const void *source) {
  T value;
  std::memcpy(&value, source, sizeof(T));
  return value;
}

template <typename T> static void store(T value, void *target) {
  std::memcpy(target, &value, sizeof(T));
}

//===----------------------------------------------------------------------===//
// Floats of at most 16 bits
//===----------------------------------------------------------------------===//

namespace {
/// A float of sign, exponent and fraction, from the highest bit to the lowest,
/// with the usual bias.
struct SmallFloat {
  int exponentBits;
  int fractionBits;
  /// If not, the highest exponent is an ordinary one and NaN has all bits set.
  bool hasInfinity;

  int getLowestExponent() const { return 2 - (1 << (exponentBits - 1)); }
  uint32_t getSignBit() const { return 1u << (exponentBits + fractionBits); }
  /// The bits of the first magnitude above the finite ones: infinity or NaN.
  uint32_t getOverflow() const {
    return hasInfinity ? getSignBit() - (1u << fractionBits) : getSignBit() - 1;
  }
};
} // namespace

static constexpr SmallFloat f8E5M2{5, 2, true};
static constexpr SmallFloat f8E4M3{4, 3, false};
static constexpr SmallFloat f16{5, 10, true};
static constexpr SmallFloat bf16{8, 7, true};

/// 2^exponent, for the exponents of normal doubles.
static double powerOfTwo(int exponent) {
  return llvm::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

static double decode(SmallFloat format, uint32_t bits) {
  uint32_t magnitude = bits & (format.getSignBit() - 1);
  double sign = bits & format.getSignBit() ? -1 : 1;
  if (magnitude >= format.getOverflow())
    return std::copysign(format.hasInfinity && magnitude == format.getOverflow()
                             ? INFINITY
                             : NAN,
                         sign);
  uint32_t fraction = magnitude & ((1u << format.fractionBits) - 1);
  int biased = magnitude >> format.fractionBits;
  if (biased != 0)
    fraction |= 1u << format.fractionBits;
  int exponent = format.getLowestExponent() + std::max(biased, 1) - 1;
  return sign * fraction * powerOfTwo(exponent - format.fractionBits);
}

static uint32_t encode(SmallFloat format, double value) {
  uint32_t sign = std::signbit(value) ? format.getSignBit() : 0;
  value = std::fabs(value);
  if (std::isnan(value))
    return sign | (format.getSignBit() - 1);
  // Far out of range, so that the shifts below are defined.
  if (value >= powerOfTwo(1 << (format.exponentBits)))
    return sign | format.getOverflow();

  // The value is counted in units of the last place of its binade. Rounding up
  // to the next binade carries into the exponent, which is what it should do.
  int lowest = format.getLowestExponent();
  int exponent = value == 0 ? lowest : std::max(std::ilogb(value), lowest);
  auto units = static_cast<uint32_t>(
      std::nearbyint(value * powerOfTwo(format.fractionBits - exponent)));
  uint32_t binade = static_cast<uint32_t>(exponent - lowest)
                    << format.fractionBits;
  return sign | std::min(binade + units, format.getOverflow());
}

//===----------------------------------------------------------------------===//
// Powers of two
//===----------------------------------------------------------------------===//

static constexpr uint8_t powerNaN = 255;

static double decodePower(uint8_t bits) {
  return bits == powerNaN ? NAN : powerOfTwo(bits - 127);
}

static uint8_t encodePower(double value) {
  if (std::isnan(value) || value < 0 || value >= powerOfTwo(129))
    return powerNaN;
  if (value <= powerOfTwo(-127))
    return 0;
  int exponent = std::ilogb(value);
  if (value >= 1.5 * powerOfTwo(exponent))
    ++exponent;
  return static_cast<uint8_t>(std::min(exponent + 127, int(powerNaN)));
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

int64_t mlir::moe::readInteger(DataType type, const void *source) {
  switch (type) {
  case DataType::Bool:
    return load<uint8_t>(source) != 0;
  case DataType::U8:
    return load<uint8_t>(source);
  case DataType::I8:
    return load<int8_t>(source);
  case DataType::I16:
    return load<int16_t>(source);
  case DataType::U16:
    return load<uint16_t>(source);
  case DataType::I32:
    return load<int32_t>(source);
  case DataType::U32:
    return load<uint32_t>(source);
  case DataType::I64:
  case DataType::U64:
    return load<int64_t>(source);
  default:
    llvm_unreachable("not an integer type");
  }
}

void mlir::moe::writeInteger(DataType type, int64_t value, void *target) {
  if (type == DataType::Bool)
    value = value != 0;
  switch (getSize(type)) {
  case 1:
    return store(static_cast<uint8_t>(value), target);
  case 2:
    return store(static_cast<uint16_t>(value), target);
  case 4:
    return store(static_cast<uint32_t>(value), target);
  default:
    return store(value, target);
  }
}

/// The integer of `type` nearest to `value`, as the bits that U64 wraps to.
static int64_t roundToInteger(DataType type, double value) {
  if (std::isnan(value))
    return 0;
  int bits = 8 * getSize(type) - isSigned(type);
  double end = powerOfTwo(bits);
  value = std::nearbyint(value);
  if (value >= end)
    return static_cast<int64_t>(~uint64_t(0) >> (64 - bits));
  if (!isSigned(type))
    return static_cast<int64_t>(static_cast<uint64_t>(std::max(value, 0.0)));
  return static_cast<int64_t>(std::max(value, -end));
}

//===----------------------------------------------------------------------===//
// All types
//===----------------------------------------------------------------------===//

double mlir::moe::readDouble(DataType type, const void *source) {
  switch (type) {
  case DataType::F8E5M2:
    return decode(f8E5M2, load<uint8_t>(source));
  case DataType::F8E4M3:
    return decode(f8E4M3, load<uint8_t>(source));
  case DataType::F8E8M0:
    return decodePower(load<uint8_t>(source));
  case DataType::F16:
    return decode(f16, load<uint16_t>(source));
  case DataType::BF16:
    return decode(bf16, load<uint16_t>(source));
  case DataType::F32:
    return load<float>(source);
  case DataType::F64:
    return load<double>(source);
  case DataType::U64:
    return static_cast<double>(load<uint64_t>(source));
  default:
    return static_cast<double>(readInteger(type, source));
  }
}

void mlir::moe::writeDouble(DataType type, double value, void *target) {
  switch (type) {
  case DataType::F8E5M2:
    return store(static_cast<uint8_t>(encode(f8E5M2, value)), target);
  case DataType::F8E4M3:
    return store(static_cast<uint8_t>(encode(f8E4M3, value)), target);
  case DataType::F8E8M0:
    return store(encodePower(value), target);
  case DataType::F16:
    return store(static_cast<uint16_t>(encode(f16, value)), target);
  case DataType::BF16:
    return store(static_cast<uint16_t>(encode(bf16, value)), target);
  case DataType::F32:
    return store(static_cast<float>(value), target);
  case DataType::F64:
    return store(value, target);
  case DataType::Bool:
    return store(static_cast<uint8_t>(value != 0), target);
  default:
    return writeInteger(type, roundToInteger(type, value), target);
  }
}
