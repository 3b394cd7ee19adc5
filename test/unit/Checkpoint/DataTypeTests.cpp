//===- DataTypeTests.cpp - Element types ----------------------------------===//

#include "moe/Checkpoint/DataType.h"

#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

using namespace mlir::moe;
using llvm::APFloat;

namespace {

struct FloatCase {
  DataType type;
  const llvm::fltSemantics *semantics;
};

/// All floats of at most 16 bits, with LLVM's own implementation as the oracle.
class SmallFloats : public testing::TestWithParam<FloatCase> {
protected:
  DataType type = GetParam().type;
  const llvm::fltSemantics &semantics = *GetParam().semantics;
  unsigned bits = 8 * getSize(type);

  double read(uint32_t pattern) {
    char bytes[2];
    std::memcpy(bytes, &pattern, 2);
    return readDouble(type, bytes);
  }

  uint32_t write(double value) {
    uint32_t pattern = 0;
    writeDouble(type, value, &pattern);
    return pattern;
  }

  APFloat makeOracle(uint32_t pattern) {
    return APFloat(semantics, llvm::APInt(bits, pattern));
  }

  uint32_t writeOracle(double value) {
    APFloat rounded(value);
    bool losesInfo;
    rounded.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
    return rounded.bitcastToAPInt().getZExtValue();
  }

  void expectSameWrite(double value) {
    uint32_t pattern = write(value);
    APFloat expected = makeOracle(writeOracle(value));
    if (expected.isNaN())
      EXPECT_TRUE(makeOracle(pattern).isNaN()) << value;
    else
      EXPECT_EQ(pattern, expected.bitcastToAPInt().getZExtValue()) << value;
  }
};

TEST_P(SmallFloats, ReadEveryPattern) {
  for (uint32_t pattern = 0; pattern < 1u << bits; ++pattern) {
    APFloat oracle = makeOracle(pattern);
    double value = read(pattern);
    if (oracle.isNaN()) {
      EXPECT_TRUE(std::isnan(value)) << pattern;
      continue;
    }
    bool losesInfo;
    oracle.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    EXPECT_TRUE(oracle.bitwiseIsEqual(APFloat(value))) << pattern;
  }
}

TEST_P(SmallFloats, WriteEveryValueAndBetween) {
  for (uint32_t pattern = 0; pattern < 1u << bits; ++pattern) {
    double value = read(pattern);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(read(write(value))));
      continue;
    }
    EXPECT_EQ(write(value), pattern);
    double next = read(pattern + 1 < 1u << bits ? pattern + 1 : pattern);
    if (!std::isfinite(value) || !std::isfinite(next) ||
        std::signbit(value) != std::signbit(next))
      continue;
    double middle = value + (next - value) / 2;
    for (double tested :
         {middle, std::nextafter(middle, value), std::nextafter(middle, next)})
      expectSameWrite(tested);
  }
}

TEST_P(SmallFloats, WriteBeyondTheRange) {
  double largest = std::ldexp(1, ilogb(APFloat::getLargest(semantics)));
  double smallest = std::ldexp(1, ilogb(APFloat::getSmallest(semantics)));
  for (double value = smallest / 8; value < smallest; value *= 1.25)
    expectSameWrite(value);
  for (double value = largest; value < 8 * largest; value *= 1.015625)
    expectSameWrite(value);
  for (double value : {5e-324, 1e-300, 1e300, double(INFINITY), 0.0})
    expectSameWrite(value);
}

TEST_P(SmallFloats, WriteNegativeBeyondTheRange) {
  if (type == DataType::F8E8M0) {
    for (double value : {-5e-324, -1.0, -1e300, -double(INFINITY)})
      EXPECT_TRUE(std::isnan(read(write(value))));
    return;
  }
  for (double value : {-5e-324, -1e-300, -1e300, -double(INFINITY), -0.0})
    expectSameWrite(value);
}

INSTANTIATE_TEST_SUITE_P(
    All, SmallFloats,
    testing::Values(FloatCase{DataType::F16, &APFloat::IEEEhalf()},
                    FloatCase{DataType::BF16, &APFloat::BFloat()},
                    FloatCase{DataType::F8E4M3, &APFloat::Float8E4M3FN()},
                    FloatCase{DataType::F8E5M2, &APFloat::Float8E5M2()},
                    FloatCase{DataType::F8E8M0, &APFloat::Float8E8M0FNU()}),
    [](const auto &info) { return getName(info.param.type).str(); });

constexpr DataType allTypes[] = {
    DataType::Bool,   DataType::U8,     DataType::I8,  DataType::F8E5M2,
    DataType::F8E4M3, DataType::F8E8M0, DataType::I16, DataType::U16,
    DataType::F16,    DataType::BF16,   DataType::I32, DataType::U32,
    DataType::F32,    DataType::F64,    DataType::I64, DataType::U64};

TEST(DataType, NamesAndSizes) {
  EXPECT_EQ(listDataTypes(),
            "BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, U16, F16, BF16, "
            "I32, U32, F32, F64, I64, U64");
  unsigned lastSize = 1;
  for (DataType type : allTypes) {
    EXPECT_EQ(parseDataType(getName(type)), type);
    EXPECT_GE(getSize(type), lastSize);
    lastSize = getSize(type);
    // The number in a name is that of its bits; BOOL has none.
    unsigned bits = 8;
    llvm::StringRef(getName(type))
        .split('_')
        .first.ltrim("BFIU")
        .getAsInteger(10, bits);
    EXPECT_EQ(getSize(type) * 8, bits);
  }
  for (llvm::StringRef name : {"", "f32", "F4", "C64", "F32 "})
    EXPECT_EQ(parseDataType(name), std::nullopt);
}

/// `value` written as `type`, and read again.
double passThrough(DataType type, double value) {
  char bytes[8] = {};
  writeDouble(type, value, bytes);
  return readDouble(type, bytes);
}

TEST(DataType, WideFloats) {
  EXPECT_EQ(passThrough(DataType::F64, 0.1), 0.1);
  EXPECT_EQ(passThrough(DataType::F32, 0.1), 0.1f);
  EXPECT_EQ(passThrough(DataType::F32, 1e300), INFINITY);
  // Halfway between two floats: the even one.
  EXPECT_EQ(passThrough(DataType::F32, 16777217), 16777216);
  EXPECT_EQ(passThrough(DataType::F32, 16777219), 16777220);
}

TEST(DataType, IntegersRoundAndClamp) {
  for (DataType type : allTypes) {
    if (!isInteger(type) || type == DataType::Bool)
      continue;
    bool isUnsigned = getName(type).starts_with("U");
    double end = std::ldexp(1, 8 * getSize(type) - !isUnsigned);
    double largest = end > 1e15 ? end : end - 1;
    double lowest = isUnsigned ? 0 : -end;
    EXPECT_EQ(passThrough(type, 2.5), 2);
    EXPECT_EQ(passThrough(type, 3.5), 4);
    EXPECT_EQ(passThrough(type, -0.4), 0);
    EXPECT_EQ(passThrough(type, NAN), 0);
    for (double value : {end - 1, end, 2 * end, double(INFINITY)})
      EXPECT_EQ(passThrough(type, value), largest) << getName(type).str();
    for (double value : {-end, -2 * end, -double(INFINITY)})
      EXPECT_EQ(passThrough(type, value), lowest) << getName(type).str();
    EXPECT_EQ(passThrough(type, -1), isUnsigned ? 0 : -1);
  }
  // The largest double below 2^64 is an ordinary one for U64 alone.
  double large = 18446744073709549568.0;
  EXPECT_EQ(passThrough(DataType::U64, large), large);
}

TEST(DataType, IntegersExact) {
  for (DataType type : allTypes) {
    if (!isInteger(type) || type == DataType::Bool)
      continue;
    unsigned bits = 8 * getSize(type);
    bool isUnsigned = getName(type).starts_with("U") && bits < 64;
    for (int64_t value : {int64_t(0), int64_t(1), int64_t(-1), INT64_MAX,
                          INT64_MIN, int64_t(0x123456789abcdef1)}) {
      char bytes[8] = {};
      writeInteger(type, value, bytes);
      llvm::APInt wrapped = llvm::APInt(64, value).trunc(bits);
      EXPECT_EQ(readInteger(type, bytes), isUnsigned
                                              ? int64_t(wrapped.getZExtValue())
                                              : wrapped.getSExtValue());
      for (unsigned i = getSize(type); i < 8; ++i)
        EXPECT_EQ(bytes[i], 0) << "wrote beyond the element";
    }
  }
  // As a number, U64 does not wrap.
  uint64_t largest = UINT64_MAX;
  EXPECT_EQ(readDouble(DataType::U64, &largest), 18446744073709551616.0);
}

TEST(DataType, Bool) {
  EXPECT_EQ(passThrough(DataType::Bool, 0.25), 1);
  EXPECT_EQ(passThrough(DataType::Bool, 256), 1);
  EXPECT_EQ(passThrough(DataType::Bool, -0.0), 0);
  uint8_t byte = 0;
  writeInteger(DataType::Bool, 256, &byte);
  EXPECT_EQ(byte, 1);
  byte = 0x80;
  EXPECT_EQ(readInteger(DataType::Bool, &byte), 1);
}

TEST(DataType, AnyAddress) {
  for (DataType type : allTypes)
    for (unsigned offset = 0; offset < 8; ++offset) {
      char bytes[16] = {};
      writeDouble(type, 1, bytes + offset);
      EXPECT_EQ(readDouble(type, bytes + offset), 1);
    }
}

} // namespace
