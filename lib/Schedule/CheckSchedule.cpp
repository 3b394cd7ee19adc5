//===- CheckSchedule.cpp - Which schedules are legal ----------------------===//

#include "moe/Schedule/CheckSchedule.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

using namespace mlir::moe;

using Violation = std::optional<ScheduleViolation>;

std::string ScheduleViolation::getMessage() const {
  return "schedule field '" + field.str() + "' is " + found + ", expected " +
         expected;
}

static Violation refuse(llvm::StringRef field, const llvm::Twine &found,
                        const llvm::Twine &expected) {
  return ScheduleViolation{field, found.str(), expected.str()};
}

/// The product, or the largest number: widths come from types, in which any
/// number may stand.
static int64_t multiply(llvm::ArrayRef<int64_t> factors) {
  int64_t product = 1;
  for (int64_t factor : factors)
    if (llvm::MulOverflow(product, factor, product))
      return std::numeric_limits<int64_t>::max();
  return product;
}

static int64_t add(int64_t a, int64_t b) {
  int64_t sum;
  return llvm::AddOverflow(a, b, sum) ? std::numeric_limits<int64_t>::max()
                                      : sum;
}

int64_t mlir::moe::getPanelBytes(const Schedule &schedule,
                                 const GemmProblem &problem) {
  if (!schedule.packsWeights())
    return 0;
  bool pairs = schedule.multiply == Schedule::Multiply::DotBf16;
  // Weights are transposed in squares of as many inputs as a vector holds.
  int64_t inputs = pairs ? 2 * schedule.lanes : schedule.lanes;
  int64_t depth =
      llvm::alignTo(std::min(schedule.depth, problem.depth), inputs);
  return multiply({problem.getProjections(), depth, schedule.columns,
                   pairs ? 2 : problem.computeBits / 8});
}

int64_t mlir::moe::getSumBytes(const Schedule &schedule,
                               const GemmProblem &problem) {
  return multiply({problem.getProjections(), schedule.rows,
                   schedule.columns + schedule.lanes, problem.computeBits / 8});
}

llvm::SmallVector<int64_t, 4> mlir::moe::getRowGroups(int64_t lanes,
                                                      int64_t elementBits) {
  int64_t registers = getVectorRegisters(lanes * elementBits);
  llvm::SmallVector<int64_t, 4> sizes;
  for (int64_t vectors : {4, 2, 1})
    if (vectors * packedRowColumns + vectors + 1 <= registers)
      sizes.push_back(vectors * lanes);
  return sizes;
}

int64_t mlir::moe::getMostDotRows(int64_t lanes, int64_t elementBits) {
  return getVectorRegisters(lanes * elementBits) / 8 + 1;
}

int64_t mlir::moe::getDotColumns(int64_t rows, int64_t lanes,
                                 int64_t elementBits) {
  constexpr int64_t most = 8;
  int64_t registers = getVectorRegisters(lanes * elementBits);
  int64_t columns = std::clamp<int64_t>((registers - 1) / (rows + 1), 1,
                                        std::min(most, lanes));
  while (sharedColumns % columns)
    --columns;
  return columns;
}

/// Whether elements of the weight are multiplied where they lie.
static bool isReady(const GemmWeight &weight, const Schedule &schedule,
                    const GemmProblem &problem) {
  return weight.outIn && !weight.format.quantized &&
         (schedule.multiply == Schedule::Multiply::DotBf16 ||
          weight.format.bits == static_cast<double>(problem.computeBits));
}

bool mlir::moe::hasReadyWeights(const Schedule &schedule,
                                const GemmProblem &problem) {
  return llvm::any_of(problem.weights, [&](const GemmWeight &weight) {
    return isReady(weight, schedule, problem);
  });
}

int64_t mlir::moe::countPackedRows(const Schedule &schedule,
                                   const GemmProblem &problem) {
  if (!hasReadyWeights(schedule, problem))
    return 0;
  int64_t smallest = getRowGroups(schedule.lanes, problem.computeBits).back();
  return schedule.streamRows / smallest * smallest;
}

int64_t mlir::moe::getPackedRowBytes(const Schedule &schedule,
                                     const GemmProblem &problem) {
  bool pairs = schedule.multiply == Schedule::Multiply::DotBf16;
  int64_t inputs = pairs ? 2 * schedule.lanes : schedule.lanes;
  int64_t depth =
      llvm::alignTo(std::min(schedule.depth, problem.depth), inputs);
  int64_t rows = countPackedRows(schedule, problem);
  int64_t packs = multiply({rows, depth, pairs ? 2 : problem.computeBits / 8});
  int64_t sums =
      multiply({problem.getProjections(), rows,
                schedule.columns + packedRowColumns, problem.computeBits / 8});
  return add(packs, sums);
}

static Violation checkFields(const Schedule &schedule) {
  for (const ScheduleField &field : getScheduleFields()) {
    bool stream = field.value == &Schedule::streamRows;
    int64_t least = stream ? 0 : 1;
    int64_t most = stream ? schedule.rows : largestScheduleField;
    int64_t found = schedule.*field.value;
    if (found < least || found > most)
      return refuse(field.name, llvm::Twine(found),
                    llvm::Twine(least) + " to " + llvm::Twine(most));
  }
  if (!llvm::isPowerOf2_64(schedule.lanes))
    return refuse("lanes", llvm::Twine(schedule.lanes), "a power of two");
  if (schedule.columns % schedule.getPanelColumns() != 0)
    return refuse("columns", llvm::Twine(schedule.columns),
                  "a multiple of register_vectors * lanes = " +
                      llvm::Twine(schedule.getPanelColumns()));
  if (schedule.rows % schedule.registerRows != 0)
    return refuse("rows", llvm::Twine(schedule.rows),
                  "a multiple of register_rows = " +
                      llvm::Twine(schedule.registerRows));
  return std::nullopt;
}

static Violation checkBf16(const GemmProblem &problem) {
  if (problem.computeBits != 32)
    return refuse("multiply", "dot_bf16", "fma for sums in f64");
  if (problem.depth % 2 != 0)
    return refuse("multiply", "dot_bf16",
                  "fma for " + llvm::Twine(problem.depth) + " inputs");
  if (problem.input.name != "bf16")
    return refuse("multiply", "dot_bf16",
                  "fma for rows of " + problem.input.name);
  for (const GemmWeight &weight : problem.weights)
    if (weight.format.name != "bf16")
      return refuse("multiply", "dot_bf16",
                    "fma for weights of " + weight.format.name);
  return std::nullopt;
}

static Violation checkScratch(const Schedule &schedule,
                              const GemmProblem &problem) {
  // A tile packs either its weights or its rows, but both have their memory.
  int64_t panels = add(getPanelBytes(schedule, problem),
                       getPackedRowBytes(schedule, problem));
  if (panels > scratchLimit)
    return refuse("depth",
                  llvm::Twine(schedule.depth) + ", for which packs take " +
                      llvm::Twine(panels) + " bytes",
                  "at most " + llvm::Twine(scratchLimit) + " bytes");
  int64_t sums = getSumBytes(schedule, problem);
  if (sums > scratchLimit - panels)
    return refuse("rows",
                  llvm::Twine(schedule.rows) + ", for which sums take " +
                      llvm::Twine(sums) + " bytes",
                  "at most " + llvm::Twine(scratchLimit - panels) + " bytes");
  return std::nullopt;
}

Violation mlir::moe::checkSchedule(const Schedule &schedule,
                                   const GemmProblem *problem) {
  if (Violation violation = checkFields(schedule); violation || !problem)
    return violation;
  if (schedule.multiply == Schedule::Multiply::DotBf16)
    if (Violation violation = checkBf16(*problem))
      return violation;
  return checkScratch(schedule, *problem);
}

Violation mlir::moe::checkSchedule(const Schedule &schedule,
                                   const GemmProblem &problem,
                                   const Target &target) {
  if (Violation violation = checkSchedule(schedule, &problem))
    return violation;
  if (target.gpu)
    return refuse("lanes", "for a processor", "a schedule for a GPU");
  if (int64_t lanes = target.getLanes(problem.computeBits);
      schedule.lanes != lanes)
    return refuse("lanes", llvm::Twine(schedule.lanes), llvm::Twine(lanes));
  // A row of weights and one broadcast element of a row of inputs.
  int64_t registers = schedule.registerRows * schedule.registerVectors +
                      schedule.registerVectors + 1;
  if (registers > target.vectorRegisters)
    return refuse(
        "register_rows",
        llvm::Twine(schedule.registerRows) + ", which with " +
            llvm::Twine(schedule.registerVectors) + " register_vectors need " +
            llvm::Twine(registers) + " registers",
        "at most " + llvm::Twine(target.vectorRegisters) + " registers");
  if (schedule.multiply == Schedule::Multiply::DotBf16 && !target.hasAvx512Bf16)
    return refuse("multiply", "dot_bf16", "fma without avx512bf16");
  return std::nullopt;
}
