//===- RandomLayer.cpp - A compiled layer with random weights -------------===//

#include "RandomLayer.h"
#include "moe/Execute/Binding.h"
#include "moe/Execute/Comparison.h"
#include "moe/Import/Import.h"
#include "moe/InitAll.h"

#include <cstring>
#include <map>
#include <random>

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

namespace {
/// Gigabytes of random numbers, fast: copies of one pattern for each element
/// type, each starting where the last one ended.
class RandomNumbers {
public:
  explicit RandomNumbers(double limit) : limit(limit) {}

  std::unique_ptr<llvm::WritableMemoryBuffer> draw(DataType type,
                                                   int64_t bytes) {
    auto buffer = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
        bytes, "", llvm::Align(64));
    if (!buffer)
      llvm::report_bad_alloc_error("not enough memory for a tensor");
    auto &[pattern, position] = getPattern(type);
    for (size_t done = 0, size = buffer->getBufferSize(); done < size;) {
      size_t length = std::min(size - done, pattern.size() - position);
      std::memcpy(buffer->getBufferStart() + done, pattern.data() + position,
                  length);
      done += length;
      position = (position + length) % pattern.size();
    }
    return buffer;
  }

private:
  /// A prime, so that no two rows of a matrix are equal.
  static constexpr size_t numElements = 1000003;

  struct Pattern {
    std::vector<char> bytes;
    /// Where the next copy starts.
    size_t position = 0;
  };

  Pattern &getPattern(DataType type) {
    Pattern &pattern = patterns[type];
    if (!pattern.bytes.empty())
      return pattern;
    pattern.bytes.resize(numElements * getSize(type));
    std::mt19937 engine(1);
    std::uniform_real_distribution<double> distribution(-limit, limit);
    for (size_t i = 0; i < numElements; ++i)
      writeDouble(type, distribution(engine),
                  pattern.bytes.data() + i * getSize(type));
    return pattern;
  }

  double limit;
  std::map<DataType, Pattern> patterns;
};
} // namespace

//===----------------------------------------------------------------------===//
// The layer
//===----------------------------------------------------------------------===//

/// The layer for so many tokens.
static llvm::Expected<CompiledLayer> compileLayer(const LayerSpec &spec,
                                                  const ImportOptions &options,
                                                  int64_t tokens) {
  DialectRegistry registry;
  mlir::moe::registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = buildLayer(context, spec, options);
  if (!module)
    return module.takeError();
  auto signature = Signature::get(**module);
  if (!signature)
    return signature.takeError();
  return CompiledLayer::compile(**module, *signature, {.tokens = tokens});
}

llvm::Expected<std::unique_ptr<RandomLayer>>
RandomLayer::create(StringRef name, StringRef config, DataType dtype) {
  ImportOptions options;
  options.dtype = dtype;
  auto spec = readLayerSpec(config, name, options);
  if (!spec)
    return spec.takeError();
  auto compiled = compileLayer(*spec, options, /*tokens=*/1);
  if (!compiled)
    return compiled.takeError();
  std::unique_ptr<RandomLayer> layer(
      new RandomLayer(*spec, options, std::move(*compiled)));
  if (llvm::Error error = layer->checkMemory())
    return error;
  layer->fillWeights();
  return layer;
}

/// Bytes that can be had without swapping, as the kernel sees it.
static int64_t getAvailableMemory() {
  auto file = llvm::MemoryBuffer::getFileAsStream("/proc/meminfo");
  if (!file)
    return std::numeric_limits<int64_t>::max();
  StringRef number = (*file)->getBuffer().split("MemAvailable:").second.ltrim();
  int64_t kilobytes;
  if (number.consumeInteger(10, kilobytes))
    return std::numeric_limits<int64_t>::max();
  return kilobytes * 1024;
}

static int64_t countElements(const Parameter &parameter) {
  return TensorView{"", parameter.type, parameter.getTensorShape()}
      .getNumElements();
}

llvm::Error RandomLayer::checkMemory() const {
  int64_t needed = 0, available = getAvailableMemory();
  for (const Parameter &parameter : layer.getSignature().arguments)
    if (parameter.name != activationName)
      needed += countElements(parameter) * getSize(parameter.type) *
                (parameter.perExpert ? parameter.shape[0] : 1);
  if (needed < available / 4 * 3)
    return llvm::Error::success();
  return llvm::createStringError(llvm::formatv(
      "weights of {0:f1} GB, expected at most 3/4 of the free {1:f1} GB",
      static_cast<double>(needed) / 1e9, static_cast<double>(available) / 1e9));
}

void RandomLayer::fillWeights() {
  RandomNumbers numbers(/*limit=*/0.05);
  for (const Parameter &parameter : layer.getSignature().arguments) {
    Argument &argument = arguments.emplace_back();
    if (parameter.name == activationName)
      continue;
    for (int64_t i = 0, e = parameter.perExpert ? parameter.shape[0] : 1; i < e;
         ++i) {
      weights.push_back(numbers.draw(
          parameter.type, countElements(parameter) * getSize(parameter.type)));
      argument.push_back({parameter.name, parameter.type,
                          parameter.getTensorShape(),
                          weights.back()->getBufferStart()});
    }
  }
}

llvm::Error RandomLayer::compile() {
  auto compiled = compileLayer(spec, options, getTokens());
  if (!compiled)
    return compiled.takeError();
  layer = std::move(*compiled);
  return llvm::Error::success();
}

unsigned RandomLayer::getInputNumber() const {
  auto parameters = layer.getSignature().arguments;
  return llvm::find_if(parameters,
                       [](const Parameter &parameter) {
                         return parameter.name == activationName;
                       }) -
         parameters.begin();
}

void RandomLayer::setTokens(int64_t tokens) {
  inputShape = {tokens, spec.hidden};
  input = RandomNumbers(/*limit=*/1)
              .draw(spec.dtype, tokens * spec.hidden * getSize(spec.dtype));
  arguments[getInputNumber()] = {
      {activationName, spec.dtype, inputShape, input->getBufferStart()}};
}

//===----------------------------------------------------------------------===//
// What a run costs at least
//===----------------------------------------------------------------------===//

/// Elements of the matrices of an expert of the given width.
static int64_t countWeights(const LayerSpec &spec, int64_t width) {
  return (spec.gated ? 3 : 2) * spec.hidden * width;
}

double RandomLayer::countOperations(int64_t tokens) const {
  int64_t perToken = spec.topK * countWeights(spec, spec.inner) +
                     countWeights(spec, spec.shared ? spec.shared->width : 0) +
                     spec.experts * spec.hidden;
  return 2.0 * static_cast<double>(tokens * perToken);
}

double RandomLayer::countBytes(ArrayRef<Tensor> results) const {
  llvm::SmallDenseSet<int64_t> touched;
  for (const Tensor &result : results)
    if (TensorView view = result.getView(); view.name == idsName)
      for (int64_t i = 0, e = view.getNumElements(); i < e; ++i)
        touched.insert(view.getInteger(i));
  int64_t elements =
      static_cast<int64_t>(touched.size()) * countWeights(spec, spec.inner) +
      countWeights(spec, spec.shared ? spec.shared->width : 0);
  return static_cast<double>(elements * getSize(spec.dtype));
}
