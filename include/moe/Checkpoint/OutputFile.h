//===- OutputFile.h - Write files whole or not at all -----------*- C++ -*-===//

#ifndef MOE_CHECKPOINT_OUTPUTFILE_H
#define MOE_CHECKPOINT_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::moe {

/// Writes the file `path`, or standard output if it is "-", with what `write`
/// puts into a stream. The file appears whole or not at all: it is written
/// beside its place, synchronised and renamed. An existing file is replaced,
/// and may be mapped meanwhile. A device or pipe is written directly. Errors,
/// also those of `write`, become "<path>: cannot write: <cause>".
llvm::Error
writeFile(llvm::StringRef path,
          llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write);

} // namespace mlir::moe

#endif // MOE_CHECKPOINT_OUTPUTFILE_H
