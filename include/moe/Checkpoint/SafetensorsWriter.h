//===- SafetensorsWriter.h - Write tensors to one file ----------*- C++ -*-===//

#ifndef MOE_CHECKPOINT_SAFETENSORSWRITER_H
#define MOE_CHECKPOINT_SAFETENSORSWRITER_H

#include "moe/Checkpoint/Tensor.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::moe {

/// Writes `tensors` in the safetensors format to `output`. The bytes depend on
/// the tensors alone, not on their order: larger element types come first, so
/// that all elements are aligned, then names in order; the header is padded to
/// 8 bytes. It is an error, without a file name, if a name is repeated, is not
/// UTF-8, or is "__metadata__"; nothing is written then.
llvm::Error writeSafetensors(llvm::raw_ostream &output,
                             llvm::ArrayRef<TensorView> tensors);

/// Writes them to the file `path` with `writeFile`. The file may be mapped by
/// `tensors`.
llvm::Error writeSafetensors(llvm::StringRef path,
                             llvm::ArrayRef<TensorView> tensors);

} // namespace mlir::moe

#endif // MOE_CHECKPOINT_SAFETENSORSWRITER_H
