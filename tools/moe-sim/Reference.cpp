//===- Reference.cpp - Buffers and what should be in them -----------------===//

#include "Reference.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/Execute/FirstError.h"
#include "moe/Execute/HostEngine.h"

#include "mlir/Pass/PassManager.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;
using namespace mlir::moe;

static size_t getElementBytes(Type type) {
  return (type.getIntOrFloatBitWidth() + 7) / 8;
}

static void setElement(char *data, Type type, double value) {
  APInt bits;
  if (auto floatType = dyn_cast<FloatType>(type)) {
    APFloat converted(value);
    bool lossy;
    converted.convert(floatType.getFloatSemantics(),
                      APFloat::rmNearestTiesToEven, &lossy);
    bits = converted.bitcastToAPInt();
  } else {
    bits = APInt(type.getIntOrFloatBitWidth(), static_cast<uint64_t>(value),
                 /*isSigned=*/false, /*implicitTrunc=*/true);
  }
  uint64_t word = bits.getZExtValue();
  std::memcpy(data, &word, getElementBytes(type));
}

static double getElement(const char *data, Type type) {
  uint64_t word = 0;
  std::memcpy(&word, data, getElementBytes(type));
  APInt bits(type.getIntOrFloatBitWidth(), word, /*isSigned=*/false,
             /*implicitTrunc=*/true);
  if (auto floatType = dyn_cast<FloatType>(type)) {
    APFloat value(floatType.getFloatSemantics(), bits);
    bool lossy;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
    return value.convertToDouble();
  }
  return static_cast<double>(bits.getSExtValue());
}

static HostBuffer allocate(MemRefType type) {
  HostBuffer buffer;
  buffer.type = type;
  buffer.size = static_cast<size_t>(type.getNumElements()) *
                getElementBytes(type.getElementType());
  buffer.data = static_cast<char *>(
      std::aligned_alloc(256, (buffer.size + 255) / 256 * 256));
  std::memset(buffer.data, 0xff, buffer.size);
  buffer.owner.reset(buffer.data);
  return buffer;
}

llvm::Expected<std::vector<HostBuffer>>
mlir::moe::makeBuffers(func::FuncOp function) {
  std::vector<HostBuffer> buffers;
  std::mt19937 generator(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !memref.hasStaticShape() || !memref.getLayout().isIdentity())
      return llvm::createStringError(
          "@reference takes something else than memrefs of static shape");
    HostBuffer &buffer = buffers.emplace_back(allocate(memref));
    auto number = static_cast<unsigned>(i);
    Attribute attribute = function.getArgAttr(number, "sim.init");
    buffer.written = attribute != nullptr;
    buffer.result = !attribute || function.getArgAttr(number, "sim.result");
    if (!attribute)
      continue;
    Type element = memref.getElementType();
    if (auto values = dyn_cast<DenseIntElementsAttr>(attribute)) {
      if (values.getNumElements() != memref.getNumElements() ||
          values.getElementType() != element)
        return llvm::createStringError("'sim.init' of argument " +
                                       Twine(number) + " is not of its type");
      for (auto [at, value] : llvm::enumerate(values.getValues<APInt>()))
        setElement(buffer.data + at * getElementBytes(element), element,
                   static_cast<double>(value.getSExtValue()));
      continue;
    }
    auto init = dyn_cast<StringAttr>(attribute);
    for (int64_t at = 0; at < memref.getNumElements(); ++at)
      setElement(buffer.data +
                     static_cast<size_t>(at) * getElementBytes(element),
                 element,
                 init == "random"  ? uniform(generator)
                 : init == "index" ? static_cast<double>(at)
                                   : 0.0);
  }
  return std::move(buffers);
}

std::vector<HostBuffer> mlir::moe::copyBuffers(ArrayRef<HostBuffer> buffers) {
  std::vector<HostBuffer> copies;
  for (const HostBuffer &buffer : buffers) {
    HostBuffer &copy = copies.emplace_back(allocate(buffer.type));
    copy.written = buffer.written;
    copy.result = buffer.result;
    std::memcpy(copy.data, buffer.data, buffer.size);
  }
  return copies;
}

/// For pieces of a memory: sizes, strides and where it lies.
static SmallVector<int64_t> describe(const HostBuffer &buffer) {
  auto address = static_cast<int64_t>(reinterpret_cast<intptr_t>(buffer.data));
  SmallVector<int64_t> words = {address, address, 0};
  llvm::append_range(words, buffer.type.getShape());
  llvm::append_range(words, buffer.type.getStridesAndOffset().first);
  return words;
}

/// As moe-outline-parallel calls it.
static void parallelFor(void *, int64_t count,
                        void (*task)(int64_t, int64_t, void *), void *values) {
  task(0, count, values);
}

llvm::Error mlir::moe::runReference(ModuleOp module,
                                    ArrayRef<HostBuffer> buffers) {
  MLIRContext *context = module.getContext();
  module.lookupSymbol("reference")
      ->setAttr("llvm.emit_c_interface", UnitAttr::get(context));
  FirstError error(context);
  PassManager manager(context);
  buildLowerToCpuPipeline(manager, {});
  if (failed(manager.run(module)))
    return error.take("@reference cannot be lowered");
  auto engine =
      createHostEngine(module, [](llvm::orc::MangleAndInterner intern) {
        llvm::orc::SymbolMap symbols;
        auto add = [&](StringRef name, auto *function) {
          symbols[intern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                   llvm::JITSymbolFlags::Exported |
                                       llvm::JITSymbolFlags::Callable};
        };
        add("_mlir_memref_to_llvm_alloc", std::malloc);
        add("_mlir_memref_to_llvm_free", std::free);
        return symbols;
      });
  if (!engine)
    return error.take(llvm::toString(engine.takeError()));
  SmallVector<SmallVector<int64_t>> descriptors;
  for (const HostBuffer &buffer : buffers)
    descriptors.push_back(describe(buffer));
  SmallVector<void *> pointers, packed;
  for (SmallVector<int64_t> &words : descriptors)
    pointers.push_back(words.data());
  for (void *&pointer : pointers)
    packed.push_back(&pointer);
  // Functions with parallel loops take two arguments more.
  void *run = reinterpret_cast<void *>(parallelFor), *none = nullptr;
  packed.append({&run, &none});
  return (*engine)->invokePacked("_mlir_ciface_reference", packed);
}

double mlir::moe::getError(const HostBuffer &found,
                           const HostBuffer &expected) {
  double difference = 0, norm = 0;
  Type type = found.type.getElementType();
  for (size_t at = 0; at < found.size; at += getElementBytes(type)) {
    double value = getElement(expected.data + at, type);
    difference += std::pow(getElement(found.data + at, type) - value, 2);
    norm += value * value;
  }
  return std::sqrt(difference / std::max(norm, 1e-300));
}
