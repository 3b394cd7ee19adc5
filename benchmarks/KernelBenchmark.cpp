//===- KernelBenchmark.cpp - Each kernel against the machine's peaks ------===//
//
//   KernelBenchmark [--schedule=ATTRIBUTE] [--benchmark_filter=REGEX] ...
//
// Runs the kernels of the layers of layers.json by themselves,
// LAYER/TYPE/KERNEL/tokens:N, on the operands that they get in their layer:
// routing, gate_up, down and combine. LayerList.h says what each line gives
// beside the time. A schedule, #moe.schedule<...>, takes the place of the
// selected one in all grouped GEMMs that run.
//
//===----------------------------------------------------------------------===//

#include "LayerKernel.h"
#include "LayerList.h"

#include "llvm/Support/WithColor.h"

using namespace mlir::moe;

namespace {
struct KernelSetting {
  LayerSetting layer;
  KernelKind kind;
};

/// What one benchmark leaves for the next ones.
class Session {
public:
  void run(benchmark::State &state, const KernelSetting &setting);

  ::moe::Machine machine;
  std::string schedule;

private:
  llvm::Error prepare(const KernelSetting &setting);

  CurrentLayer current;
  const KernelSetting *compiled = nullptr;
  std::unique_ptr<LayerKernel> kernel;
};
} // namespace

llvm::Error Session::prepare(const KernelSetting &setting) {
  // A benchmark runs several times, each with more iterations.
  if (compiled == &setting)
    return llvm::Error::success();
  compiled = nullptr;
  kernel = nullptr;
  auto layer = current.get(setting.layer);
  if (!layer)
    return layer.takeError();
  auto created = LayerKernel::create(**layer, setting.kind, schedule);
  if (!created)
    return created.takeError();
  kernel = std::move(*created);
  machine.measure();
  compiled = &setting;
  return llvm::Error::success();
}

void Session::run(benchmark::State &state, const KernelSetting &setting) {
  if (llvm::Error error = prepare(setting)) {
    state.SkipWithError(llvm::toString(std::move(error)).c_str());
    return;
  }
  report(state, machine, setting.layer.dtype, kernel->countOperations(),
         kernel->countBytes(), [&] { kernel->run(); });
}

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  Session session;
  llvm::StringRef option = argc > 1 ? argv[1] : "";
  if (option.consume_front("--schedule=")) {
    session.schedule = option.str();
    argv[1] = argv[0];
    --argc, ++argv;
  }
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  auto layers = readSettings(MOE_BENCHMARK_LAYERS);
  if (!layers) {
    llvm::WithColor::error() << llvm::toString(layers.takeError()) << '\n';
    return 1;
  }
  std::vector<KernelSetting> settings;
  for (const LayerSetting &layer : *layers)
    for (KernelKind kind : {KernelKind::routing, KernelKind::gate_up,
                            KernelKind::down, KernelKind::combine})
      settings.push_back({layer, kind});
  for (const KernelSetting &setting : settings)
    benchmark::RegisterBenchmark(
        llvm::formatv("{0}/{1}/{2}/tokens:{3}", setting.layer.layer,
                      getName(setting.layer.dtype).lower(),
                      getName(setting.kind), setting.layer.tokens)
            .str()
            .c_str(),
        [&](benchmark::State &state) { session.run(state, setting); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  addContext(session.machine);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
