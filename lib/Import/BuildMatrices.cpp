//===- BuildMatrices.cpp - Projections, stored as numbers or codes --------===//

#include "LayerBuilder.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

static bool isQuantized(const LayerSpec &spec, QuantScheme scheme) {
  return spec.quantization && spec.quantization->scheme == scheme;
}

/// A checkpoint may have weights that its config calls quantised in plain form.
bool LayerBuilder::isBlockQuantized(StringRef name) const {
  if (!isQuantized(spec, QuantScheme::block))
    return false;
  if (!options.findTensor)
    return true;
  std::string sample = getSampleName(form.block.str() + name.str());
  return options.findTensor(spec.layer, sample) == DataType::F8E4M3;
}

Value LayerBuilder::addMatrix(StringRef name, int64_t rows, int64_t columns,
                              bool perExpert) {
  SmallVector<int64_t> shape = {rows, columns};
  if (perExpert)
    shape.insert(shape.begin(), spec.experts);
  if (isBlockQuantized(name))
    return addBlockMatrix(name, shape);
  if (isInt4Quantized(name))
    return addInt4Matrix(name, shape);
  if (isQuantized(spec, QuantScheme::mxfp4) && perExpert)
    return addMxfp4Matrix(name, shape);
  if (!perExpert || !form.experts.stackedRows)
    return addWeight(name, shape, spec.dtype);
  Value stacked = addWeight(name, {spec.experts * rows, columns}, spec.dtype);
  auto type = cast<RankedTensorType>(stacked.getType());
  return tensor::ExpandShapeOp::create(
      b, RankedTensorType::get(shape, type.getElementType()), stacked,
      ArrayRef<ReassociationIndices>{{0, 1}, {2}});
}

Value LayerBuilder::addBlockMatrix(StringRef name, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> block(shape.size() - 2, 1);
  block.append({spec.quantization->blockRows, spec.quantization->blockColumns});
  SmallVector<int64_t> scalesShape;
  for (auto [size, blockSize] : llvm::zip_equal(shape, block))
    scalesShape.push_back(llvm::divideCeil(size, blockSize));
  Value data = addWeight(name, shape, DataType::F8E4M3);
  Value scales =
      addWeight(name.str() + "_scale_inv", scalesShape, DataType::F32);
  return DequantizeOp::create(
      b, RankedTensorType::get(shape, getType(spec.dtype)), QuantScheme::block,
      data, scales, /*zero_points=*/Value(), b.getDenseI64ArrayAttr(block));
}

/// The last dimension is stored as blocks of 16 bytes, two numbers in each.
Value LayerBuilder::addMxfp4Matrix(StringRef name, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> scalesShape(shape);
  scalesShape.back() /= 32;
  SmallVector<int64_t> dataShape = scalesShape;
  dataShape.push_back(16);
  Value data = addWeight(name, dataShape, DataType::U8);
  name.consume_back("blocks");
  Value scales = addWeight(name.str() + "scales", scalesShape, DataType::U8);
  return DequantizeOp::create(
      b, RankedTensorType::get(shape, getType(spec.dtype)), QuantScheme::mxfp4,
      data, scales, /*zero_points=*/Value(), DenseI64ArrayAttr());
}

//===----------------------------------------------------------------------===//
// Codes of four bits
//===----------------------------------------------------------------------===//

/// Codes in a word of such a checkpoint.
static constexpr int64_t wordCodes = 8;

/// The name of one of the tensors that a matrix is stored as.
static std::string replaceWeight(StringRef name, StringRef stored) {
  name.consume_back("weight");
  return (name + stored).str();
}

std::string mlir::moe::getCodesName(const LayerSpec &spec, StringRef name) {
  return isQuantized(spec, QuantScheme::int4)
             ? replaceWeight(name, spec.quantization->int4.codes)
             : name.str();
}

bool LayerBuilder::isInt4Quantized(StringRef name) const {
  if (!isQuantized(spec, QuantScheme::int4))
    return false;
  if (!options.findTensor)
    return true;
  std::string codes = getCodesName(spec, form.block.str() + name.str());
  return options.findTensor(spec.layer, getSampleName(codes)).has_value();
}

MatrixLayout LayerBuilder::getStoredLayout(StringRef name,
                                           MatrixLayout layout) const {
  return isInt4Quantized(name) ? spec.quantization->int4.layout : layout;
}

Value LayerBuilder::addInt4Matrix(StringRef name, ArrayRef<int64_t> shape) {
  const Int4Tensors &tensors = spec.quantization->int4;
  size_t output = shape.size() - 2, input = shape.size() - 1;
  if (tensors.layout == MatrixLayout::in_out)
    std::swap(output, input);

  SmallVector<int64_t> codesShape(shape);
  codesShape[tensors.packsInputs ? input : output] /= wordCodes;
  SmallVector<int64_t> block(shape.size(), 1);
  block[input] = spec.quantization->groupSize ? spec.quantization->groupSize
                                              : shape[input];
  SmallVector<int64_t> scalesShape(shape);
  scalesShape[input] /= block[input];
  SmallVector<int64_t> zerosShape(scalesShape);
  zerosShape[output] /= wordCodes;

  Value codes =
      addWeight(replaceWeight(name, tensors.codes), codesShape, DataType::I32);
  Value scales = addWeight(replaceWeight(name, tensors.scales), scalesShape,
                           *spec.quantization->scaleType);
  Value zeros;
  if (!tensors.zeroPoints.empty())
    zeros = addWeight(replaceWeight(name, tensors.zeroPoints), zerosShape,
                      DataType::I32);
  return DequantizeOp::create(
      b, RankedTensorType::get(shape, getType(spec.dtype)), QuantScheme::int4,
      codes, scales, zeros, b.getDenseI64ArrayAttr(block), tensors.order,
      zeros ? tensors.zeroOffset : 0);
}
