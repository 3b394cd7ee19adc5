//===- ComparisonTests.cpp - Results against expected results -------------===//

#include "moe/Execute/Comparison.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

Tensor makeTensor(llvm::StringRef name, DataType type,
                  std::vector<int64_t> shape, std::vector<double> values) {
  Tensor tensor(name, type, shape);
  for (size_t i = 0; i < values.size(); ++i)
    tensor.setDouble(static_cast<int64_t>(i), values[i]);
  return tensor;
}

Tensor floats(std::vector<double> values) {
  return makeTensor("x", DataType::F32, {static_cast<int64_t>(values.size())},
                    values);
}

/// Two tokens with two choices each.
Tensor ids(std::vector<double> values) {
  return makeTensor("topk_ids", DataType::I32, {2, 2}, values);
}
Tensor weights(std::vector<double> values) {
  return makeTensor("topk_weights", DataType::F32, {2, 2}, values);
}

/// The error as text, or the number.
std::string compare(std::vector<TensorView> found,
                    std::vector<TensorView> expected, double tolerance = 1e-3,
                    int64_t *rerouted = nullptr) {
  auto error = compareResults(found, expected, tolerance, rerouted);
  return error ? std::to_string(*error) : llvm::toString(error.takeError());
}

TEST(Comparison, RelativeErrorIsThatOfTheVector) {
  Tensor found = floats({3, 4.0001}), expected = floats({3, 4});
  auto error = compareResults({found}, {expected}, 1e-3);
  ASSERT_TRUE(static_cast<bool>(error));
  EXPECT_NEAR(*error, 0.0001 / 5, 1e-7);
}

TEST(Comparison, ErrorAboveToleranceIsTold) {
  EXPECT_EQ(
      compare({floats({1, 2})}, {floats({1, 3})}),
      "result 'x' has relative error 3.16e-01, expected at most 1.00e-03");
}

TEST(Comparison, NanIsEqualToNanOnly) {
  EXPECT_EQ(compare({floats({NAN, 1})}, {floats({NAN, 1})}), "0.000000");
  EXPECT_NE(compare({floats({NAN, 1})}, {floats({1, 1})}), "0.000000");
  EXPECT_NE(compare({floats({1, 1})}, {floats({NAN, 1})}), "0.000000");
}

TEST(Comparison, InfinityIsEqualToTheSameInfinityOnly) {
  EXPECT_EQ(compare({floats({INFINITY, 1})}, {floats({INFINITY, 1})}),
            "0.000000");
  EXPECT_NE(compare({floats({INFINITY, 1})}, {floats({-INFINITY, 1})}),
            "0.000000");
}

TEST(Comparison, ZeroIsNotNearAnything) {
  EXPECT_NE(compare({floats({1e-30})}, {floats({0})}), "0.000000");
}

TEST(Comparison, AbsentResultAndOtherSizeAreTold) {
  EXPECT_EQ(compare({}, {floats({1})}), "the layer has no result 'x'");
  EXPECT_EQ(compare({floats({1, 2})}, {floats({1})}),
            "result 'x' is 2xF32, expected 1xF32");
}

TEST(Comparison, IntegersAreEqualExactly) {
  Tensor found = makeTensor("n", DataType::I64, {2}, {7, 8});
  Tensor expected = makeTensor("n", DataType::I64, {2}, {7, 9});
  EXPECT_EQ(compare({found}, {expected}),
            "result 'n' differs: found 8, expected 9 at element 1");
}

TEST(Comparison, OrderOfChoicesDoesNotCount) {
  EXPECT_EQ(compare({ids({1, 4, 0, 2}), weights({.3, .7, .5, .6})},
                    {ids({4, 1, 0, 2}), weights({.7, .3, .5, .6})}),
            "0.000000");
}

TEST(Comparison, WeightsFollowTheirIds) {
  EXPECT_NE(compare({ids({1, 4, 0, 2}), weights({.3, .7, .5, .6})},
                    {ids({4, 1, 0, 2}), weights({.3, .7, .5, .6})}),
            "0.000000");
}

TEST(Comparison, OtherChoicesAreTold) {
  EXPECT_NE(compare({ids({1, 4, 0, 2})}, {ids({1, 4, 0, 3})}), "0.000000");
}

TEST(Comparison, ReroutedTokensAreLeftOutAndCounted) {
  Tensor found = makeTensor("hidden_states", DataType::F32, {2, 1}, {1, 5});
  Tensor expected = makeTensor("hidden_states", DataType::F32, {2, 1}, {1, 9});
  int64_t rerouted = -1;
  EXPECT_EQ(compare({ids({1, 4, 0, 2}), found}, {ids({1, 4, 0, 3}), expected},
                    1e-3, &rerouted),
            "0.000000");
  EXPECT_EQ(rerouted, 1);
}

} // namespace
