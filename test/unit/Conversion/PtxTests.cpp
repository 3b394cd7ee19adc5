//===- PtxTests.cpp -------------------------------------------------------===//

#include "moe/Conversion/Ptx.h"

#include "gtest/gtest.h"

using namespace mlir::moe;
using Kind = PtxOperand::Kind;

static std::vector<PtxInstruction> parse(llvm::StringRef text) {
  auto instructions = parsePtx(text);
  if (instructions)
    return std::move(*instructions);
  ADD_FAILURE() << llvm::toString(instructions.takeError());
  return {};
}

TEST(Ptx, ReadsAnInstruction) {
  auto instructions = parse("ld.global.nc.v2.b32 {$0, $1}, [$2+-16];");
  ASSERT_EQ(instructions.size(), 1u);
  const PtxInstruction &load = instructions[0];
  EXPECT_EQ(load.getName(), "ld");
  EXPECT_EQ(load.getModifiers(),
            (std::vector<llvm::StringRef>{"global", "nc", "v2", "b32"}));
  ASSERT_EQ(load.operands.size(), 2u);
  EXPECT_EQ(load.operands[0].kind, Kind::Vector);
  ASSERT_EQ(load.operands[0].elements.size(), 2u);
  EXPECT_EQ(load.operands[0].elements[1].slot, 1u);
  EXPECT_EQ(load.operands[1].kind, Kind::Address);
  EXPECT_EQ(load.operands[1].elements[0].slot, 2u);
  EXPECT_EQ(static_cast<int64_t>(load.operands[1].value), -16);
}

TEST(Ptx, ReadsBlocks) {
  auto instructions = parse("{\n .reg .pred p; // a comment; with more\n"
                            "setp.ne.b32 p, $0, 0;\n"
                            "@!p add.f32 $1, $1, 0f3F800000; }");
  ASSERT_EQ(instructions.size(), 2u);
  EXPECT_EQ(instructions[0].opcode, "setp.ne.b32");
  EXPECT_EQ(instructions[0].operands[0].name, "p");
  EXPECT_EQ(instructions[0].operands[2].value, 0u);
  ASSERT_EQ(instructions[1].guard.size(), 1u);
  EXPECT_TRUE(instructions[1].guardNegated);
  EXPECT_EQ(instructions[1].guard[0].name, "p");
  EXPECT_EQ(instructions[1].operands[2].value, 0x3f800000u);
}

TEST(Ptx, TakesInstructionsWithoutOperandsOrSemicolon) {
  EXPECT_EQ(parse("wgmma.fence.sync.aligned; ret").size(), 2u);
  EXPECT_TRUE(parse("").empty());
  auto numbers = parse("mov.b64 $0, 0x10");
  ASSERT_EQ(numbers.size(), 1u);
  EXPECT_EQ(numbers[0].operands[1].value, 16u);
}

TEST(Ptx, RefusesWhatItCannotRead) {
  for (llvm::StringRef text :
       {"loop: bra loop;", "mov.b32 $0, [$1", "ld.b32 {$0, $1;",
        "mov.b32 , $1;", "mov.b32 $0, 0fxyz;", "@ mov.b32 $0, $1;"}) {
    auto instructions = parsePtx(text);
    EXPECT_FALSE(static_cast<bool>(instructions)) << text.str();
    if (!instructions)
      llvm::consumeError(instructions.takeError());
  }
}
