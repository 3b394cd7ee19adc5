//===- CompiledLayer.cpp - A layer as native code in memory ---------------===//

#include "moe/Execute/CompiledLayer.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/Execute/FirstError.h"
#include "moe/Execute/HostEngine.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/ThreadPool.h"
#include <atomic>

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// What compiled code calls
//===----------------------------------------------------------------------===//

static LayerMemory &getMemory() {
  static LayerMemory memory;
  return memory;
}

static void *allocate(int64_t size) { return getMemory().allocate(size, 1); }
static void *alignedAllocate(int64_t alignment, int64_t size) {
  return getMemory().allocate(size, alignment);
}
static void release(void *address) { getMemory().release(address); }

/// Threads take runs of iterations until none is left: long ones first, so that
/// neighbours stay on one core, and short ones in the end, so that all threads
/// end together.
static void parallelFor(void *context, int64_t count,
                        void (*task)(int64_t, int64_t, void *), void *values) {
  auto &pool = *static_cast<llvm::DefaultThreadPool *>(context);
  int64_t threads = pool.getMaxConcurrency();
  std::atomic<int64_t> next = 0;
  auto work = [&] {
    for (int64_t begin = next; begin < count;) {
      int64_t run = std::max<int64_t>(1, (count - begin) / (threads * 4));
      if (!next.compare_exchange_weak(begin, begin + run))
        continue;
      task(begin, begin + run, values);
      begin = next;
    }
  };
  for (int64_t thread = 1; thread < std::min(threads, count); ++thread)
    pool.async(work);
  work();
  pool.wait();
}

static llvm::orc::SymbolMap getSymbols(llvm::orc::MangleAndInterner intern) {
  llvm::orc::SymbolMap symbols;
  auto add = [&](StringRef name, auto *function) {
    symbols[intern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                             llvm::JITSymbolFlags::Exported |
                                 llvm::JITSymbolFlags::Callable};
  };
  add("_mlir_memref_to_llvm_alloc", allocate);
  add("_mlir_memref_to_llvm_aligned_alloc", alignedAllocate);
  add("_mlir_memref_to_llvm_free", release);
  return symbols;
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

/// The linker would tell of such a function only on standard error.
static LogicalResult checkBodies(ModuleOp module) {
  auto result = module.walk([](FunctionOpInterface function) {
    if (!function.isExternal())
      return WalkResult::advance();
    function.emitError("function @") << function.getName() << " has no body";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

llvm::Expected<CompiledLayer> CompiledLayer::compile(ModuleOp module,
                                                     Signature signature,
                                                     const Options &options) {
  module.lookupSymbol(layerFunctionName)
      ->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                UnitAttr::get(module.getContext()));
  PassManager manager(module.getContext());
  // A third of the passes' time; tests run them one by one and verify.
  manager.enableVerifier(false);
  LowerToCpuOptions lowering;
  lowering.fuse = options.fuse;
  lowering.tokens = options.tokens;
  buildLowerToCpuPipeline(manager, lowering);
  FirstError error(module.getContext());
  if (failed(checkBodies(module)) || failed(manager.run(module)))
    return error.take("the layer cannot be lowered to this machine");

  auto engine = createHostEngine(module, getSymbols);
  if (!engine)
    return error.take(llvm::toString(engine.takeError()));
  // Looking it up compiles it.
  auto function =
      (*engine)->lookupPacked(("_mlir_ciface_" + layerFunctionName).str());
  if (!function)
    return function.takeError();
  return CompiledLayer(std::move(signature), std::move(*engine), *function);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// The form in which compiled code takes and gives a buffer: two addresses, an
/// offset, sizes and strides, each of eight bytes.
static SmallVector<int64_t> describeBuffer(const void *data,
                                           ArrayRef<int64_t> shape) {
  auto address = static_cast<int64_t>(reinterpret_cast<intptr_t>(data));
  SmallVector<int64_t> words = {address, address, 0};
  words.append(shape.begin(), shape.end());
  int64_t stride = 1;
  SmallVector<int64_t> strides(shape.size());
  for (size_t d = shape.size(); d-- > 0; stride *= shape[d])
    strides[d] = stride;
  words.append(strides);
  return words;
}

static size_t countWords(const Parameter &parameter) {
  return 3 + 2 * parameter.shape.size();
}

/// The tensor in the buffer that `words` describe; its elements are contiguous.
static Tensor takeResult(const Parameter &parameter, ArrayRef<int64_t> words) {
  ArrayRef<int64_t> shape = words.slice(3, parameter.shape.size());
  auto *data = reinterpret_cast<const char *>(words[1]) +
               words[2] * static_cast<int64_t>(getSize(parameter.type));
  return Tensor(TensorView{parameter.name, parameter.type, shape, data});
}

std::vector<Tensor> CompiledLayer::run(ArrayRef<Argument> arguments,
                                       bool poison) {
  std::vector<SmallVector<int64_t>> tables, buffers;
  tables.reserve(arguments.size());
  for (auto [parameter, tensors] :
       llvm::zip_equal(signature.arguments, arguments)) {
    if (!parameter.perExpert) {
      buffers.push_back(describeBuffer(tensors[0].data, tensors[0].shape));
      continue;
    }
    SmallVector<int64_t> &table = tables.emplace_back();
    for (const TensorView &tensor : tensors)
      table.push_back(
          static_cast<int64_t>(reinterpret_cast<intptr_t>(tensor.data)));
    buffers.push_back(
        describeBuffer(table.data(), static_cast<int64_t>(table.size())));
  }

  size_t resultWords = 0;
  for (const Parameter &result : signature.results)
    resultWords += countWords(result);
  SmallVector<int64_t> resultBuffers(resultWords);
  SmallVector<void *> pointers;
  if (resultWords)
    pointers.push_back(resultBuffers.data());
  for (SmallVector<int64_t> &buffer : buffers)
    pointers.push_back(buffer.data());
  static llvm::DefaultThreadPool pool;
  pointers.push_back(reinterpret_cast<void *>(parallelFor));
  pointers.push_back(&pool);
  SmallVector<void *> packed;
  for (void *&pointer : pointers)
    packed.push_back(&pointer);

  getMemory().poison = poison;
  function(packed.data());
  std::vector<Tensor> results;
  ArrayRef<int64_t> words = resultBuffers;
  for (const Parameter &result : signature.results) {
    results.push_back(takeResult(result, words));
    words = words.drop_front(countWords(result));
  }
  getMemory().releaseAll();
  return results;
}
