//===- OutlineParallel.cpp - moe-outline-parallel -------------------------===//

#include "moe/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::moe {
#define GEN_PASS_DEF_OUTLINEPARALLELPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// The iterations from `begin` to `end`, one after the other.
static void emitSequential(OpBuilder &builder, scf::ParallelOp loop,
                           Value begin, Value end, IRMapping &mapping) {
  Location loc = loop.getLoc();
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto sequential = scf::ForOp::create(builder, loc, begin, end, one);
  builder.setInsertionPoint(sequential.getBody()->getTerminator());
  mapping.map(loop.getInductionVars()[0], sequential.getInductionVar());
  for (Operation &op : loop.getBody()->without_terminator())
    builder.clone(op, mapping);
}

namespace {
/// Moves one loop into a function `void(i64 begin, i64 end, ptr values)`.
class Outliner {
public:
  Outliner(ModuleOp module, const LLVMTypeConverter &converter)
      : module(module), converter(converter), builder(module.getContext()),
        i64(builder.getI64Type()),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())),
        taskType(LLVM::LLVMFunctionType::get(
            LLVM::LLVMVoidType::get(builder.getContext()),
            {i64, i64, pointer})),
        parallelForType(LLVM::LLVMFunctionType::get(
            LLVM::LLVMVoidType::get(builder.getContext()),
            {pointer, i64, pointer, pointer})) {}

  /// Appends the parallel-for and its context to the arguments of a function.
  void addArguments(func::FuncOp func) {
    for (int i = 0; i < 2; ++i) {
      LogicalResult added = func.insertArgument(func.getNumArguments(), pointer,
                                                {}, func.getLoc());
      assert(succeeded(added) && "a pointer can be an argument");
      (void)added;
    }
  }

  /// Hands those of the caller to a function that has them too.
  void addOperands(func::CallOp call) {
    auto caller = call->getParentOfType<func::FuncOp>();
    call.getOperandsMutable().append(caller.getArguments().take_back(2));
  }

  LogicalResult outline(scf::ParallelOp loop) {
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(loop.getRegion(), captured);
    // Constants are copied instead of passed, so that their users can still
    // fold.
    SmallVector<Value> values;
    SmallVector<Operation *> constants;
    for (Value value : captured) {
      Operation *definition = value.getDefiningOp();
      if (definition && definition->hasTrait<OpTrait::ConstantLike>())
        constants.push_back(definition);
      else
        values.push_back(value);
    }
    SmallVector<Type> types;
    for (Value value : values) {
      Type type = converter.convertType(value.getType());
      if (!type)
        return loop.emitError("uses a value of type ")
               << value.getType() << " that the runtime cannot be given";
      types.push_back(type);
    }
    auto record = LLVM::LLVMStructType::getLiteral(module.getContext(), types);
    LLVM::LLVMFuncOp task = emitTask(loop, values, constants, record);
    emitCall(loop, values, record, task);
    loop.erase();
    return success();
  }

private:
  LLVM::LLVMFuncOp emitTask(scf::ParallelOp loop, ArrayRef<Value> values,
                            ArrayRef<Operation *> constants, Type record) {
    auto parent = loop->getParentOfType<FunctionOpInterface>();
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(parent);
    Location loc = loop.getLoc();
    std::string name = (parent.getName() + "_task_" + Twine(numTasks++)).str();
    auto task = LLVM::LLVMFuncOp::create(builder, loc, name, taskType,
                                         LLVM::Linkage::Internal);
    builder.setInsertionPointToStart(task.addEntryBlock(builder));
    IRMapping mapping;
    for (Operation *constant : constants)
      builder.clone(*constant, mapping);
    Value loaded =
        LLVM::LoadOp::create(builder, loc, record, task.getArgument(2));
    for (auto [index, value] : llvm::enumerate(values)) {
      Value field = LLVM::ExtractValueOp::create(builder, loc, loaded,
                                                 static_cast<int64_t>(index));
      mapping.map(value, castTo(value.getType(), field));
    }
    auto toIndex = [&](Value value) -> Value {
      return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                        value);
    };
    Value begin = toIndex(task.getArgument(0)),
          end = toIndex(task.getArgument(1));
    auto atEnd = LLVM::ReturnOp::create(builder, loc, ValueRange());
    builder.setInsertionPoint(atEnd);
    emitSequential(builder, loop, begin, end, mapping);
    hoistStackMemory(task);
    return task;
  }

  /// A thread reuses the memory on its stack for all its iterations.
  static void hoistStackMemory(LLVM::LLVMFuncOp task) {
    Operation *first = &task.getBody().front().front();
    task.walk([&](memref::AllocaOp memory) {
      if (memory.getType().hasStaticShape())
        memory->moveBefore(first);
    });
  }

  void emitCall(scf::ParallelOp loop, ArrayRef<Value> values, Type record,
                LLVM::LLVMFuncOp task) {
    builder.setInsertionPoint(loop);
    Location loc = loop.getLoc();
    Value filled = LLVM::PoisonOp::create(builder, loc, record);
    for (auto [index, value] : llvm::enumerate(values))
      filled = LLVM::InsertValueOp::create(
          builder, loc, filled,
          castTo(converter.convertType(value.getType()), value),
          static_cast<int64_t>(index));
    Value address = emitStackSlot(loop, record);
    LLVM::StoreOp::create(builder, loc, filled, address);
    Value count =
        arith::IndexCastOp::create(builder, loc, i64, loop.getUpperBound()[0]);
    Value function =
        LLVM::AddressOfOp::create(builder, loc, pointer, task.getSymNameAttr());
    ValueRange runtime =
        loop->getParentOfType<func::FuncOp>().getArguments().take_back(2);
    LLVM::CallOp::create(
        builder, loc, parallelForType,
        ValueRange{runtime[0], runtime[1], count, function, address});
  }

  /// In the entry block: a slot made inside a loop would be made again each
  /// time.
  Value emitStackSlot(scf::ParallelOp loop, Type record) {
    auto parent = loop->getParentOfType<FunctionOpInterface>();
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&parent.getFunctionBody().front());
    Value one = LLVM::ConstantOp::create(builder, loop.getLoc(), i64,
                                         builder.getI64IntegerAttr(1));
    return LLVM::AllocaOp::create(builder, loop.getLoc(), pointer, record, one);
  }

  Value castTo(Type type, Value value) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(builder, value.getLoc(), type,
                                              value)
        .getResult(0);
  }

  ModuleOp module;
  const LLVMTypeConverter &converter;
  OpBuilder builder;
  Type i64, pointer;
  LLVM::LLVMFunctionType taskType, parallelForType;
  int64_t numTasks = 0;
};

struct OutlineParallelPass
    : moe::impl::OutlineParallelPassBase<OutlineParallelPass> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    Outliner outliner(getOperation(), converter);
    SmallVector<scf::ParallelOp> outermost;
    SetVector<func::FuncOp> users;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      auto func = loop->getParentOfType<func::FuncOp>();
      if (func && isOneDimensional(loop)) {
        outermost.push_back(loop);
        users.insert(func);
        return WalkResult::skip();
      }
      return WalkResult::advance();
    });
    SmallVector<func::CallOp> calls = findCalls(users);
    for (func::FuncOp func : users)
      outliner.addArguments(func);
    for (func::CallOp call : calls)
      outliner.addOperands(call);
    for (scf::ParallelOp loop : outermost)
      if (failed(outliner.outline(loop)))
        return signalPassFailure();
  }

  /// The calls of `users`; their callers become users too.
  SmallVector<func::CallOp> findCalls(SetVector<func::FuncOp> &users) {
    SmallVector<func::CallOp> calls;
    SymbolTableCollection symbols;
    SymbolUserMap callers(symbols, getOperation());
    for (size_t i = 0; i < users.size(); ++i)
      for (Operation *user : callers.getUsers(users[i]))
        if (auto call = dyn_cast<func::CallOp>(user)) {
          calls.push_back(call);
          users.insert(call->getParentOfType<func::FuncOp>());
        }
    return calls;
  }

  /// From 0 by steps of 1 and without reductions: what the lowerings here emit.
  static bool isOneDimensional(scf::ParallelOp loop) {
    return loop.getNumLoops() == 1 && loop.getInitVals().empty() &&
           isConstantIntValue(loop.getLowerBound()[0], 0) &&
           isConstantIntValue(loop.getStep()[0], 1);
  }
};
} // namespace
