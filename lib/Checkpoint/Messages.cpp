//===- Messages.cpp - Errors that name a file -----------------------------===//

#include "Messages.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir::moe;

static std::string escapeControls(llvm::StringRef text) {
  std::string result;
  for (char c : text) {
    auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f)
      result += "\\x" + llvm::toHex(llvm::ArrayRef(byte), /*LowerCase=*/true);
    else
      result += c;
  }
  return result;
}

std::string mlir::moe::quote(llvm::StringRef text) {
  constexpr size_t longest = 200;
  bool isCut = text.size() > longest;
  return "'" + escapeControls(text.take_front(longest)) + (isCut ? "..." : "") +
         "'";
}

llvm::Error mlir::moe::makeFileError(llvm::StringRef file,
                                     const llvm::Twine &cause) {
  return llvm::createStringError(escapeControls(file) + ": " + cause);
}
