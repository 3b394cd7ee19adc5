//===- MachineBenchmark.cpp - What any kernel can reach at best -----------===//

#include "Machine.h"

#include "benchmark/benchmark.h"

using namespace moe;

static void fmaPeak(benchmark::State &state, Machine &machine) {
  for (auto _ : state)
    machine.measureCompute();
  state.counters["threads"] = machine.getNumThreads();
  state.counters["GFLOP/s"] = machine.getPeakCompute() / 1e9;
}

static void pairsPeak(benchmark::State &state, Machine &machine) {
  for (auto _ : state)
    machine.measurePairs();
  state.counters["threads"] = machine.getNumThreads();
  state.counters["GFLOP/s"] = machine.getPeakPairs() / 1e9;
}

static void readBandwidth(benchmark::State &state, Machine &machine) {
  for (auto _ : state)
    machine.measureRead();
  state.counters["threads"] = machine.getNumThreads();
  state.counters["GB/s"] = machine.getPeakRead() / 1e9;
}

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  Machine machine;
  benchmark::RegisterBenchmark("fma_peak", fmaPeak, std::ref(machine))
      ->UseRealTime();
  benchmark::RegisterBenchmark("bf16_pairs_peak", pairsPeak, std::ref(machine))
      ->UseRealTime();
  benchmark::RegisterBenchmark("read_bandwidth", readBandwidth,
                               std::ref(machine))
      ->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
}
