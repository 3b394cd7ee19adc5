//===- SplitTasksTests.cpp - Parts of code that are compiled one by one ---===//

#include "moe/Bundle/ObjectCode.h"
#include "moe/InitAll.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::moe;

namespace {

/// A function that adds a number so often, and then `more`.
std::string makeTask(const std::string &name, double addend, int length,
                     const std::string &more = "") {
  std::string text = "llvm.func internal @" + name +
                     "(%a0: f32) -> f32 {\n%c = llvm.mlir.constant(" +
                     std::to_string(addend) + " : f32) : f32\n";
  for (int i = 0; i < length; ++i)
    text += "%a" + std::to_string(i + 1) + " = llvm.fadd %a" +
            std::to_string(i) + ", %c : f32\n";
  return text + more + "llvm.return %a" + std::to_string(length) +
         " : f32\n}\n";
}

std::string makeEntry(const std::string &task) {
  return "llvm.func @entry_" + task + "(%a: f32) -> f32 {\n%r = llvm.call @" +
         task + "(%a) : (f32) -> f32\nllvm.return %r : f32\n}\n";
}

std::vector<CodePart> split(const std::string &text) {
  DialectRegistry registry;
  mlir::moe::registerAllDialects(registry);
  registerAllToLLVMIRTranslations(registry);
  MLIRContext context(registry);
  auto module = parseSourceString<ModuleOp>(text, &context);
  EXPECT_TRUE(module);
  auto parts = splitTasks(*module);
  EXPECT_TRUE(bool(parts));
  return std::move(*parts);
}

TEST(SplitTasks, EqualFunctionsHaveOneName) {
  auto one = split(makeTask("one", 1, 300) + makeEntry("one"));
  // The same in another code, beside one that differs in a number.
  auto both = split(makeTask("other", 2, 300) + makeTask("same", 1, 300) +
                    makeEntry("other") + makeEntry("same"));
  ASSERT_EQ(one.size(), 2u);
  ASSERT_EQ(both.size(), 3u);
  EXPECT_EQ(one[0].task, both[1].task);
  EXPECT_EQ(one[0].bitcode, both[1].bitcode);
  EXPECT_NE(one[0].task, both[0].task);
  EXPECT_EQ(one[1].task, "");
  EXPECT_EQ(both[2].task, "");
}

TEST(SplitTasks, EqualFunctionsOfOneCode) {
  auto parts = split(makeTask("one", 1, 300) + makeTask("two", 1, 300) +
                     makeEntry("one") + makeEntry("two"));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].task, parts[1].task);
}

TEST(SplitTasks, FunctionsThatStay) {
  // A short one.
  EXPECT_EQ(split(makeTask("one", 1, 10) + makeEntry("one")).size(), 1u);
  // One that others can call.
  std::string text = makeTask("one", 1, 300);
  text.replace(text.find("internal "), 9, "");
  EXPECT_EQ(split(text + makeEntry("one")).size(), 1u);
  // One whose memory only one function may have, and one that calls another.
  std::string use = "%p = llvm.mlir.addressof @state : !llvm.ptr\n"
                    "llvm.store %c, %p : f32, !llvm.ptr\n";
  std::string state = "llvm.mlir.global internal @state(0.0 : f32) : f32\n";
  EXPECT_EQ(
      split(state + makeTask("one", 1, 300, use) + makeEntry("one")).size(),
      1u);
  std::string call = "%r = llvm.call @two(%c) : (f32) -> f32\n";
  EXPECT_EQ(split(makeTask("one", 1, 300, call) + makeTask("two", 1, 10) +
                  makeEntry("one"))
                .size(),
            1u);
  // A constant may be there twice.
  std::string constant =
      "llvm.mlir.global internal constant @state(0.0 : f32) : f32\n";
  std::string load = "%p = llvm.mlir.addressof @state : !llvm.ptr\n"
                     "%l = llvm.load volatile %p : !llvm.ptr -> f32\n";
  EXPECT_EQ(
      split(constant + makeTask("one", 1, 300, load) + makeEntry("one")).size(),
      2u);
}

} // namespace
