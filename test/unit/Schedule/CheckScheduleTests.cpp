//===- CheckScheduleTests.cpp - Which schedules are legal -----------------===//

#include "Problems.h"
#include "moe/Schedule/CheckSchedule.h"

#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

constexpr Schedule legal{256, 48, 1024, 16, 8, 3, 16};
constexpr Schedule legalBf16{256, 48, 1024, 16,
                             8,   3,  16,   Schedule::Multiply::DotBf16};

/// What is wrong with a schedule for a target, or "".
std::string check(const Schedule &schedule, const GemmProblem &problem,
                  llvm::StringRef target = "znver4") {
  auto violation = checkSchedule(schedule, problem, getTarget(target));
  return violation ? violation->getMessage() : "";
}

std::string check(const Schedule &schedule) {
  return check(schedule, makeProblem(2048, 1024, 2, f32()));
}

TEST(CheckSchedule, Legal) { EXPECT_EQ(check(legal), ""); }

/// `legal` with another value of one field.
Schedule with(int64_t Schedule::*field, int64_t value) {
  Schedule schedule = legal;
  schedule.*field = value;
  return schedule;
}

TEST(CheckSchedule, EveryFieldHasARange) {
  for (const ScheduleField &field : getScheduleFields()) {
    bool stream = field.value == &Schedule::streamRows;
    for (int64_t value : {int64_t(stream ? -1 : 0), int64_t(-5),
                          std::numeric_limits<int64_t>::min(),
                          std::numeric_limits<int64_t>::max()}) {
      auto violation = checkSchedule(with(field.value, value), nullptr);
      ASSERT_TRUE(violation) << field.name.str() << ' ' << value;
      // Rows below stream_rows are an error of either.
      if (field.value != &Schedule::rows)
        EXPECT_EQ(violation->field, field.name);
      EXPECT_EQ(violation->found, std::to_string(value));
    }
  }
}

TEST(CheckSchedule, ColumnsAreWholePanels) {
  EXPECT_EQ(check(with(&Schedule::columns, 64)),
            "schedule field 'columns' is 64, expected a multiple of "
            "register_vectors * lanes = 48");
}

TEST(CheckSchedule, RowsAreWholeBlocks) {
  EXPECT_EQ(check(with(&Schedule::rows, 252)),
            "schedule field 'rows' is 252, expected a multiple of "
            "register_rows = 8");
}

TEST(CheckSchedule, LanesAreThoseOfTheTarget) {
  Schedule schedule{256, 24, 1024, 16, 4, 3, 8};
  EXPECT_EQ(check(schedule), "schedule field 'lanes' is 8, expected 16");
  EXPECT_EQ(check(schedule, makeProblem(2048, 1024, 2, f32()), "x86-64-v3"),
            "");
  // A register holds half as many numbers in f64.
  GemmProblem wide = makeProblem(64, 64, 1, {"f64", 64});
  wide.computeBits = 64;
  EXPECT_EQ(check(schedule, wide), "");
  EXPECT_EQ(check(legal, wide), "schedule field 'lanes' is 16, expected 8");
}

TEST(CheckSchedule, BlockFitsRegisters) {
  // 9 * 3 sums, 3 vectors of weights and one of an input.
  Schedule schedule = legal;
  schedule.rows = 90;
  schedule.registerRows = 9;
  EXPECT_EQ(check(schedule), "");
  schedule.registerRows = 10;
  EXPECT_EQ(check(schedule),
            "schedule field 'register_rows' is 10, which with 3 "
            "register_vectors need 34 registers, expected at most 32 "
            "registers");
  Schedule narrow{256, 24, 1024, 16, 4, 3, 8};
  GemmProblem problem = makeProblem(2048, 1024, 2, f32());
  EXPECT_EQ(check(narrow, problem, "x86-64-v3"), "");
  narrow.registerRows = 8;
  EXPECT_NE(check(narrow, problem, "x86-64-v3"), "");
}

TEST(CheckSchedule, Bf16NeedsTypesAndInstruction) {
  EXPECT_EQ(check(legalBf16, makeProblem(2048, 1024, 2, bf16())), "");
  EXPECT_EQ(check(legalBf16, makeProblem(2048, 1024, 2, bf16()), "x86-64-v4"),
            "schedule field 'multiply' is dot_bf16, expected fma without "
            "avx512bf16");
  EXPECT_NE(check(legalBf16, makeProblem(2048, 1024, 2, f32())), "");
  GemmProblem mixed = makeProblem(2048, 1024, 2, bf16());
  mixed.weights[1].format = {"mxfp4", 4.25, true};
  EXPECT_EQ(check(legalBf16, mixed),
            "schedule field 'multiply' is dot_bf16, expected fma for weights "
            "of mxfp4");
  EXPECT_EQ(check(legalBf16, makeProblem(2047, 1024, 2, bf16())),
            "schedule field 'multiply' is dot_bf16, expected fma for 2047 "
            "inputs");
}

TEST(CheckSchedule, PanelsFitScratch) {
  // 2 * 2560 * 48 * 4 bytes of weights leave room for 128 rows of
  // 2 * (48 + 16) sums.
  GemmProblem problem = makeProblem(4096, 1024, 2, f32());
  Schedule schedule = with(&Schedule::depth, 2560);
  schedule.streamRows = 0;
  EXPECT_EQ(getPanelBytes(schedule, problem), 983040);
  EXPECT_EQ(getSumBytes(schedule, problem), 131072);
  schedule.rows = 128;
  EXPECT_EQ(check(schedule, problem), "");
  schedule.rows = 136;
  EXPECT_EQ(check(schedule, problem),
            "schedule field 'rows' is 136, for which sums take 69632 bytes, "
            "expected at most 65536 bytes");
  schedule.depth = 2731;
  EXPECT_EQ(check(schedule, problem),
            "schedule field 'depth' is 2731, for which packs take 1050624 "
            "bytes, expected at most 1048576 bytes");
  // A schedule that never packs needs no panels.
  for (GemmWeight &weight : problem.weights)
    weight.outIn = false;
  schedule.streamRows = schedule.rows;
  EXPECT_EQ(check(schedule, problem), "");
}

TEST(CheckSchedule, PackedRowsFitScratch) {
  // 64 of at most 71 rows are in groups: 64 * 2736 * 4 bytes of rows, and
  // 2 * 64 * (48 + 6) * 4 of their sums.
  GemmProblem problem = makeProblem(4096, 1024, 2, f32());
  Schedule schedule{72, 48, 2731, 71, 8, 3, 16};
  EXPECT_EQ(countPackedRows(schedule, problem), 64);
  EXPECT_EQ(getPackedRowBytes(schedule, problem), 700416 + 27648);
  schedule.rows = schedule.streamRows = 128;
  EXPECT_EQ(check(schedule, problem),
            "schedule field 'depth' is 2731, for which packs take 1456128 "
            "bytes, expected at most 1048576 bytes");
  // Weights that are decoded, or lie otherwise, meet no packed rows.
  problem.weights[0].format = problem.weights[1].format = bf16();
  EXPECT_EQ(countPackedRows(schedule, problem), 0);
  problem.input = bf16();
  schedule.multiply = Schedule::Multiply::DotBf16;
  EXPECT_EQ(countPackedRows(schedule, problem), 128);
  problem.weights[0].outIn = problem.weights[1].outIn = false;
  EXPECT_EQ(countPackedRows(schedule, problem), 0);
  // These rows fill no vector.
  problem.weights[0].outIn = true;
  schedule.streamRows = 15;
  EXPECT_EQ(countPackedRows(schedule, problem), 0);
}

TEST(CheckSchedule, GroupsOfRowsFitRegisters) {
  EXPECT_EQ(getRowGroups(16, 32), (llvm::SmallVector<int64_t, 4>{64, 32, 16}));
  EXPECT_EQ(getRowGroups(8, 64), (llvm::SmallVector<int64_t, 4>{32, 16, 8}));
  EXPECT_EQ(getRowGroups(8, 32), (llvm::SmallVector<int64_t, 4>{16, 8}));
}

TEST(CheckSchedule, ColumnsAlongInputsFitRegisters) {
  EXPECT_EQ(getMostDotRows(16, 32), 5);
  EXPECT_EQ(getMostDotRows(8, 32), 3);
  for (int64_t lanes : {8, 16})
    for (int64_t rows = 1; rows <= getMostDotRows(lanes, 32); ++rows) {
      int64_t columns = getDotColumns(rows, lanes, 32);
      EXPECT_LE(rows * columns + columns + 1, lanes == 16 ? 32 : 16);
      EXPECT_EQ(sharedColumns % columns, 0);
    }
  EXPECT_EQ(getDotColumns(1, 16, 32), 8);
  EXPECT_EQ(getDotColumns(4, 16, 32), 6);
  EXPECT_EQ(getDotColumns(5, 16, 32), 4);
}

TEST(CheckSchedule, PanelsAreWholeSquares) {
  // As deep as the problem, in steps of 16 inputs, or pairs of them.
  GemmProblem problem = makeProblem(100, 1024, 1, bf16());
  EXPECT_EQ(getPanelBytes(legal, problem), 112 * 48 * 4);
  EXPECT_EQ(getPanelBytes(legalBf16, problem), 128 * 48 * 2);
}

TEST(CheckSchedule, SizesThatOverflowAreTooLarge) {
  for (int64_t depth : {int64_t(1) << 62, std::numeric_limits<int64_t>::max()})
    EXPECT_NE(check({65536, 65536, 65536, 0, 1, 1, 16},
                    makeProblem(depth, 1024, 1 << 12, f32())),
              "");
}

} // namespace
