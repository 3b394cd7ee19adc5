//===- Messages.h - Errors that name a file ---------------------*- C++ -*-===//

#ifndef MOE_LIB_CHECKPOINT_MESSAGES_H
#define MOE_LIB_CHECKPOINT_MESSAGES_H

#include "llvm/Support/Error.h"

namespace mlir::moe {

/// `text` in single quotes, fit for a line of a terminal whatever is in it:
/// control characters are escaped, and a long text is cut.
std::string quote(llvm::StringRef text);

/// The error "<file>: <cause>".
llvm::Error makeFileError(llvm::StringRef file, const llvm::Twine &cause);

} // namespace mlir::moe

#endif // MOE_LIB_CHECKPOINT_MESSAGES_H
