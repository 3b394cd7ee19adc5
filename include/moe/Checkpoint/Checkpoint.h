//===- Checkpoint.h - The tensors of one or more files ----------*- C++ -*-===//

#ifndef MOE_CHECKPOINT_CHECKPOINT_H
#define MOE_CHECKPOINT_CHECKPOINT_H

#include "moe/Checkpoint/SafetensorsFile.h"
#include "llvm/ADT/StringMap.h"
#include <string>

namespace mlir::moe {

/// All tensors of a model, in one safetensors file or in many.
///
/// A shard that an index names but that is not there is no error until one of
/// its tensors is asked for: a single layer of a large model needs few shards.
class Checkpoint {
public:
  /// Opens every path: a safetensors file, an index
  /// (`model.safetensors.index.json`: {"weight_map": {"name": "file", ...}}),
  /// or a directory with one of the two, the index going first. Errors, of the
  /// form "<path>: <cause>", are those of `SafetensorsFile`, an index of
  /// another form or that names a tensor its shard lacks, and a tensor that two
  /// files have.
  static llvm::Expected<Checkpoint> open(llvm::ArrayRef<std::string> paths);

  /// Whether there is a tensor of that name, be its shard there or not.
  bool contains(llvm::StringRef name) const { return entries.contains(name); }

  /// The tensor of that full name. An error if there is none, or if its shard
  /// is absent. The view lives as long as the checkpoint or one it was moved
  /// to.
  llvm::Expected<TensorView> get(llvm::StringRef name) const;

  /// The file that has or should have the tensor of that full name; empty if
  /// there is no such tensor.
  llvm::StringRef getFile(llvm::StringRef name) const;

  /// The prefix P, such as "model.layers.3.", for which a tensor P + name
  /// exists for every one of `relativeNames`. P is empty or ends in a dot.
  ///
  /// `layer` chooses if several would do: "" is no choice, "3" the layer with
  /// that number (the last number in P), "decoder.layers.3" the prefix itself,
  /// with or without the last dot. A checkpoint that has the names without a
  /// prefix has one layer, whatever number was chosen.
  ///
  /// Errors name the tensor that the most complete candidate lacks, and the
  /// layers there are to choose from.
  llvm::Expected<std::string>
  findLayerPrefix(llvm::ArrayRef<std::string> relativeNames,
                  llvm::StringRef layer = "") const;

private:
  struct Entry {
    /// Meaningful only if `isThere`.
    TensorView tensor;
    bool isThere;
    /// The file the tensor is or should be in, an index into `files`.
    size_t file;
  };

  llvm::Error openPath(llvm::StringRef path);
  llvm::Error openFile(llvm::StringRef path);
  llvm::Error openIndex(llvm::StringRef path);
  llvm::Error openDirectory(llvm::StringRef path);
  /// Adds a tensor of the last file; it is null if the file is absent.
  llvm::Error add(llvm::StringRef name, const TensorView *tensor);
  /// All paths given to `open`, for errors that concern none in particular.
  std::string describe() const;

  std::vector<std::string> paths;
  std::vector<std::string> files;
  std::vector<SafetensorsFile> openFiles;
  llvm::StringMap<Entry> entries;
};

} // namespace mlir::moe

#endif // MOE_CHECKPOINT_CHECKPOINT_H
