//===- LayerBenchmark.cpp - Whole layers against the machine's peaks ------===//
//
// Runs the layers of layers.json, LAYER/TYPE/tokens:N, on all cores.
// LayerList.h says what each line gives beside the time. All peaks are measured
// in the same process, before each line; the best so far counts.
//
//===----------------------------------------------------------------------===//

#include "LayerList.h"

#include "llvm/Support/WithColor.h"
#include <chrono>

using namespace mlir::moe;

namespace {
/// What one benchmark leaves for the next ones.
class Session {
public:
  void run(benchmark::State &state, const LayerSetting &setting);

  ::moe::Machine machine;

private:
  /// Makes the layer of `setting` ready to run.
  llvm::Error prepare(const LayerSetting &setting);

  CurrentLayer current;
  const LayerSetting *compiled = nullptr;
  RandomLayer *layer = nullptr;
  /// Bytes of weights that a run reads.
  double bytes = 0;
  /// Of the last benchmark of this layer, or 0.
  double secondsPerToken = 0;
};
} // namespace

llvm::Error Session::prepare(const LayerSetting &setting) {
  // A benchmark runs several times, each with more iterations.
  if (compiled == &setting)
    return llvm::Error::success();
  if (!compiled || compiled->layer != setting.layer ||
      compiled->dtype != setting.dtype)
    secondsPerToken = 0;
  // The more tokens share the weights of an expert, the less one takes, so that
  // most runs that this lets pass end within 20 s.
  constexpr double limit = 60;
  double expected = secondsPerToken * static_cast<double>(setting.tokens);
  if (expected > limit)
    return llvm::createStringError(
        llvm::formatv("at the speed of {0} tokens a run takes {1:f0} s, the "
                      "limit is {2:f0} s",
                      compiled->tokens, expected, limit));
  compiled = nullptr;
  auto found = current.get(setting);
  if (!found)
    return found.takeError();
  layer = *found;
  if (llvm::Error error = layer->compile())
    return error;
  // The first run of a size makes the system clear the pages of its memory.
  bytes = layer->countBytes(layer->run());
  machine.measure();
  compiled = &setting;
  return llvm::Error::success();
}

void Session::run(benchmark::State &state, const LayerSetting &setting) {
  if (llvm::Error error = prepare(setting)) {
    state.SkipWithError(llvm::toString(std::move(error)).c_str());
    return;
  }
  auto start = std::chrono::steady_clock::now();
  report(state, machine, setting.dtype, layer->countOperations(setting.tokens),
         bytes, [&] { layer->run(); });
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  secondsPerToken = seconds / static_cast<double>(state.iterations()) /
                    static_cast<double>(setting.tokens);
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
  for (const LayerSetting &setting : *settings)
    benchmark::RegisterBenchmark(
        llvm::formatv("{0}/{1}/tokens:{2}", setting.layer,
                      getName(setting.dtype).lower(), setting.tokens)
            .str()
            .c_str(),
        [&](benchmark::State &state) { session.run(state, setting); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  addContext(session.machine);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
