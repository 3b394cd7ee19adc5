//===- CostModel.cpp - How long a schedule takes --------------------------===//

#include "moe/Schedule/CostModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <array>
#include <cmath>

using namespace mlir::moe;

/// Cycles per vector; the two of packing were measured with vectors of 512
/// bits.
static constexpr double transposeCycles = 5.6, copyCycles = 1.6;
static constexpr double widenCycles = 2;
/// The same to decode quantised numbers, and to round them to bf16: measured,
/// less the product.
static constexpr double decodeF8Cycles = 11.4, decodeF4Cycles = 8.3;
static constexpr double decodeIntegerCycles = 6.5;
/// Weights that are read in place: rows that share one reading, the part of the
/// peak that is reached, and cycles to end a sum.
static constexpr int64_t streamGroup = 8;
static constexpr double streamEfficiency = 0.85, endCycles = 2;
/// Of the shorter one of reading and computing, what the longer does not hide.
static constexpr double exposedShare = 0.1;
/// The same if all of the computing is to hide the reading, and if that is one
/// pass of pairs, which take a line of weights with each instruction.
static constexpr double exposedDotShare = 0.5, exposedPairShare = 0.1;
/// To begin a row of in_out weights, which lies on another page, and to put a
/// vector of them together: of two inputs, of every other output.
static constexpr double rowCycles = 70, pairCycles = 1.5, stridedCycles = 1.5;
/// Inputs of in_out weights, or pairs, between which sums are in memory.
static constexpr int64_t inputsAtOnce = 8;
/// Of the loads, what the FMAs do not hide.
static constexpr double exposedLoads = 0.1;
/// Of the second cache, what packed rows and the weights of so many columns may
/// take, which all of the rows pass by.
static constexpr double cacheShare = 0.75;
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

  /// All tiles of an expert with that many rows, which are cut evenly.
  Cycles costExpert(int64_t rows) const {
    if (rows == 0)
      return {};
    int64_t tiles = llvm::divideCeil(rows, schedule.rows);
    int64_t size =
        llvm::alignTo(llvm::divideCeil(rows, tiles), schedule.registerRows);
    Cycles cycles = static_cast<double>(rows / size) * costRows(size);
    if (int64_t tail = rows % size)
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
      return llvm::StringRef(format.name).starts_with("f8") ? decodeF8Cycles
             : llvm::StringRef(format.name).starts_with("f4")
                 ? decodeF4Cycles
                 : decodeIntegerCycles;
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
    int64_t packedRows = countPackedRows(schedule, problem);
    visits =
        static_cast<double>(llvm::divideCeil(problem.depth, schedule.depth));
    double packedBytes = static_cast<double>(packedRows + sharedColumns) *
                         static_cast<double>(depth) * elementBytes;
    bool packedFits =
        packedBytes <= cacheShare * static_cast<double>(target.l2Bytes);
    packedLoadCycles = vectorBytes / (packedFits ? target.l2BytesPerCycle
                                                 : target.l3BytesPerCycle);
  }

  /// A block of rows and all projections of a panel, over the whole depth.
  double costBlock(int64_t rows) const {
    double count = static_cast<double>(rows);
    double vectors = static_cast<double>(schedule.registerVectors);
    double loads = (count + vectors) / target.loadsPerCycle;
    double step = std::max({count * vectors / target.fmaPerCycle, loads,
                            target.fmaLatency, vectors * vectorLoadCycles}) +
                  exposedLoads * loads;
    double steps = static_cast<double>(problem.depth) / (pairs ? 2 : 1);
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

  /// Weights that are decoded in place, once for each group of rows.
  void costDecoded(int64_t rows, double columns, Cycles &cycles) const {
    double depth = static_cast<double>(problem.depth);
    double count = static_cast<double>(rows);
    double projections = static_cast<double>(problem.getProjections());
    double passes = static_cast<double>(llvm::divideCeil(rows, streamGroup));
    double visits = schedule.streamRows <= streamGroup ? 1 : this->visits;
    double vectors = depth * columns / (pairs ? 2 * lanes : lanes);
    double multiply = vectors * count * projections /
                          (target.fmaPerCycle * streamEfficiency) +
                      columns * count * projections * visits * endCycles;
    cycles.compute = passes * depth * columns * decode + multiply;
    double pass = cycles.compute / passes;
    cycles.total = std::max(cycles.memory, pass) +
                   exposedShare * std::min(cycles.memory, pass) +
                   (passes - 1) * pass;
  }

  /// in_out weights that are read in place, once for all rows.
  void costAlongColumns(int64_t rows, double columns, double tiles,
                        Cycles &cycles) const {
    double depth = static_cast<double>(problem.depth);
    double vectors = depth * columns / (pairs ? 2 * lanes : lanes);
    double read = depth * columns * decode;
    for (const GemmWeight &weight : problem.weights)
      read += vectors * ((pairs ? pairCycles : 0) +
                         (weight.stride != 1 ? stridedCycles : 0));
    // A tile that the columns do not fill reads under masks.
    double masked = static_cast<double>(problem.columns % schedule.columns) /
                    static_cast<double>(problem.columns);
    cycles.memory += depth * tiles * rowCycles;
    cycles.memory *= 1 + masked;
    double sumCycles = 2 * static_cast<double>(target.vectorBits) / 8 /
                       target.l2BytesPerCycle / inputsAtOnce;
    double multiply = vectors * static_cast<double>(rows) *
                      static_cast<double>(problem.getProjections()) *
                      (1 / target.fmaPerCycle + sumCycles);
    cycles.compute = read * (1 + masked) + multiply;
    cycles.total = std::max(cycles.memory, cycles.compute) +
                   exposedShare * std::min(cycles.memory, cycles.compute);
  }

  /// Blocks of columns that packed rows are multiplied with.
  double countBlocks(int64_t width) const {
    int64_t whole = problem.columns / schedule.columns;
    int64_t last = problem.columns % schedule.columns;
    return static_cast<double>(whole *
                                   llvm::divideCeil(schedule.columns, width) +
                               llvm::divideCeil(last, width));
  }

  /// A pass of a group of packed rows, or of part of a vector, over all columns
  /// of a weight.
  double costGroup(int64_t size) const {
    double vectors = static_cast<double>(size) / lanes;
    double width = packedRowColumns;
    double loads =
        (width * std::min(vectors, 1.0) + vectors) / target.loadsPerCycle;
    double step = std::max({width * vectors / target.fmaPerCycle, loads,
                            target.fmaLatency, vectors * packedLoadCycles}) +
                  exposedLoads * loads;
    double steps = static_cast<double>(problem.depth) / (pairs ? 2 : 1);
    double sums = width * vectors * (2 * visits - 1) / target.loadsPerCycle;
    return countBlocks(packedRowColumns) *
           (steps * step + sums + visits * blockCycles);
  }

  /// The same along the inputs, for rows that are left.
  double costDots(int64_t rows) const {
    int64_t most = getMostDotRows(schedule.lanes, problem.computeBits);
    double visits = schedule.streamRows <= most ? 1 : this->visits;
    double count = static_cast<double>(rows);
    int64_t columns = getDotColumns(rows, schedule.lanes, problem.computeBits);
    double width = static_cast<double>(columns);
    // Each vector of weights is loaded, and another one is asked for.
    double loads = (count + 2 * width) / target.loadsPerCycle;
    double step = std::max(count * width / target.fmaPerCycle, loads) +
                  exposedLoads * loads;
    double vectors =
        static_cast<double>(problem.depth) / (pairs ? 2 * lanes : lanes);
    return countBlocks(columns) *
           (vectors * step + count * width * visits * endCycles + blockCycles);
  }

  /// Weights that are multiplied where they lie, as they are.
  void costReady(int64_t rows, double tiles, Cycles &cycles) const {
    double projections = static_cast<double>(problem.getProjections());
    double first = 0, passes = 0;
    auto add = [&](double count, double pass) {
      if (count > 0 && first == 0)
        first = pass;
      passes += count * pass;
    };
    int64_t left = rows;
    for (int64_t size : getRowGroups(schedule.lanes, problem.computeBits)) {
      if (size > schedule.streamRows)
        continue;
      add(static_cast<double>(left / size), costGroup(size));
      left %= size;
    }
    auto inGroups = static_cast<double>(rows - left);
    if (left > 0) {
      int64_t groups = llvm::divideCeil(
          left, getMostDotRows(schedule.lanes, problem.computeBits));
      int64_t size = left / groups, larger = left % groups;
      add(static_cast<double>(groups - larger), costDots(size));
      if (larger > 0)
        add(static_cast<double>(larger), costDots(size + 1));
    }
    double depth = static_cast<double>(problem.depth);
    double moves = inGroups * transposeCycles / lanes *
                   (tiles * depth / (pairs ? 2 : 1) +
                    projections * static_cast<double>(problem.columns));
    cycles.compute = projections * passes + moves;
    // Packed rows ask for all weights in the first pass, others in each for
    // some.
    bool isFirst = inGroups > 0;
    double hiding = isFirst ? projections * first : cycles.compute;
    bool isOnePass = passes == first;
    double exposed = isFirst              ? exposedShare
                     : pairs && isOnePass ? exposedPairShare
                                          : exposedDotShare;
    cycles.total = std::max(cycles.memory, hiding) +
                   exposed * std::min(cycles.memory, hiding) + cycles.compute -
                   hiding;
  }

  /// The part of the weights of a tile that comes from memory while other
  /// weights are multiplied with its rows.
  double getShareAhead(int64_t rows) const {
    if (llvm::any_of(problem.weights, [](const GemmWeight &weight) {
          return weight.format.quantized;
        }))
      return 0;
    double blocks =
        static_cast<double>(schedule.columns / schedule.getPanelColumns() *
                            llvm::divideCeil(problem.depth, schedule.depth));
    double groups = static_cast<double>(rows / schedule.registerRows);
    double vectors = static_cast<double>(schedule.registerVectors);
    return (1 - 1 / blocks) * std::min(2 * groups / vectors, 1.0);
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
    bool streams = rows <= schedule.streamRows;
    if (streams && hasReadyWeights(schedule, problem)) {
      costReady(rows, tiles, cycles);
    } else if (streams) {
      if (problem.weights.front().outIn)
        costDecoded(rows, columns, cycles);
      else
        costAlongColumns(rows, columns, tiles, cycles);
    } else {
      double packing = depth * columns * (decode + pack);
      double inputBytes = problem.input.bits / 8;
      double gathering =
          tiles * count * depth *
          std::max(widenCycles / lanes, inputBytes / target.l3BytesPerCycle);
      double kernels = gathering + panels * costBlocks(rows);
      cycles.compute = packing + kernels;
      double ahead = getShareAhead(rows);
      cycles.total = (1 - ahead) * std::max(cycles.memory, packing) +
                     ahead * packing + std::max(ahead * cycles.memory, kernels);
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
  /// To load a vector of a panel, or of packed rows.
  double vectorLoadCycles, packedLoadCycles;
  /// Blocks of inputs.
  double visits;
};
} // namespace

CostEstimate mlir::moe::estimateCost(const GemmProblem &problem,
                                     const Schedule &schedule,
                                     const Target &target, int64_t tokens) {
  ExpertLoad load = getExpectedLoad(problem, tokens);
  CostModel model(problem, schedule, target);
  Cycles cycles;
  double tiles = 0;
  std::array<double, 4> quarters = spreadRows(problem, load.rows);
  for (double rows : quarters) {
    double whole = std::floor(rows), fraction = rows - whole;
    for (auto [count, part] :
         {std::pair(whole, 1 - fraction), std::pair(whole + 1, fraction)}) {
      if (part == 0)
        continue;
      double experts = load.experts * part / quarters.size();
      cycles += experts * model.costExpert(static_cast<int64_t>(count));
      tiles += experts * model.countTiles(static_cast<int64_t>(count));
    }
  }
  if (tiles == 0)
    return {};
  double hertz = target.gigahertz * 1e9;
  double turns = std::ceil(tiles / static_cast<double>(target.cores));
  return {cycles.total / tiles * turns / hertz, cycles.compute / hertz,
          cycles.memory / hertz};
}
