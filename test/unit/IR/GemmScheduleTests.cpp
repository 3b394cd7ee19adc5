//===- GemmScheduleTests.cpp - Schedules as attributes --------------------===//

#include "moe/IR/GemmSchedule.h"

#include "mlir/AsmParser/AsmParser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace mlir::moe;

namespace {

class GemmSchedule : public testing::TestWithParam<Schedule::Multiply> {
protected:
  GemmSchedule() { context.loadDialect<MoEDialect>(); }

  MLIRContext context;
  /// No two fields are equal, so that none can stand for another.
  Schedule schedule{256, 96, 1024, 16, 8, 3, 32, GetParam()};
};

TEST_P(GemmSchedule, IsTheSameAsAttribute) {
  EXPECT_EQ(toSchedule(toAttribute(&context, schedule)), schedule);
}

TEST_P(GemmSchedule, TextIsThatOfTheAttribute) {
  std::string text;
  llvm::raw_string_ostream(text) << schedule;
  EXPECT_EQ(parseAttribute(text, &context), toAttribute(&context, schedule));
  std::string printed;
  llvm::raw_string_ostream(printed) << toAttribute(&context, schedule);
  EXPECT_EQ(text, printed);
}

INSTANTIATE_TEST_SUITE_P(Instructions, GemmSchedule,
                         testing::Values(Schedule::Multiply::Fma,
                                         Schedule::Multiply::DotBf16));

} // namespace
