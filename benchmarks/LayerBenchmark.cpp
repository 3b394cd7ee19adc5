//===- LayerBenchmark.cpp - Whole layers against the machine's peaks ------===//
//
// Runs the layers of layers.json, LAYER/TYPE/tokens:N, on all cores. Beside the
// time each line gives
//   GFLOP/s  operations of the matrix products per second, of_fma as a part of
//   what the
//            machine can compute: what counts for many tokens;
//   GB/s     weights of the experts that were chosen, per second, of_read as a
//   part of what
//            the machine can read: what counts for few tokens;
//   cores    processor time per time, less than `threads` if other programs
//   ran.
// Both peaks are measured in the same process, before each line; the best so
// far counts.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "RandomLayer.h"

#include "benchmark/benchmark.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/WithColor.h"
#include <chrono>

using namespace mlir::moe;

namespace {
struct Setting {
  std::string layer, config;
  DataType dtype;
  int64_t tokens;
};

/// What one benchmark leaves for the next ones.
class Session {
public:
  /// Makes the layer of `setting` ready to run.
  llvm::Error prepare(const Setting &setting);

  void run(benchmark::State &state, const Setting &setting);

  ::moe::Machine machine;

private:
  std::unique_ptr<RandomLayer> layer;
  std::string layerKey;
  int64_t tokens = 0;
  /// Of the last benchmark of this layer, or 0.
  double secondsPerToken = 0;
};
} // namespace

llvm::Error Session::prepare(const Setting &setting) {
  std::string key = setting.layer + "/" + getName(setting.dtype).lower();
  if (key != layerKey) {
    // Two layers at once may be too much for the memory.
    layer = nullptr;
    layerKey.clear();
    auto created =
        RandomLayer::create(setting.layer, setting.config, setting.dtype);
    if (!created)
      return created.takeError();
    layer = std::move(*created);
    layerKey = key;
    secondsPerToken = 0;
    tokens = 0;
  }
  // The more tokens share the weights of an expert, the less one takes, so that
  // most runs that this lets pass end within 20 s.
  constexpr double limit = 60;
  double expected = secondsPerToken * static_cast<double>(setting.tokens);
  if (tokens != setting.tokens && expected > limit)
    return llvm::createStringError(
        llvm::formatv("at the speed of {0} tokens a run takes {1:f0} s, the "
                      "limit is {2:f0} s",
                      tokens, expected, limit));
  if (tokens != setting.tokens) {
    if (llvm::Error error = layer->setTokens(setting.tokens))
      return error;
    // The first run of a size makes the system clear the pages of its memory.
    layer->run();
    machine.measure();
  }
  tokens = setting.tokens;
  return llvm::Error::success();
}

void Session::run(benchmark::State &state, const Setting &setting) {
  if (llvm::Error error = prepare(setting)) {
    state.SkipWithError(llvm::toString(std::move(error)).c_str());
    return;
  }
  std::vector<Tensor> results;
  std::clock_t processorStart = std::clock();
  auto start = std::chrono::steady_clock::now();
  for (auto _ : state)
    results = layer->run();
  double total =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  double processor =
      static_cast<double>(std::clock() - processorStart) / CLOCKS_PER_SEC;
  double seconds = total / static_cast<double>(state.iterations());
  secondsPerToken = seconds / static_cast<double>(tokens);

  double computed = layer->countOperations(tokens) / seconds;
  double read = layer->countBytes(results) / seconds;
  state.counters["GFLOP/s"] = computed / 1e9;
  state.counters["of_fma"] = computed / machine.getPeakCompute();
  state.counters["GB/s"] = read / 1e9;
  state.counters["of_read"] = read / machine.getPeakRead();
  state.counters["cores"] = processor / total;
}

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

static llvm::Expected<std::vector<Setting>> readSettings(llvm::StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return llvm::createStringError(
        path + ": cannot read: " + file.getError().message());
  auto layers = llvm::json::parse((*file)->getBuffer());
  if (!layers)
    return llvm::createStringError(path + ": " +
                                   llvm::toString(layers.takeError()));
  std::vector<Setting> settings;
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

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  auto settings = readSettings(MOE_BENCHMARK_LAYERS);
  if (!settings) {
    llvm::WithColor::error() << llvm::toString(settings.takeError()) << '\n';
    return 1;
  }
  Session session;
  for (const Setting &setting : *settings)
    benchmark::RegisterBenchmark(
        llvm::formatv("{0}/{1}/tokens:{2}", setting.layer,
                      getName(setting.dtype).lower(), setting.tokens)
            .str()
            .c_str(),
        [&](benchmark::State &state) { session.run(state, setting); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);

  session.machine.measure();
  auto format = [](double value, llvm::StringRef unit) {
    return llvm::formatv("{0:f1} {1}", value / 1e9, unit).str();
  };
  benchmark::AddCustomContext("threads",
                              std::to_string(session.machine.getNumThreads()));
  benchmark::AddCustomContext(
      "fma_peak", format(session.machine.getPeakCompute(), "GFLOP/s"));
  benchmark::AddCustomContext("read_bandwidth",
                              format(session.machine.getPeakRead(), "GB/s"));
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
