//===- ExportLayer.cpp - moe-export-layer ---------------------------------===//

#include "TokenBound.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {
#define GEN_PASS_DEF_EXPORTLAYERPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

static void makeInternal(func::FuncOp func) {
  func.setPrivate();
  func->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(func.getContext(), LLVM::Linkage::Internal));
}

namespace {
/// Emits the entry of a function that moe-plan-workspace and
/// moe-outline-parallel have prepared.
class EntryBuilder {
public:
  explicit EntryBuilder(func::FuncOp layer)
      : layer(layer), converter(layer.getContext()), builder(layer),
        loc(layer.getLoc()), i64(builder.getI64Type()),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())) {}

  LogicalResult emit(StringRef symbol) {
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()),
        {pointer, i64, pointer, pointer, pointer});
    auto entry = LLVM::LLVMFuncOp::create(builder, loc, symbol, type);
    Block *body = entry.addEntryBlock(builder);
    tokens = body->getArgument(1);
    builder.setInsertionPointToStart(body);
    SmallVector<Value> operands;
    unsigned numBuffers = countBuffers();
    for (unsigned i = 0; i + 1 < numBuffers; ++i) {
      FailureOr<Value> buffer =
          emitBuffer(getBufferType(i), emitAddress(body->getArgument(0), i));
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    operands.push_back(
        *emitBuffer(getBufferType(numBuffers - 1), body->getArgument(2)));
    bool takesRuntime = layer.getNumArguments() > numBuffers;
    if (takesRuntime)
      llvm::append_range(operands, body->getArguments().take_back(2));
    func::CallOp::create(builder, loc, layer, operands);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    return success();
  }

private:
  unsigned countBuffers() {
    return llvm::count_if(layer.getArgumentTypes(), llvm::IsaPred<MemRefType>);
  }
  MemRefType getBufferType(unsigned i) {
    return cast<MemRefType>(layer.getArgumentTypes()[i]);
  }

  /// The i-th of a table of addresses.
  Value emitAddress(Value table, unsigned i) {
    Value at = LLVM::GEPOp::create(builder, loc, pointer, pointer, table,
                                   ArrayRef<LLVM::GEPArg>{int32_t(i)});
    return LLVM::LoadOp::create(builder, loc, pointer, at);
  }

  Value emitInteger(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  }

  /// Contiguous memory at an address, the number of tokens wherever the extent
  /// is dynamic.
  FailureOr<Value> emitBuffer(MemRefType type, Value address) {
    Type record = converter.convertType(type);
    if (!record || !type.getLayout().isIdentity())
      return layer.emitError("takes a buffer of type ")
             << type << ", expected a contiguous one";
    MemRefDescriptor buffer = MemRefDescriptor::poison(builder, loc, record);
    buffer.setAllocatedPtr(builder, loc, address);
    buffer.setAlignedPtr(builder, loc, address);
    buffer.setOffset(builder, loc, emitInteger(0));
    Value stride = emitInteger(1);
    for (int64_t d = type.getRank(); d-- > 0;) {
      Value extent =
          type.isDynamicDim(d) ? tokens : emitInteger(type.getDimSize(d));
      buffer.setSize(builder, loc, d, extent);
      buffer.setStride(builder, loc, d, stride);
      stride = LLVM::MulOp::create(builder, loc, stride, extent);
    }
    return UnrealizedConversionCastOp::create(builder, loc, type, Value(buffer))
        .getResult(0);
  }

  func::FuncOp layer;
  LLVMTypeConverter converter;
  OpBuilder builder;
  Location loc;
  Type i64, pointer;
  Value tokens;
};

struct ExportLayerPass : moe::impl::ExportLayerPassBase<ExportLayerPass> {
  using ExportLayerPassBase::ExportLayerPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto layer = module.lookupSymbol<func::FuncOp>("moe_layer");
    auto size = module.lookupSymbol<func::FuncOp>("moe_layer_workspace_size");
    if (!layer)
      return;
    if (!size) {
      layer.emitError("has no @moe_layer_workspace_size, expected one: "
                      "moe-plan-workspace makes it");
      return signalPassFailure();
    }
    if (failed(TokenBound::checkArguments(layer)))
      return signalPassFailure();
    EntryBuilder builder(layer);
    if (failed(builder.emit(symbol)))
      return signalPassFailure();
    size.setName(symbol + "_workspace_size");
    makeInternal(layer);
  }
};
} // namespace
