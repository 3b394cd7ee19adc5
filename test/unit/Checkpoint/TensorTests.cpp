//===- TensorTests.cpp - Tensors in memory --------------------------------===//

#include "moe/Checkpoint/Tensor.h"

#include "gtest/gtest.h"

using namespace mlir::moe;

namespace {

TEST(Tensor, StartsAsAlignedZeros) {
  Tensor tensor("x", DataType::F32, {2, 3});
  TensorView view = tensor;
  EXPECT_EQ(view.name, "x");
  EXPECT_EQ(view.getNumElements(), 6);
  EXPECT_EQ(view.getSizeInBytes(), 24);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(view.data) % 64, 0u);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(view.getDouble(i), 0);
  tensor.setDouble(4, 1.5);
  EXPECT_EQ(view.getDouble(4), 1.5);
}

TEST(Tensor, ScalarsAndEmptyOnes) {
  EXPECT_EQ(Tensor("", DataType::I64, {}).getView().getNumElements(), 1);
  Tensor empty("", DataType::F16, {4, 0, 2});
  EXPECT_EQ(empty.getView().getSizeInBytes(), 0);
  EXPECT_EQ(Tensor(empty.getView()).getView().shape,
            (llvm::ArrayRef<int64_t>{4, 0, 2}));
}

TEST(Tensor, CopyOfAnUnalignedView) {
  alignas(8) char bytes[9] = {0, 1, 0, 0, 0, 2, 0, 0, 0};
  int64_t shape[] = {2};
  TensorView view{"ids", DataType::I32, shape, bytes + 1};
  EXPECT_FALSE(view.isAligned());
  EXPECT_EQ(view.getInteger(1), 2);
  Tensor copy(view);
  EXPECT_TRUE(copy.getView().isAligned());
  EXPECT_EQ(copy.getView().getInteger(0), 1);
  EXPECT_EQ(copy.getView().getInteger(1), 2);
  EXPECT_EQ(copy.getView().name, "ids");
}

TEST(Tensor, Conversion) {
  Tensor source("w", DataType::F32, {3});
  source.setDouble(0, 1.00390625); // 1 + 2^-8: a tie in bf16
  source.setDouble(1, -2.6);
  source.setDouble(2, 1e30);
  Tensor half = convertTensor(source, DataType::BF16);
  EXPECT_EQ(half.getView().type, DataType::BF16);
  EXPECT_EQ(half.getView().getDouble(0), 1);
  Tensor byte = convertTensor(source, DataType::I8);
  EXPECT_EQ(byte.getView().getInteger(1), -3);
  EXPECT_EQ(byte.getView().getInteger(2), 127);
  Tensor same = convertTensor(source, DataType::F32);
  EXPECT_EQ(same.getView().getDouble(1), -2.6f);
}

TEST(Tensor, IntegerConversionIsExact) {
  int64_t value = (1LL << 53) + 1;
  int64_t shape[] = {1};
  TensorView source{"", DataType::I64, shape,
                    reinterpret_cast<const char *>(&value)};
  EXPECT_EQ(convertTensor(source, DataType::U64).getView().getInteger(0),
            value);
  EXPECT_EQ(convertTensor(source, DataType::I32).getView().getInteger(0), 1);
}

TEST(Tensor, FormatShape) {
  EXPECT_EQ(formatShape(Tensor("", DataType::BF16, {4, 8})), "4x8xBF16");
  EXPECT_EQ(formatShape(Tensor("", DataType::F32, {})), "F32");
}

} // namespace
