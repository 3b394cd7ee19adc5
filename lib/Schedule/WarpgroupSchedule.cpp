//===- WarpgroupSchedule.cpp - How Hopper computes a grouped GEMM ---------===//

#include "moe/Schedule/WarpgroupSchedule.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir::moe;

using Violation = std::optional<ScheduleViolation>;

/// f32 sums that a thread may hold beside what it computes with.
static constexpr int64_t sumsPerThread = 128;

llvm::ArrayRef<WarpgroupScheduleField> mlir::moe::getWarpgroupScheduleFields() {
  static constexpr WarpgroupScheduleField fields[] = {
      {"rows", &WarpgroupSchedule::rows},
      {"columns", &WarpgroupSchedule::columns},
      {"depth", &WarpgroupSchedule::depth},
      {"stages", &WarpgroupSchedule::stages},
      {"consumers", &WarpgroupSchedule::consumers},
      {"consumers_per_tile", &WarpgroupSchedule::consumersPerTile},
      {"raster", &WarpgroupSchedule::raster, WarpgroupSchedule::defaultRaster},
      {"cluster", &WarpgroupSchedule::cluster, 1},
  };
  return fields;
}

llvm::raw_ostream &mlir::moe::operator<<(llvm::raw_ostream &os,
                                         const WarpgroupSchedule &schedule) {
  os << "#moe.warpgroup_schedule<";
  // As attributes are printed.
  auto isPrinted = [&](const WarpgroupScheduleField &field) {
    return schedule.*field.value != field.usual;
  };
  llvm::interleaveComma(
      llvm::make_filter_range(getWarpgroupScheduleFields(), isPrinted), os,
      [&](const WarpgroupScheduleField &field) {
        os << field.name << " = " << schedule.*field.value;
      });
  return os << '>';
}

SharedMemoryLayout
mlir::moe::getSharedMemoryLayout(const WarpgroupSchedule &schedule,
                                 int64_t accumulatorColumns, int64_t experts) {
  SharedMemoryLayout layout;
  layout.rowBytes = schedule.rows * swizzleBytes;
  layout.weightBytes = accumulatorColumns * swizzleBytes;
  layout.stageBytes = layout.rowBytes + layout.weightBytes;
  layout.staging = schedule.stages * layout.stageBytes;
  layout.barriers =
      layout.staging + schedule.consumers * 4 * stagingBytesPerWarp;
  layout.blockStarts = layout.barriers + schedule.stages * 2 * 8;
  layout.rowStarts = layout.blockStarts + (experts + 1) * 4;
  layout.sources = layout.rowStarts + (experts + 1) * 4;
  layout.bytes = layout.sources + 2 * maxGatheredRows * 4;
  return layout;
}

static Violation refuse(llvm::StringRef field, const llvm::Twine &found,
                        const llvm::Twine &expected) {
  return ScheduleViolation{field, found.str(), expected.str()};
}

static Violation checkFields(const WarpgroupSchedule &schedule) {
  struct Range {
    WarpgroupScheduleField field;
    int64_t least, most, multiple;
  };
  llvm::ArrayRef<WarpgroupScheduleField> fields = getWarpgroupScheduleFields();
  const Range ranges[] = {{fields[4], 1, 2, 1},
                          {fields[5], 1, schedule.consumers, 1},
                          {fields[0], 64 * schedule.consumersPerTile,
                           128 * schedule.consumersPerTile,
                           64 * schedule.consumersPerTile},
                          {fields[1], 8, 256, 8},
                          {fields[2], swizzleElements, swizzleElements, 1},
                          {fields[3], 2, 8, 1},
                          {fields[6], 1, WarpgroupSchedule::defaultRaster, 1},
                          {fields[7], 1, 2, 1}};
  for (const Range &range : ranges) {
    int64_t found = schedule.*range.field.value;
    if (found < range.least || found > range.most)
      return refuse(range.field.name, llvm::Twine(found),
                    range.least == range.most
                        ? llvm::Twine(range.least)
                        : llvm::Twine(range.least) + " to " +
                              llvm::Twine(range.most));
    if (found % range.multiple != 0)
      return refuse(range.field.name, llvm::Twine(found),
                    "a multiple of " + llvm::Twine(range.multiple));
  }
  return std::nullopt;
}

static bool hasSixteenBits(const NumberFormat &format) {
  return format.name == "bf16" || format.name == "f16";
}

static Violation checkFormats(const GemmProblem &problem) {
  if (problem.computeBits != 32)
    return refuse("depth", "used for sums in f64", "sums in f32");
  if (!hasSixteenBits(problem.input))
    return refuse("depth", "used for rows of " + problem.input.name,
                  "rows of bf16 or f16");
  for (const GemmWeight &weight : problem.weights)
    if (weight.format != problem.input)
      return refuse("depth", "used for weights of " + weight.format.name,
                    "weights of " + problem.input.name);
  return std::nullopt;
}

/// Whether two projections are one matrix whose outputs alternate, with outputs
/// next to each other in memory: they are copied and multiplied together.
static bool isInterleaved(const GemmProblem &problem) {
  return problem.weights.size() == 2 &&
         llvm::all_of(problem.weights, [](const GemmWeight &weight) {
           return !weight.outIn && weight.stride == 2;
         });
}

static Violation checkLayouts(const WarpgroupSchedule &schedule,
                              const GemmProblem &problem) {
  if (problem.addsRows)
    return refuse("rows", "used for rows that are added",
                  "rows that are stored");
  if (problem.depth % 8 != 0)
    return refuse("depth", "used for " + llvm::Twine(problem.depth) + " inputs",
                  "a multiple of 8 inputs");
  if (problem.columns % 8 != 0)
    return refuse("columns",
                  "used for " + llvm::Twine(problem.columns) + " outputs",
                  "a multiple of 8 outputs");
  for (const GemmWeight &weight : problem.weights) {
    int64_t part = (weight.outIn ? 8 : swizzleElements) * schedule.cluster;
    int64_t found =
        weight.outIn ? schedule.columns : schedule.columns * weight.stride;
    if (schedule.cluster > 1 && found % part != 0)
      return refuse("cluster", llvm::Twine(schedule.cluster),
                    "1 for tiles of " + llvm::Twine(found) + " outputs");
    if (weight.outIn)
      continue;
    if (weight.stride != 1 && !isInterleaved(problem))
      return refuse("columns",
                    "used for every " + llvm::Twine(weight.stride) +
                        "th output of in_out weights",
                    "all outputs, or two projections of every second");
    int64_t columns = schedule.columns * weight.stride;
    if (columns % swizzleElements != 0)
      return refuse("columns", llvm::Twine(schedule.columns),
                    "a multiple of " +
                        llvm::Twine(swizzleElements / weight.stride) +
                        " for in_out weights");
  }
  return std::nullopt;
}

static int64_t getAccumulatorColumns(const WarpgroupSchedule &schedule,
                                     const GemmProblem &problem) {
  return schedule.columns * problem.getProjections();
}

/// A producer that gathers keeps an address for each of its rows.
static Violation checkGather(const WarpgroupSchedule &schedule,
                             const GemmProblem &problem) {
  if (problem.gathersRows && schedule.rows > maxGatheredRows)
    return refuse("rows", llvm::Twine(schedule.rows),
                  "at most 128 for rows found through an index");
  return std::nullopt;
}

static Violation checkSums(const WarpgroupSchedule &schedule,
                           const GemmProblem &problem) {
  int64_t columns = getAccumulatorColumns(schedule, problem);
  // Interleaved projections are one product.
  if (isInterleaved(problem) && columns > 256)
    return refuse("columns", llvm::Twine(schedule.columns),
                  "at most 128 for interleaved projections");
  int64_t sums = schedule.getRowBlocks() * columns / 2;
  if (sums > sumsPerThread)
    return refuse("columns",
                  llvm::Twine(schedule.columns) + ", which need " +
                      llvm::Twine(sums) + " registers for sums",
                  "at most " + llvm::Twine(sumsPerThread) + " registers");
  return std::nullopt;
}

Violation mlir::moe::checkWarpgroupSchedule(const WarpgroupSchedule &schedule,
                                            const GemmProblem *problem) {
  if (Violation violation = checkFields(schedule); violation || !problem)
    return violation;
  if (Violation violation = checkFormats(*problem))
    return violation;
  if (Violation violation = checkLayouts(schedule, *problem))
    return violation;
  if (Violation violation = checkGather(schedule, *problem))
    return violation;
  return checkSums(schedule, *problem);
}

Violation mlir::moe::checkWarpgroupSchedule(const WarpgroupSchedule &schedule,
                                            const GemmProblem &problem,
                                            const Target &target) {
  if (Violation violation = checkWarpgroupSchedule(schedule, &problem))
    return violation;
  if (!target.gpu)
    return refuse("consumers", "for a GPU", "a schedule for a processor");
  int64_t bytes =
      getSharedMemoryLayout(schedule, getAccumulatorColumns(schedule, problem),
                            problem.experts)
          .bytes;
  if (bytes > target.gpu->sharedBytesPerBlock)
    return refuse("stages",
                  llvm::Twine(schedule.stages) + ", which need " +
                      llvm::Twine(bytes) + " bytes of shared memory",
                  "at most " + llvm::Twine(target.gpu->sharedBytesPerBlock) +
                      " bytes");
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

/// What a later schedule of the space must save to be taken: the first are
/// known to be good for many shapes, and the model is not exact.
static constexpr double leastGain = 0.005;

/// Groups of rows to choose from.
static constexpr int64_t rasters[] = {WarpgroupSchedule::defaultRaster, 32, 16,
                                      8};

std::vector<WarpgroupSchedule>
mlir::moe::enumerateWarpgroupSchedules(const GemmProblem &problem,
                                       const Target &target) {
  std::vector<WarpgroupSchedule> schedules;
  struct Shape {
    int64_t rows, consumers, consumersPerTile;
  };
  for (Shape shape : {Shape{128, 2, 2}, Shape{128, 2, 1}, Shape{64, 2, 1},
                      Shape{64, 1, 1}, Shape{256, 2, 2}})
    for (int64_t columns : {256, 192, 128, 96, 64, 32, 16, 8})
      for (int64_t stages : {8, 7, 6, 5, 4, 3, 2}) {
        WarpgroupSchedule schedule{shape.rows,      columns,
                                   swizzleElements, stages,
                                   shape.consumers, shape.consumersPerTile};
        if (checkWarpgroupSchedule(schedule, problem, target))
          continue;
        for (int64_t cluster : {1, 2})
          for (int64_t raster : rasters) {
            schedule.cluster = cluster;
            schedule.raster = raster;
            if (!checkWarpgroupSchedule(schedule, problem, target))
              schedules.push_back(schedule);
          }
        break;
      }
  return schedules;
}

/// What is read from memory for an expert of so many rows.
static double countBytesOfExpert(const GemmProblem &problem,
                                 const WarpgroupSchedule &schedule,
                                 const Gpu &gpu, double expertRows) {
  double depthBytes = static_cast<double>(problem.depth) * 2;
  double weightBytes = depthBytes * static_cast<double>(problem.columns) *
                       static_cast<double>(problem.getProjections());
  auto unitRows = static_cast<double>(schedule.getClusterRows());
  double rowBlocks = std::ceil(expertRows / unitRows);
  double groupBlocks =
      std::min(static_cast<double>(schedule.raster), rowBlocks);
  double columnBlocks = std::ceil(static_cast<double>(problem.columns) /
                                  static_cast<double>(schedule.columns));
  double unitsAtWork = static_cast<double>(gpu.multiprocessors) /
                       static_cast<double>(schedule.cluster);
  double columnsAtWork =
      std::max(1.0, unitsAtWork / std::max(1.0, groupBlocks));
  double groupBytes = groupBlocks * unitRows * depthBytes;
  double stays = static_cast<double>(gpu.cacheBytes) / 2;
  double rowReads =
      groupBytes <= stays ? 1 : std::ceil(columnBlocks / columnsAtWork);
  double weightReads =
      weightBytes <= stays ? 1 : std::ceil(rowBlocks / groupBlocks);
  return expertRows * depthBytes * rowReads + weightBytes * weightReads;
}

double mlir::moe::estimateSeconds(const GemmProblem &problem,
                                  const WarpgroupSchedule &schedule,
                                  const Target &target, int64_t tokens) {
  ExpertLoad load = getExpectedLoad(problem, tokens);
  auto cluster = static_cast<double>(schedule.cluster);
  auto clusterRows = static_cast<double>(schedule.getClusterRows());
  // Of all quarters of the experts: tiles of rows, and blocks that have some.
  std::array<double, 4> quarters = spreadRows(problem, load.rows);
  double rowTiles = 0, blocks = 0;
  for (double expertRows : quarters) {
    rowTiles += std::ceil(expertRows / clusterRows) * cluster;
    blocks += std::ceil(expertRows / 64);
  }
  auto rows = static_cast<double>(schedule.rows);
  double multiplied = 64 * blocks / rowTiles;
  auto columns = static_cast<double>(schedule.columns);
  auto sums = static_cast<double>(getAccumulatorColumns(schedule, problem));
  auto depth = static_cast<double>(schedule.depth);
  double steps = std::ceil(static_cast<double>(problem.depth) / depth);
  double tiles = load.experts * rowTiles / quarters.size() *
                 std::ceil(static_cast<double>(problem.columns) / columns);
  const Gpu &gpu = *target.gpu;
  double multiply = 2 * multiplied * sums * depth / gpu.flopsPerCycle;
  double operands =
      multiplied / 64 * (64 + sums) * depth * 2 / gpu.sharedBytesPerCycle;
  double copies = (rows + sums / cluster) * depth * 2 / gpu.cacheBytesPerCycle;
  double lines = multiplied * columns * problem.result.bits / 8 / swizzleBytes;
  double main = steps * std::max({multiply, operands, copies});
  double ends = 1500 + lines * 2;
  if (schedule.cluster > 1) {
    main *= 1.03;
    ends += 500;
  }
  // Consumers in turn hide what is not multiplication behind the other's.
  double cycles =
      schedule.getTurns() > 1 ? std::max(main, ends) + 200 : main + ends;
  double waves = std::ceil(tiles / static_cast<double>(gpu.multiprocessors));
  double compute = waves * cycles / (target.gigahertz * 1e9);
  double read = load.experts *
                countBytesOfExpert(problem, schedule, gpu, load.rows) /
                target.memoryBandwidth;
  return std::max(compute, read) + std::min(compute, read) / 10;
}

std::optional<WarpgroupSchedule>
mlir::moe::selectWarpgroupSchedule(const GemmProblem &problem,
                                   const Target &target, int64_t tokens) {
  std::optional<WarpgroupSchedule> best;
  double shortest = 0;
  for (const WarpgroupSchedule &schedule :
       enumerateWarpgroupSchedules(problem, target)) {
    double seconds = estimateSeconds(problem, schedule, target,
                                     std::max<int64_t>(tokens, 1));
    if (best && seconds > shortest * (1 - leastGain))
      continue;
    best = schedule;
    shortest = seconds;
  }
  return best;
}
