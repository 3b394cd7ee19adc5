//===- NumberFormats.cpp - How tensors store numbers ----------------------===//

#include "NumberFormats.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::moe;

NumberFormat mlir::moe::describeFormat(Value value) {
  std::string name;
  llvm::raw_string_ostream os(name);
  auto quantized = value.getDefiningOp<DequantizeOp>();
  if (!quantized) {
    Type type = getElementTypeOrSelf(value.getType());
    os << type;
    return {name, static_cast<double>(type.getIntOrFloatBitWidth()), false};
  }
  if (quantized.getScheme() == QuantScheme::mxfp4)
    // 32 numbers of four bits have one scale of eight.
    return {"mxfp4", 4.25, true};
  Type data = getElementTypeOrSelf(quantized.getData().getType());
  Type scale = getElementTypeOrSelf(quantized.getScales().getType());
  ArrayRef<int64_t> block =
      quantized.getBlockShape().value_or(ArrayRef<int64_t>());
  double share = 1;
  for (int64_t size : block)
    share /= static_cast<double>(size);
  block = block.drop_while([](int64_t size) { return size == 1; });
  bool isInt4 = quantized.getScheme() == QuantScheme::int4;
  double bits = isInt4 ? 4 : data.getIntOrFloatBitWidth();
  double blockBits = scale.getIntOrFloatBitWidth();
  if (isInt4)
    os << "int4/";
  else
    os << data << '/';
  llvm::interleave(block, os, "x");
  os << ':' << scale;
  if (quantized.getZeroPoints()) {
    os << ":int4";
    blockBits += 4;
  }
  return {name, bits + blockBits * share, true};
}
