//===- Calls.cpp - Calls of the simulator's runtime -----------------------===//

#include "Calls.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::moe;

/// "nvvm.barrier at kernel.mlir:12".
static std::string describe(Operation *op) {
  std::string result = op->getName().getStringRef().str();
  FileLineColLoc place;
  op->getLoc()->walk([&](Location loc) {
    place = dyn_cast<FileLineColLoc>(loc);
    return place ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (place)
    result += (" at " + llvm::sys::path::filename(place.getFilename()) + ":" +
               Twine(place.getLine()))
                  .str();
  return result;
}

void Calls::startAt(Operation *op) {
  builder.setInsertionPoint(op);
  loc = op->getLoc();
  locations.push_back(describe(op));
}

ArrayAttr Calls::getLocations() {
  SmallVector<StringRef> texts(locations.begin(), locations.end());
  return builder.getStrArrayAttr(texts);
}

Value Calls::call(StringRef name, Type result, ValueRange values) {
  SmallVector<Value> arguments(values);
  arguments.push_back(i32(static_cast<int64_t>(locations.size()) - 1));
  LLVM::LLVMFuncOp &function = functions[name];
  if (!function) {
    OpBuilder atEnd(module.getBodyRegion());
    atEnd.setInsertionPointToEnd(module.getBody());
    function = LLVM::LLVMFuncOp::create(
        atEnd, module.getLoc(), ("moe_sim_" + name).str(),
        LLVM::LLVMFunctionType::get(
            result, llvm::to_vector(ValueRange(arguments).getTypes())));
  }
  auto call = LLVM::CallOp::create(builder, loc, function, arguments);
  return call.getNumResults() ? call.getResult() : Value();
}

Value Calls::i32(int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, i32Type(), value);
}

Value Calls::i64(int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, i64Type(), value);
}

Value Calls::toI32(Value value) {
  Type type = value.getType();
  if (type == i32Type())
    return value;
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() < 32
               ? LLVM::ZExtOp::create(builder, loc, i32Type(), value)
                     .getResult()
               : LLVM::TruncOp::create(builder, loc, i32Type(), value)
                     .getResult();
  return LLVM::BitcastOp::create(builder, loc, i32Type(), value);
}

Value Calls::toI64(Value value) {
  Type type = value.getType();
  if (type == i64Type())
    return value;
  if (isa<LLVM::LLVMPointerType>(type))
    return LLVM::PtrToIntOp::create(builder, loc, i64Type(), value);
  return LLVM::ZExtOp::create(builder, loc, i64Type(), value);
}

Value Calls::fromBits(Value bits, Type type) {
  if (bits.getType() == type)
    return bits;
  if (isa<LLVM::LLVMPointerType>(type))
    return LLVM::IntToPtrOp::create(builder, loc, type, bits);
  if (isa<IntegerType>(type))
    return LLVM::TruncOp::create(builder, loc, type, bits);
  return LLVM::BitcastOp::create(builder, loc, type, bits);
}

Value Calls::space(Value pointer) {
  return i32(cast<LLVM::LLVMPointerType>(pointer.getType()).getAddressSpace());
}

Value Calls::allocate(int64_t count) {
  // At the function's start, so that loops do not grow the stack.
  OpBuilder::InsertionGuard guard(builder);
  auto function = builder.getInsertionBlock()
                      ->getParentOp()
                      ->getParentOfType<LLVM::LLVMFuncOp>();
  if (!function)
    function =
        cast<LLVM::LLVMFuncOp>(builder.getInsertionBlock()->getParentOp());
  builder.setInsertionPointToStart(&function.getBody().front());
  return LLVM::AllocaOp::create(builder, loc, pointerType(), i32Type(),
                                i64(count), /*alignment=*/16);
}

Value Calls::element(Value memory, int64_t index) {
  return LLVM::GEPOp::create(builder, loc, pointerType(), i32Type(), memory,
                             ArrayRef<LLVM::GEPArg>{int32_t(index)});
}

void Calls::store(Value memory, ValueRange values) {
  for (auto [i, value] : llvm::enumerate(values))
    LLVM::StoreOp::create(builder, loc, toI32(value),
                          element(memory, static_cast<int64_t>(i)));
}

void Calls::guard(Operation *op, Value predicate) {
  if (!predicate)
    return;
  Block *before = op->getBlock();
  Block *body = before->splitBlock(op);
  Block *after = body->splitBlock(op->getNextNode());
  builder.setInsertionPointToEnd(before);
  LLVM::CondBrOp::create(builder, loc, predicate, body, after);
  builder.setInsertionPointToEnd(body);
  LLVM::BrOp::create(builder, loc, after);
  builder.setInsertionPoint(op);
}
