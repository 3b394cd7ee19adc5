//===- CostModel.cpp - How long a schedule takes --------------------------===//

#include "moe/Schedule/CostModel.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir::moe;

/// Cycles per vector; the two of packing were measured with vectors of 512
/// bits.
static constexpr double transposeCycles = 5.6, copyCycles = 1.6;
static constexpr double widenCycles = 2, decodeCycles = 8;
/// Of the peak, what weights that are read in place reach.
static constexpr double streamEfficiency = 0.5;
static constexpr double tileCycles = 1000, blockCycles = 20;

namespace {
/// Cycles of a core.
struct Cycles {
  double total = 0, compute = 0, memory = 0;

  Cycles &operator+=(const Cycles &other) {
    total += other.total;
    compute += other.compute;
    memory += other.memory;
    return *this;
  }
};

Cycles operator*(double factor, const Cycles &cycles) {
  return {factor * cycles.total, factor * cycles.compute,
          factor * cycles.memory};
}

class CostModel {
public:
  CostModel(const GemmProblem &problem, const Schedule &schedule,
            const Target &target)
      : problem(problem), schedule(schedule), target(target) {
    lanes = static_cast<double>(schedule.lanes);
    pairs = schedule.multiply == Schedule::Multiply::DotBf16;
    bytesPerCycle =
        target.memoryBandwidth /
        (static_cast<double>(target.cores) * target.gigahertz * 1e9);
    for (const GemmWeight &weight : problem.weights) {
      weightBytes += weight.format.bits / 8;
      decode += getWidening(weight.format) / lanes;
      // Outputs that lie apart are put together like transposed ones.
      bool transposes = weight.outIn || weight.stride != 1;
      pack += (transposes ? transposeCycles : copyCycles) / lanes;
    }
    findStepBytes();
  }

  /// All tiles of an expert with that many rows.
  Cycles costExpert(int64_t rows) const {
    int64_t tail = rows % schedule.rows;
    Cycles cycles =
        static_cast<double>(rows / schedule.rows) * costRows(schedule.rows);
    if (tail)
      cycles += costRows(tail);
    return cycles;
  }

  /// Tiles of an expert with that many rows.
  double countTiles(int64_t rows) const {
    return static_cast<double>(llvm::divideCeil(rows, schedule.rows)) *
           static_cast<double>(
               llvm::divideCeil(problem.columns, schedule.columns));
  }

private:
  /// Cycles to make one vector what is multiplied.
  double getWidening(const NumberFormat &format) const {
    if (format.quantized)
      return decodeCycles;
    bool ready =
        pairs || format.bits == static_cast<double>(problem.computeBits);
    return ready ? 0 : widenCycles;
  }

  /// Where a panel lies while rows pass by it.
  void findStepBytes() {
    int64_t depth = std::min(schedule.depth, problem.depth);
    double elementBytes =
        pairs ? 2 : static_cast<double>(problem.computeBits) / 8;
    double panelBytes = static_cast<double>(depth) * elementBytes *
                        static_cast<double>(schedule.getPanelColumns());
    // The rows need their part of the cache.
    bool fits = panelBytes <= static_cast<double>(target.l2Bytes) / 2;
    double vectorBytes = static_cast<double>(target.vectorBits) / 8;
    vectorLoadCycles =
        vectorBytes / (fits ? target.l2BytesPerCycle : target.l3BytesPerCycle);
  }

  /// A block of rows and all projections of a panel, over the whole depth.
  double costBlock(int64_t rows) const {
    double count = static_cast<double>(rows);
    double vectors = static_cast<double>(schedule.registerVectors);
    double step = std::max({count * vectors / target.fmaPerCycle,
                            (count + vectors) / target.loadsPerCycle,
                            target.fmaLatency, vectors * vectorLoadCycles});
    double steps = static_cast<double>(problem.depth) / (pairs ? 2 : 1);
    double visits =
        static_cast<double>(llvm::divideCeil(problem.depth, schedule.depth));
    double sums = count * vectors * (2 * visits - 1) / target.loadsPerCycle;
    return static_cast<double>(problem.getProjections()) *
           (steps * step + sums + visits * blockCycles);
  }

  /// The blocks that `rows` rows of a tile are cut into.
  double costBlocks(int64_t rows) const {
    double cycles = static_cast<double>(rows / schedule.registerRows) *
                    costBlock(schedule.registerRows);
    int64_t tail = rows % schedule.registerRows;
    for (int64_t bit = 1; bit <= tail; bit *= 2)
      if (tail & bit)
        cycles += costBlock(bit);
    return cycles;
  }

  /// The tiles of at most schedule.rows rows in all columns.
  Cycles costRows(int64_t rows) const {
    double depth = static_cast<double>(problem.depth);
    double count = static_cast<double>(rows);
    double tiles = static_cast<double>(
        llvm::divideCeil(problem.columns, schedule.columns));
    double panels = static_cast<double>(
        llvm::divideCeil(problem.columns, schedule.getPanelColumns()));
    double columns = panels * static_cast<double>(schedule.getPanelColumns());
    Cycles cycles;
    cycles.memory = depth * static_cast<double>(problem.columns) * weightBytes /
                    bytesPerCycle;
    if (rows <= schedule.streamRows) {
      double fmas = depth * columns * count *
                    static_cast<double>(problem.getProjections()) / lanes;
      cycles.compute = depth * columns * decode +
                       fmas / (target.fmaPerCycle * streamEfficiency);
      cycles.total = std::max(cycles.memory, cycles.compute);
    } else {
      double packing = depth * columns * (decode + pack);
      double inputBytes = problem.input.bits / 8;
      double gathering =
          tiles * count * depth *
          std::max(widenCycles / lanes, inputBytes / target.l3BytesPerCycle);
      double kernels = gathering + panels * costBlocks(rows);
      cycles.compute = packing + kernels;
      cycles.total = std::max(cycles.memory, packing) + kernels;
    }
    cycles.total += tiles * tileCycles;
    return cycles;
  }

  const GemmProblem &problem;
  const Schedule &schedule;
  const Target &target;
  double lanes, bytesPerCycle;
  bool pairs;
  /// Of one input and output, in all projections.
  double weightBytes = 0, decode = 0, pack = 0;
  double vectorLoadCycles;
};
} // namespace

CostEstimate mlir::moe::estimateCost(const GemmProblem &problem,
                                     const Schedule &schedule,
                                     const Target &target, int64_t tokens) {
  ExpertLoad load = getExpectedLoad(problem, tokens);
  CostModel model(problem, schedule, target);
  double whole = std::floor(load.rows), fraction = load.rows - whole;
  int64_t rows = static_cast<int64_t>(whole);
  Cycles cycles = (load.experts * (1 - fraction)) * model.costExpert(rows);
  double tiles = load.experts * (1 - fraction) * model.countTiles(rows);
  if (fraction > 0) {
    cycles += (load.experts * fraction) * model.costExpert(rows + 1);
    tiles += load.experts * fraction * model.countTiles(rows + 1);
  }
  if (tiles == 0)
    return {};
  double hertz = target.gigahertz * 1e9;
  double turns = std::ceil(tiles / static_cast<double>(target.cores));
  return {cycles.total / tiles * turns / hertz, cycles.compute / hertz,
          cycles.memory / hertz};
}
