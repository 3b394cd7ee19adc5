//===- StrictJson.cpp - JSON from files that nobody checked ---------------===//

#include "moe/Checkpoint/StrictJson.h"

#include "Messages.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir::moe;

namespace {
/// An array or object whose end has not been reached.
struct OpenValue {
  bool isObject;
  /// The next string is a key of this object.
  bool expectsKey;
  llvm::StringSet<> keys;
};
} // namespace

/// The string literal, with its quotes, at the start of `text`; nothing if it
/// has no end.
static llvm::StringRef takeString(llvm::StringRef text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return text.take_front(i + 1);
  }
  return {};
}

/// Checks depth and keys only. What is not JSON may pass, for the parser to
/// find.
static llvm::Error checkStructure(llvm::StringRef text) {
  std::vector<OpenValue> open;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
    case '{':
    case '[':
      if (open.size() == maxJsonDepth)
        return llvm::createStringError(
            "nested more than " + llvm::Twine(maxJsonDepth) + " levels deep");
      open.push_back({text[i] == '{', text[i] == '{', {}});
      break;
    case '}':
    case ']':
      if (open.empty())
        return llvm::Error::success();
      open.pop_back();
      break;
    case ',':
      if (!open.empty())
        open.back().expectsKey = open.back().isObject;
      break;
    case '"': {
      llvm::StringRef literal = takeString(text.drop_front(i));
      if (literal.empty())
        return llvm::Error::success();
      i += literal.size() - 1;
      if (open.empty() || !std::exchange(open.back().expectsKey, false))
        break;
      // Escapes give one key many spellings.
      auto key = llvm::json::parse(literal);
      if (!key) {
        llvm::consumeError(key.takeError());
        return llvm::Error::success();
      }
      if (!open.back().keys.insert(*key->getAsString()).second)
        return llvm::createStringError("repeated key " +
                                       quote(*key->getAsString()));
      break;
    }
    default:
      break;
    }
  }
  return llvm::Error::success();
}

llvm::Expected<llvm::json::Value>
mlir::moe::parseStrictJson(llvm::StringRef text) {
  if (llvm::Error error = checkStructure(text))
    return std::move(error);
  return llvm::json::parse(text);
}
