//===- TileToNVVM.cpp - convert-tile-to-nvvm ------------------------------===//

#include "../DeviceModule.h"
#include "GemmKernel.h"
#include "TensorMaps.h"
#include "moe/Conversion/Passes.h"
#include "moe/Target/Target.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::moe {
#define GEN_PASS_DEF_CONVERTTILETONVVMPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// The dynamic shared memory of all kernels of a module.
static constexpr StringLiteral sharedMemoryName = "shared_memory";

/// Registers of a thread of two warpgroups that consume and one that produces:
/// together they are those of a multiprocessor.
struct RegisterShares {
  uint32_t consumer, producer;
};
static RegisterShares getRegisterShares(const GemmKernel &kernel) {
  // One that gathers has an address for each of its rows.
  return kernel.gathersRows() ? RegisterShares{224, 56}
                              : RegisterShares{232, 40};
}

namespace {
/// Writes a kernel and its launch.
class Converter {
public:
  Converter(const GemmKernel &kernel, gpu::GPUModuleOp module,
            SymbolTable &symbols, int64_t blocks)
      : kernel(kernel), op(kernel.op), module(module), symbols(symbols),
        blocks(blocks), loc(op->getLoc()), builder(op),
        host(builder, loc, builder.getF32Type()) {}

  void convert() {
    // Operands of the launch, in the order of the arguments.
    SmallVector<Value> operands;
    for (const WeightTile &tile : kernel.tiles)
      operands.push_back(makeWeightMap(tile, kernel, host));
    if (!kernel.gathersRows())
      operands.push_back(makeRowMap(kernel, host));
    size_t numMaps = operands.size();
    tile::ForEachOp loop = op;
    if (!loop.getOffsets())
      operands.push_back(host.narrow(host.term(arith::IndexCastOp::create(
          builder, loc, builder.getI64Type(), loop.getRows()))));
    SmallVector<Value> buffers = collectBuffers();
    for (Value buffer : buffers)
      operands.push_back(getGlobalPointer(builder, loc, buffer));
    LLVM::LLVMFuncOp function = makeFunction(operands, numMaps);
    emitKernel(function, numMaps, buffers);
    launch(function, operands);
    op.erase();
  }

private:
  /// Everything that is read or written other than through a map.
  SmallVector<Value> collectBuffers() {
    SetVector<Value> buffers;
    if (kernel.offsets)
      buffers.insert(kernel.offsets);
    if (kernel.gathersRows()) {
      buffers.insert(kernel.x);
      buffers.insert(kernel.sources);
    }
    for (Operation &nested : op.getBody().front()) {
      if (auto load = dyn_cast<tile::LoadColumnsOp>(nested))
        buffers.insert(load.getValues());
      else if (auto load = dyn_cast<tile::LoadRowsOp>(nested))
        buffers.insert(load.getValues());
    }
    if (kernel.targets)
      buffers.insert(kernel.targets);
    buffers.insert(kernel.out);
    return buffers.takeVector();
  }

  /// Not a gpu.func, whose arguments cannot be constants of the grid.
  LLVM::LLVMFuncOp makeFunction(ArrayRef<Value> operands, size_t numMaps) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(module.getBody());
    std::string name =
        (op->getParentOfType<func::FuncOp>().getName() + "_gemm").str();
    auto function = LLVM::LLVMFuncOp::create(
        builder, loc, name,
        LLVM::LLVMFunctionType::get(
            LLVM::LLVMVoidType::get(builder.getContext()),
            llvm::to_vector(ValueRange(operands).getTypes())));
    for (StringRef kernelName : {gpu::GPUDialect::getKernelFuncAttrName(),
                                 NVVM::NVVMDialect::getKernelFuncAttrName()})
      function->setAttr(kernelName, builder.getUnitAttr());
    function->setAttr(
        NVVM::NVVMDialect::getReqntidAttrName(),
        builder.getDenseI32ArrayAttr(
            {static_cast<int32_t>(kernel.schedule.getThreads()), 1, 1}));
    function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                      builder.getI32IntegerAttr(1));
    if (kernel.schedule.cluster > 1)
      function->setAttr(
          NVVM::NVVMDialect::getClusterDimAttrName(),
          builder.getDenseI32ArrayAttr(
              {static_cast<int32_t>(kernel.schedule.cluster), 1, 1}));
    for (unsigned i = 0; i < numMaps; ++i) {
      function.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(),
                          TypeAttr::get(LLVM::LLVMArrayType::get(
                              builder.getI8Type(), tensorMapBytes)));
      function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                          builder.getI64IntegerAttr(tensorMapAlignment));
      function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                          builder.getUnitAttr());
    }
    symbols.insert(function);
    return function;
  }

  Value getSharedMemory(DeviceCode &code) {
    if (!module.lookupSymbol(sharedMemoryName)) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      LLVM::GlobalOp::create(
          builder, loc, LLVM::LLVMArrayType::get(builder.getI8Type(), 0),
          /*isConstant=*/false, LLVM::Linkage::External, sharedMemoryName,
          Attribute(), /*alignment=*/1024, /*addrSpace=*/3);
    }
    return LLVM::AddressOfOp::create(
        code.builder, loc, LLVM::LLVMPointerType::get(builder.getContext(), 3),
        sharedMemoryName);
  }

  void emitKernel(LLVM::LLVMFuncOp function, size_t numMaps,
                  ArrayRef<Value> buffers) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(function.addEntryBlock(builder));
    startNext(builder, loc);
    DeviceCode code(builder, loc, builder.getF32Type());
    KernelArguments arguments;
    auto given = function.getArguments();
    size_t numWeights = kernel.tiles.size();
    arguments.weightMaps.assign(given.begin(), given.begin() + numWeights);
    if (!kernel.gathersRows())
      arguments.rowMap = given[numWeights];
    given = given.drop_front(numMaps);
    if (kernel.rowCount) {
      arguments.rowCount = given.front();
      given = given.drop_front();
    }
    for (auto [buffer, pointer] : llvm::zip_equal(buffers, given))
      arguments.pointers[buffer] = pointer;

    SharedMemory memory(getSharedMemory(code), kernel, code);
    TileQueue queue(kernel, arguments, memory, code);
    Term thread = code.threadIndex();
    code.ifThen(thread == 0, [&] { initBarriers(memory, code); });
    if (kernel.schedule.cluster > 1)
      code.syncCluster();
    waitForOthers(builder, loc);
    code.ifThen(thread < 32, [&] { queue.emitCount(thread); });
    code.syncBlock();
    KernelContext context{kernel, arguments, memory, queue, code};
    // The producer comes last, so that warpgroups count from the consumers.
    Term consumers = code.i32(128 * kernel.schedule.consumers);
    code.ifElse(
        thread < consumers,
        [&] {
          limitRegisters(getRegisterShares(kernel).consumer,
                         NVVM::SetMaxRegisterAction::increase);
          emitConsumer(context, thread);
        },
        [&] {
          limitRegisters(getRegisterShares(kernel).producer,
                         NVVM::SetMaxRegisterAction::decrease);
          emitProducer(context, thread - consumers);
        });
    // The memory of a block is there until the others copy and arrive no more.
    if (kernel.schedule.cluster > 1)
      code.syncCluster();
    LLVM::ReturnOp::create(builder, loc, Value());
  }

  void initBarriers(const SharedMemory &memory, DeviceCode &code) {
    for (int64_t stage = 0; stage < kernel.schedule.stages; ++stage) {
      code.initBarrier(memory.full(code.i32(stage)), getFullArrivals(kernel));
      // One arrival of each warp that multiplies it, in all blocks.
      code.initBarrier(memory.empty(code.i32(stage)),
                       4 * kernel.schedule.consumersPerTile *
                           kernel.schedule.cluster);
    }
    NVVM::FenceMbarrierInitOp::create(builder, loc);
  }

  /// One consumer leaves each thread as many registers as it can address.
  void limitRegisters(uint32_t registers, NVVM::SetMaxRegisterAction action) {
    if (kernel.schedule.consumers > 1)
      NVVM::SetMaxRegisterOp::create(builder, loc, registers, action);
  }

  /// As many blocks as the device has room for, or as there can be tiles.
  Value countBlocks() {
    Term total =
        kernel.rowCount
            ? host.term(kernel.rowCount)
            : host.dim(kernel.gathersRows() ? kernel.sources : kernel.x, 0);
    // Each expert may have a tile that is not full.
    int64_t cluster = kernel.schedule.cluster;
    Term tiles =
        (total / static_cast<double>(kernel.schedule.getClusterRows()) +
         static_cast<double>(kernel.experts)) *
        static_cast<double>(kernel.getColumnBlocks());
    return host.min(tiles, host.index(std::max<int64_t>(blocks / cluster, 1))) *
           static_cast<double>(cluster);
  }

  void launch(LLVM::LLVMFuncOp function, ArrayRef<Value> operands) {
    Value one = host.index(1);
    gpu::LaunchFuncOp::create(
        builder, loc,
        SymbolRefAttr::get(module.getNameAttr(),
                           {SymbolRefAttr::get(function)}),
        gpu::KernelDim3{countBlocks(), one, one},
        gpu::KernelDim3{host.index(kernel.schedule.getThreads()), one, one},
        /*dynamicSharedMemorySize=*/
        arith::ConstantOp::create(
            builder, loc, builder.getI32IntegerAttr(kernel.layout.bytes)),
        operands);
  }

  const GemmKernel &kernel;
  tile::ForEachOp op;
  gpu::GPUModuleOp module;
  SymbolTable &symbols;
  int64_t blocks;
  Location loc;
  OpBuilder builder;
  DeviceCode host;
};

struct ConvertTileToNVVMPass
    : moe::impl::ConvertTileToNVVMPassBase<ConvertTileToNVVMPass> {
  using ConvertTileToNVVMPassBase::ConvertTileToNVVMPassBase;

  void runOnOperation() override {
    std::vector<GemmKernel> kernels;
    WalkResult result = getOperation().walk([&](tile::ForEachOp op) {
      if (!isa<WarpgroupScheduleAttr>(op.getSchedule()))
        return WalkResult::advance();
      FailureOr<GemmKernel> kernel = GemmKernel::get(op);
      if (failed(kernel))
        return WalkResult::interrupt();
      kernels.push_back(*kernel);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    if (kernels.empty())
      return;
    gpu::GPUModuleOp module = getDeviceModule(getOperation());
    SymbolTable symbols(module);
    declareTensorMaps(getOperation());
    for (const GemmKernel &kernel : kernels)
      Converter(kernel, module, symbols, blocks).convert();
  }
};
} // namespace
