//===- LayerList.h - The layers of layers.json ------------------*- C++ -*-===//

#ifndef MOE_BENCHMARKS_LAYERLIST_H
#define MOE_BENCHMARKS_LAYERLIST_H

#include "Machine.h"
#include "RandomLayer.h"

#include "benchmark/benchmark.h"

namespace mlir::moe {

struct LayerSetting {
  std::string layer, config;
  DataType dtype;
  int64_t tokens;
};

/// Every layer in every type for every number of tokens.
llvm::Expected<std::vector<LayerSetting>> readSettings(StringRef path);

/// The layer of the last setting, which lasts until one of another comes.
class CurrentLayer {
public:
  /// The layer of `setting` with its tokens as input.
  llvm::Expected<RandomLayer *> get(const LayerSetting &setting);

private:
  std::unique_ptr<RandomLayer> layer;
  std::string key;
};

/// Runs `run` for all iterations and reports what it reaches: GFLOP/s and, as a
/// part of what the machine can do with this type, of_peak; GB/s and of_read;
/// of_roof, the larger of the parts, is that of the time which nothing can
/// beat; cores, processor time per time, is less than the threads if other
/// programs ran.
void report(benchmark::State &state, const ::moe::Machine &machine,
            DataType dtype, double operations, double bytes,
            function_ref<void()> run);

/// Makes the machine's peaks part of the heading.
void addContext(::moe::Machine &machine);

} // namespace mlir::moe

#endif // MOE_BENCHMARKS_LAYERLIST_H
