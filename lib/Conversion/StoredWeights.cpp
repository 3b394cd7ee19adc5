//===- StoredWeights.cpp - Weights as a checkpoint stores them ------------===//

#include "StoredWeights.h"
#include "moe/IR/MoE.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// All values of a narrow float format, as a constant buffer of the module.
static Value getDecodeTable(Code &code, FloatType format) {
  OpBuilder &builder = code.builder;
  unsigned width = format.getWidth();
  int64_t size = 1ll << width;
  Type f32 = builder.getF32Type();
  auto type = MemRefType::get({size}, f32);
  std::string name = "moe_decode_";
  llvm::raw_string_ostream(name) << format;
  auto module = builder.getBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    SmallVector<float> values;
    for (int64_t bits = 0; bits < size; ++bits)
      values.push_back(APFloat(format.getFloatSemantics(), APInt(width, bits))
                           .convertToFloat());
    auto tensor = RankedTensorType::get({size}, f32);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    memref::GlobalOp::create(builder, code.loc, name,
                             builder.getStringAttr("private"), type,
                             DenseElementsAttr::get(tensor, ArrayRef(values)),
                             /*constant=*/true, /*alignment=*/IntegerAttr());
  }
  return memref::GetGlobalOp::create(builder, code.loc, type, name);
}

Term mlir::moe::decodeFloat(Code &code, FloatType format, Term bits) {
  return code.load(getDecodeTable(code, format), {bits});
}

SmallVector<Value> StoredWeights::Slice::index(ArrayRef<Term> at) const {
  SmallVector<Value> all;
  if (expert)
    all.push_back(*expert);
  all.append(at.begin(), at.end());
  return all;
}

StoredWeights::Slice StoredWeights::Slice::select(Term condition,
                                                  const Slice &yes,
                                                  const Slice &no) {
  Code &code = *condition.code;
  Value buffer = arith::SelectOp::create(
      code.builder, code.loc, condition.value, yes.buffer, no.buffer);
  return {buffer, yes.expert};
}

Term StoredWeights::Slice::loadBits(Code &code, ArrayRef<Term> at) const {
  OpBuilder &builder = code.builder;
  Value element = memref::LoadOp::create(builder, code.loc, buffer, index(at));
  if (isa<FloatType>(element.getType()))
    element = arith::BitcastOp::create(builder, code.loc, builder.getI8Type(),
                                       element);
  return code.term(arith::IndexCastUIOp::create(
      builder, code.loc, builder.getIndexType(), element));
}

Term StoredWeights::Slice::load(Code &code, ArrayRef<Term> at) const {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (isa<Float8E4M3FNType, Float8E5M2Type>(element))
    return decodeFloat(code, cast<FloatType>(element), loadBits(code, at));
  SmallVector<Term> whole;
  for (Value i : index(at))
    whole.push_back(code.term(i));
  Term value = code.load(buffer, whole);
  return isa<IntegerType>(element) ? code.toReal(value) : value;
}

//===----------------------------------------------------------------------===//
// Tensors and tables
//===----------------------------------------------------------------------===//

static bool isTable(RankedTensorType type) {
  return isa_and_nonnull<PerExpertAttr>(type.getEncoding());
}

StoredWeights StoredWeights::get(Value tensor, Code &code) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!isTable(type))
    return StoredWeights(code.buffer(tensor));
  // convert-moe-to-loops replaces the cast when it converts the function's
  // arguments.
  auto table = MemRefType::get({type.getDimSize(0)}, code.builder.getI64Type());
  auto cast =
      UnrealizedConversionCastOp::create(code.builder, code.loc, table, tensor);
  return StoredWeights(
      cast.getResult(0),
      MemRefType::get(type.getShape().drop_front(), type.getElementType()));
}

/// The buffer at an address, in the form that the conversion of memrefs to the
/// LLVM dialect gives to buffers.
static Value getBufferAt(Value address, MemRefType type, Code &code) {
  OpBuilder &builder = code.builder;
  Location loc = code.loc;
  Value pointer = LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
  LLVMTypeConverter converter(builder.getContext());
  Value descriptor =
      LLVM::PoisonOp::create(builder, loc, converter.convertType(type));
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor =
        LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  auto constant = [&](int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  };
  insert(pointer, {0});     // allocated
  insert(pointer, {1});     // aligned
  insert(constant(0), {2}); // offset
  int64_t stride = 1;
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    insert(constant(type.getDimSize(d)), {3, d});
    insert(constant(stride), {4, d});
    stride *= type.getDimSize(d);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
      .getResult(0);
}

StoredWeights::Slice StoredWeights::open(std::optional<Term> expert,
                                         Code &code) const {
  if (!slice)
    return {memory, expert};
  Value address = memref::LoadOp::create(code.builder, code.loc, memory,
                                         ValueRange{*expert});
  return {getBufferAt(address, slice, code), std::nullopt};
}

Term StoredWeights::getAddress(std::optional<Term> expert, Code &code) const {
  if (slice)
    return code.load(memory, {*expert});
  Term address = code.term(memref::ExtractAlignedPointerAsIndexOp::create(
      code.builder, code.loc, memory));
  if (!expert)
    return address;
  auto type = cast<MemRefType>(memory.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  for (int64_t extent : type.getShape().drop_front())
    bytes *= extent;
  return address + *expert * static_cast<double>(bytes);
}
