//===- StrictJson.h - JSON from files that nobody checked -------*- C++ -*-===//

#ifndef MOE_CHECKPOINT_STRICTJSON_H
#define MOE_CHECKPOINT_STRICTJSON_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace mlir::moe {

/// Parses `text` as `llvm::json::parse` does, but also refuses what that lets
/// pass: an object that has a key twice, and arrays and objects nested deeper
/// than `maxJsonDepth`, which would overflow the stack. Errors have no file
/// name.
llvm::Expected<llvm::json::Value> parseStrictJson(llvm::StringRef text);

/// More than any header, index or configuration needs.
inline constexpr unsigned maxJsonDepth = 64;

} // namespace mlir::moe

#endif // MOE_CHECKPOINT_STRICTJSON_H
