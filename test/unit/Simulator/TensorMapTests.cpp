//===- TensorMapTests.cpp -------------------------------------------------===//

#include "moe/Simulator/TensorMap.h"

#include "gtest/gtest.h"
#include <vector>

using namespace mlir::moe::sim;

static TensorMap makeMap() {
  TensorMap map;
  map.address = 0x1000;
  map.type = ElementType::BF16;
  map.rank = 3;
  map.dims = {40, 6, 3};
  map.strides = {2, 96, 1024};
  map.box = {16, 4, 2};
  return map;
}

TEST(TensorMap, RoundTrip) {
  TensorMap map = makeMap();
  map.swizzle = Swizzle::B32;
  map.fillNaN = true;
  alignas(64) char object[TensorMap::encodedSize];
  map.encode(object);
  auto decoded = TensorMap::decode(object);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->address, map.address);
  EXPECT_EQ(decoded->dims, map.dims);
  EXPECT_EQ(decoded->strides, map.strides);
  EXPECT_EQ(decoded->box, map.box);
  EXPECT_EQ(decoded->elementStrides, map.elementStrides);
  EXPECT_EQ(decoded->swizzle, map.swizzle);
  EXPECT_TRUE(decoded->fillNaN);
  object[0] ^= 1;
  EXPECT_FALSE(TensorMap::decode(object));
}

TEST(TensorMap, LocatesElements) {
  TensorMap map = makeMap();
  EXPECT_EQ(map.locate({1, 2, 1}), 0x1000u + 2 + 192 + 1024);
  EXPECT_FALSE(map.locate({40, 0, 0}));
  EXPECT_FALSE(map.locate({0, -1, 0}));
  EXPECT_FALSE(map.locate({0, 0, 3}));
}

TEST(TensorMap, VisitsRowsOfTheBox) {
  TensorMap map = makeMap();
  map.elementStrides = {1, 2, 1};
  EXPECT_EQ(map.getBoxBytes(), 16u * 2 * 2 * 2);
  std::vector<std::array<int64_t, 5>> rows;
  std::vector<uint32_t> offsets;
  map.forEachRow({8, -1, 2}, [&](uint32_t offset, auto at) {
    offsets.push_back(offset);
    rows.push_back(at);
  });
  EXPECT_EQ(offsets, (std::vector<uint32_t>{0, 32, 64, 96}));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0], (std::array<int64_t, 5>{8, -1, 2}));
  EXPECT_EQ(rows[1], (std::array<int64_t, 5>{8, 1, 2}));
  EXPECT_EQ(rows[2], (std::array<int64_t, 5>{8, -1, 3}));
}

TEST(TensorMap, FindsFaults) {
  EXPECT_FALSE(makeMap().findFault());
  auto expectFault = [](auto change, const char *words) {
    TensorMap map = makeMap();
    change(map);
    auto fault = map.findFault();
    ASSERT_TRUE(fault) << words;
    EXPECT_NE(fault->find(words), std::string::npos) << *fault;
  };
  expectFault([](TensorMap &map) { map.address += 8; }, "multiple of 16");
  expectFault([](TensorMap &map) { map.strides[1] = 88; }, "stride 88");
  expectFault([](TensorMap &map) { map.box[1] = 257; }, "box size 257");
  expectFault([](TensorMap &map) { map.box[0] = 4; }, "box row of 8 bytes");
  expectFault([](TensorMap &map) { map.dims[2] = 0; }, "size 0");
  expectFault([](TensorMap &map) { map.elementStrides[1] = 9; },
              "element stride 9");
  expectFault(
      [](TensorMap &map) {
        map.box[0] = 32;
        map.swizzle = Swizzle::B32;
      },
      "at most the 32");
  expectFault([](TensorMap &map) { map.rank = 6; }, "rank 6");
}
