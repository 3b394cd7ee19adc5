//===- LayerList.cpp - The layers of layers.json --------------------------===//

#include "LayerList.h"

#include "llvm/Support/JSON.h"
#include <chrono>
#include <ctime>

using namespace mlir;
using namespace mlir::moe;

llvm::Expected<std::vector<LayerSetting>>
mlir::moe::readSettings(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return llvm::createStringError(
        path + ": cannot read: " + file.getError().message());
  auto layers = llvm::json::parse((*file)->getBuffer());
  if (!layers)
    return llvm::createStringError(path + ": " +
                                   llvm::toString(layers.takeError()));
  std::vector<LayerSetting> settings;
  for (const llvm::json::Value &value : *layers->getAsArray()) {
    const llvm::json::Object &entry = *value.getAsObject();
    for (DataType dtype : {DataType::F32, DataType::BF16})
      for (int64_t tokens : {1, 8, 64, 512, 4096})
        settings.push_back({entry.getString("name")->str(),
                            llvm::formatv("{0}", *entry.get("config")), dtype,
                            tokens});
  }
  return settings;
}

llvm::Expected<RandomLayer *> CurrentLayer::get(const LayerSetting &setting) {
  std::string wanted = setting.layer + "/" + getName(setting.dtype).lower();
  if (key != wanted) {
    // Two layers at once may be too much for the memory.
    layer = nullptr;
    key.clear();
    auto created =
        RandomLayer::create(setting.layer, setting.config, setting.dtype);
    if (!created)
      return created.takeError();
    layer = std::move(*created);
    key = wanted;
  }
  layer->setTokens(setting.tokens);
  return layer.get();
}

void mlir::moe::report(benchmark::State &state, const ::moe::Machine &machine,
                       DataType dtype, double operations, double bytes,
                       function_ref<void()> run) {
  std::clock_t processorStart = std::clock();
  auto start = std::chrono::steady_clock::now();
  for (auto _ : state)
    run();
  double total =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  double processor =
      static_cast<double>(std::clock() - processorStart) / CLOCKS_PER_SEC;
  double seconds = total / static_cast<double>(state.iterations());
  double peak = dtype == DataType::BF16 ? machine.getPeakPairs()
                                        : machine.getPeakCompute();
  double ofPeak = operations / seconds / peak;
  double ofRead = bytes / seconds / machine.getPeakRead();
  state.counters["GFLOP/s"] = operations / seconds / 1e9;
  state.counters["of_peak"] = ofPeak;
  state.counters["GB/s"] = bytes / seconds / 1e9;
  state.counters["of_read"] = ofRead;
  state.counters["of_roof"] = std::max(ofPeak, ofRead);
  state.counters["cores"] = processor / total;
}

void mlir::moe::addContext(::moe::Machine &machine) {
  machine.measure();
  auto add = [](const char *name, double value, StringRef unit) {
    benchmark::AddCustomContext(
        name, llvm::formatv("{0:f1} {1}", value / 1e9, unit).str());
  };
  benchmark::AddCustomContext("threads",
                              std::to_string(machine.getNumThreads()));
  add("fma_peak", machine.getPeakCompute(), "GFLOP/s");
  add("bf16_pairs_peak", machine.getPeakPairs(), "GFLOP/s");
  add("read_bandwidth", machine.getPeakRead(), "GB/s");
}
