//===- SafetensorsFile.h - Read tensors from one file -----------*- C++ -*-===//

#ifndef MOE_CHECKPOINT_SAFETENSORSFILE_H
#define MOE_CHECKPOINT_SAFETENSORSFILE_H

#include "moe/Checkpoint/Tensor.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <vector>

namespace mlir::moe {

/// The tensors of one safetensors file. The file is mapped, never copied: its
/// pages are read when tensors are, and must not be truncated meanwhile.
///
/// The layout is 8 bytes of header length (little endian), the header, and the
/// elements of all tensors back to back. The header is a JSON object
///   {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
/// with offsets relative to its end, and optionally "__metadata__", an object
/// of strings, which is checked and not kept.
///
/// Refused, each with an error "<file>: <cause>": everything that is not this,
/// a header over 100 MB, an unsupported element type, a repeated name, and
/// elements that overlap, leave a gap, or do not end with the file.
class SafetensorsFile {
public:
  /// Maps the file `path`; "-" reads standard input.
  static llvm::Expected<SafetensorsFile> open(llvm::StringRef path);

  /// Reads `file`, which must live longer than the result. Its identifier names
  /// it in errors.
  static llvm::Expected<SafetensorsFile> parse(llvm::MemoryBufferRef file);

  /// Sorted by name. Valid as long as this object or one it was moved to.
  llvm::ArrayRef<TensorView> getTensors() const { return tensors; }

  /// The tensor `name`, or null.
  const TensorView *find(llvm::StringRef name) const;

private:
  SafetensorsFile() = default;

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  /// Holds names and shapes.
  llvm::BumpPtrAllocator storage;
  std::vector<TensorView> tensors;
};

} // namespace mlir::moe

#endif // MOE_CHECKPOINT_SAFETENSORSFILE_H
