//===- StrictJsonTests.cpp - JSON from files that nobody checked ----------===//

#include "moe/Checkpoint/StrictJson.h"

#include "Fixtures.h"

using namespace mlir::moe;

namespace {

TEST(StrictJson, AcceptsWhatTheParserAccepts) {
  for (llvm::StringRef text :
       {"1", "\"a\"", "[]", "{}", R"([{"a": 1}, {"a": 1}])",
        R"({"a": {"a": ["a", "a"]}, "b": "a"})", R"({"a\"": 1, "a": "{"})",
        R"({"a": "}", "b": "]\\"})"}) {
    auto strict = parseStrictJson(text);
    ASSERT_TRUE(bool(strict)) << text.str();
    EXPECT_EQ(*strict, *llvm::json::parse(text));
  }
}

TEST(StrictJson, RefusesWhatTheParserRefuses) {
  for (llvm::StringRef text :
       {"", "{", "}", "]", "\"", "\"\\", "{\"", "{\"a\"", "{\"\\x\": 1}",
        "[1,]", "{,}", "[}", "1 2", "{\"\xff\": 1}"})
    EXPECT_EQ(getMessage(parseStrictJson(text)),
              getMessage(llvm::json::parse(text)))
        << text.str();
}

TEST(StrictJson, RefusesRepeatedKeys) {
  EXPECT_EQ(getMessage(parseStrictJson(R"({"a": 1, "b": 2, "a": 1})")),
            "repeated key 'a'");
  EXPECT_EQ(getMessage(parseStrictJson(R"([{"x": {"a": [], "\u0061": {}}}])")),
            "repeated key 'a'");
  EXPECT_EQ(getMessage(parseStrictJson(R"({"\n": 1, "\n": 2})")),
            "repeated key '\\x0a'");
}

TEST(StrictJson, RefusesDeepNesting) {
  auto nest = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(getMessage(parseStrictJson(nest(maxJsonDepth))), "no error");
  EXPECT_EQ(getMessage(parseStrictJson(nest(maxJsonDepth + 1))),
            "nested more than 64 levels deep");
  EXPECT_EQ(getMessage(parseStrictJson(std::string(10'000'000, '['))),
            "nested more than 64 levels deep");
}

} // namespace
