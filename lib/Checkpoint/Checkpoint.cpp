//===- Checkpoint.cpp - The tensors of one or more files ------------------===//

#include "moe/Checkpoint/Checkpoint.h"

#include "Messages.h"
#include "moe/Checkpoint/StrictJson.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace mlir::moe;

static constexpr llvm::StringLiteral indexSuffix = ".safetensors.index.json";
static constexpr llvm::StringLiteral fileSuffix = ".safetensors";

llvm::Expected<Checkpoint> Checkpoint::open(llvm::ArrayRef<std::string> paths) {
  Checkpoint checkpoint;
  checkpoint.paths.assign(paths.begin(), paths.end());
  for (llvm::StringRef path : paths)
    if (llvm::Error error = checkpoint.openPath(path))
      return std::move(error);
  return checkpoint;
}

llvm::Error Checkpoint::openPath(llvm::StringRef path) {
  if (llvm::sys::fs::is_directory(path))
    return openDirectory(path);
  if (path.ends_with(".json"))
    return openIndex(path);
  return openFile(path);
}

llvm::Error Checkpoint::openFile(llvm::StringRef path) {
  auto file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  files.push_back(path.str());
  openFiles.push_back(std::move(*file));
  for (const TensorView &tensor : openFiles.back().getTensors())
    if (llvm::Error error = add(tensor.name, &tensor))
      return error;
  return llvm::Error::success();
}

/// The file of `names` to open: model<suffix> if there is one, else the only
/// one.
static llvm::StringRef chooseFile(llvm::ArrayRef<std::string> names,
                                  llvm::StringRef suffix) {
  llvm::SmallVector<llvm::StringRef> candidates;
  for (llvm::StringRef name : names) {
    if (name == ("model" + suffix).str())
      return name;
    if (name.ends_with(suffix))
      candidates.push_back(name);
  }
  return candidates.size() == 1 ? candidates.front() : "";
}

llvm::Error Checkpoint::openDirectory(llvm::StringRef path) {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(path, error), end;
       it != end && !error; it.increment(error))
    names.push_back(llvm::sys::path::filename(it->path()).str());
  if (error)
    return makeFileError(path, "cannot read: " + error.message());

  llvm::StringRef index = chooseFile(names, indexSuffix);
  llvm::StringRef name = index.empty() ? chooseFile(names, fileSuffix) : index;
  if (name.empty())
    return makeFileError(path, "found no 'model.safetensors.index.json', and "
                               "not exactly one '.safetensors' file");
  llvm::SmallString<128> file(path);
  llvm::sys::path::append(file, name);
  return index.empty() ? openFile(file) : openIndex(file);
}

/// Shards are files in the folder of the index or below it.
static bool isShardName(llvm::StringRef name) {
  return !name.empty() && !llvm::sys::path::is_absolute(name) &&
         llvm::none_of(llvm::make_range(llvm::sys::path::begin(name),
                                        llvm::sys::path::end(name)),
                       [](llvm::StringRef part) { return part == ".."; });
}

/// The names of the tensors in each shard, by the shard's name.
using ShardMap = std::map<std::string, std::vector<std::string>>;

static llvm::Expected<ShardMap> readIndex(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return makeFileError(path, "cannot read: " + buffer.getError().message());
  auto json = parseStrictJson((*buffer)->getBuffer());
  if (!json)
    return makeFileError(path, llvm::toString(json.takeError()));
  const llvm::json::Object *root = json->getAsObject();
  const llvm::json::Object *map =
      root ? root->getObject("weight_map") : nullptr;
  if (!map)
    return makeFileError(path, "found no object 'weight_map'");

  ShardMap shards;
  for (const auto &[name, value] : *map) {
    std::optional<llvm::StringRef> shard = value.getAsString();
    if (!shard)
      return makeFileError(path, "the shard of tensor " + quote(name) +
                                     " is not a string");
    if (!isShardName(*shard))
      return makeFileError(path, "the shard " + quote(*shard) + " of tensor " +
                                     quote(name) +
                                     " is not a file beside the index");
    shards[shard->str()].push_back(name.str());
  }
  return shards;
}

llvm::Error Checkpoint::openIndex(llvm::StringRef path) {
  auto shards = readIndex(path);
  if (!shards)
    return shards.takeError();
  for (auto &[shard, names] : *shards) {
    llvm::SmallString<128> file(llvm::sys::path::parent_path(path));
    llvm::sys::path::append(file, shard);
    files.push_back(file.str().str());
    bool isThere = llvm::sys::fs::exists(file);
    if (isThere) {
      auto opened = SafetensorsFile::open(file);
      if (!opened)
        return opened.takeError();
      openFiles.push_back(std::move(*opened));
    }
    llvm::sort(names);
    for (llvm::StringRef name : names) {
      const TensorView *tensor =
          isThere ? openFiles.back().find(name) : nullptr;
      if (isThere && !tensor)
        return makeFileError(file, "found no tensor " + quote(name) +
                                       ", which " + path + " expects here");
      if (llvm::Error error = add(name, tensor))
        return error;
    }
  }
  return llvm::Error::success();
}

llvm::Error Checkpoint::add(llvm::StringRef name, const TensorView *tensor) {
  Entry entry{tensor ? *tensor : TensorView(), tensor != nullptr,
              files.size() - 1};
  auto [it, isNew] = entries.try_emplace(name, entry);
  if (!isNew)
    return makeFileError(files.back(), "tensor " + quote(name) +
                                           " is also in " +
                                           files[it->second.file]);
  return llvm::Error::success();
}

llvm::Expected<TensorView> Checkpoint::get(llvm::StringRef name) const {
  auto it = entries.find(name);
  if (it == entries.end())
    return makeFileError(describe(), "found no tensor " + quote(name));
  const Entry &entry = it->second;
  if (!entry.isThere)
    return makeFileError(files[entry.file], "no such file, expected tensor " +
                                                quote(name) + " in it");
  return entry.tensor;
}

llvm::StringRef Checkpoint::getFile(llvm::StringRef name) const {
  auto it = entries.find(name);
  return it == entries.end() ? "" : llvm::StringRef(files[it->second.file]);
}

std::string Checkpoint::describe() const { return llvm::join(paths, ", "); }
