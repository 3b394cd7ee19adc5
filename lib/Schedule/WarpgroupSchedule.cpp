//===- WarpgroupSchedule.cpp - How Hopper computes a grouped GEMM ---------===//

#include "moe/Schedule/WarpgroupSchedule.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir::moe;

using Violation = std::optional<ScheduleViolation>;

/// Shared memory that a block may use, and f32 sums that a thread may hold
/// beside what it computes with.
static constexpr int64_t sharedBytesPerBlock = 227 << 10;
static constexpr int64_t sumsPerThread = 192;

llvm::ArrayRef<WarpgroupScheduleField> mlir::moe::getWarpgroupScheduleFields() {
  static constexpr WarpgroupScheduleField fields[] = {
      {"rows", &WarpgroupSchedule::rows},
      {"columns", &WarpgroupSchedule::columns},
      {"depth", &WarpgroupSchedule::depth},
      {"stages", &WarpgroupSchedule::stages},
      {"consumers", &WarpgroupSchedule::consumers},
  };
  return fields;
}

llvm::raw_ostream &mlir::moe::operator<<(llvm::raw_ostream &os,
                                         const WarpgroupSchedule &schedule) {
  os << "#moe.warpgroup_schedule<";
  llvm::interleaveComma(getWarpgroupScheduleFields(), os,
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
  layout.bytes = layout.blockStarts + (experts + 1) * 4;
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
                          {fields[0], 64 * schedule.consumers,
                           128 * schedule.consumers, 64 * schedule.consumers},
                          {fields[1], 8, 256, 8},
                          {fields[2], swizzleElements, swizzleElements, 1},
                          {fields[3], 2, 8, 1}};
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
  if (problem.depth % 8 != 0)
    return refuse("depth", "used for " + llvm::Twine(problem.depth) + " inputs",
                  "a multiple of 8 inputs");
  if (problem.columns % 8 != 0)
    return refuse("columns",
                  "used for " + llvm::Twine(problem.columns) + " outputs",
                  "a multiple of 8 outputs");
  for (const GemmWeight &weight : problem.weights) {
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

static Violation checkResources(const WarpgroupSchedule &schedule,
                                const GemmProblem &problem) {
  int64_t columns = schedule.columns * problem.getProjections();
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
  int64_t bytes =
      getSharedMemoryLayout(schedule, columns, problem.experts).bytes;
  if (bytes > sharedBytesPerBlock)
    return refuse("stages",
                  llvm::Twine(schedule.stages) + ", which need " +
                      llvm::Twine(bytes) + " bytes of shared memory",
                  "at most " + llvm::Twine(sharedBytesPerBlock) + " bytes");
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
  return checkResources(schedule, *problem);
}

std::optional<WarpgroupSchedule>
mlir::moe::getDefaultWarpgroupSchedule(const GemmProblem &problem) {
  // The widest tile that fits, not much wider than the result, with as many
  // stages as fit.
  for (int64_t columns : {256, 192, 128, 96, 64, 32}) {
    if (columns > 32 && columns >= 2 * problem.columns)
      continue;
    for (int64_t stages : {6, 5, 4, 3, 2}) {
      WarpgroupSchedule schedule{128, columns, swizzleElements, stages, 2};
      if (!checkWarpgroupSchedule(schedule, &problem) &&
          schedule.columns * problem.getProjections() <= 256)
        return schedule;
    }
  }
  return std::nullopt;
}
