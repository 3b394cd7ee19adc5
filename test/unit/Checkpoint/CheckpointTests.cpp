//===- CheckpointTests.cpp - The tensors of one or more files -------------===//

#include "moe/Checkpoint/Checkpoint.h"

#include "Fixtures.h"

using namespace mlir::moe;

namespace {

class CheckpointTest : public testing::Test {
protected:
  TemporaryFolder folder;

  std::string openMessage(const std::string &path) {
    return getMessage(Checkpoint::open(path));
  }

  /// Writes an index, with this "weight_map".
  std::string writeIndex(llvm::StringRef map) {
    return folder.write("model.safetensors.index.json",
                        ("{\"weight_map\": " + map + "}").str());
  }
};

TEST_F(CheckpointTest, OpensSeveralFiles) {
  std::string paths[] = {folder.write("1.safetensors", makeFile({"a", "b"})),
                         folder.write("2.safetensors", makeFile({"c"}))};
  auto checkpoint = Checkpoint::open(paths);
  ASSERT_TRUE(bool(checkpoint)) << getMessage(std::move(checkpoint));
  for (llvm::StringRef name : {"a", "b", "c"}) {
    EXPECT_TRUE(checkpoint->contains(name));
    EXPECT_EQ(checkpoint->get(name)->name, name);
  }
  EXPECT_FALSE(checkpoint->contains("d"));
  EXPECT_EQ(getMessage(checkpoint->get("d")),
            paths[0] + ", " + paths[1] + ": found no tensor 'd'");
}

TEST_F(CheckpointTest, RefusesATensorInTwoFiles) {
  std::string paths[] = {folder.write("1", makeFile({"a"})),
                         folder.write("2", makeFile({"b", "a"}))};
  EXPECT_EQ(getMessage(Checkpoint::open(paths)),
            paths[1] + ": tensor 'a' is also in " + paths[0]);
}

TEST_F(CheckpointTest, PassesOnErrorsOfFiles) {
  std::string path = folder.write("f", "text");
  EXPECT_EQ(openMessage(path),
            path + ": found 4 bytes, expected at least the 8 of the header "
                   "length");
}

TEST_F(CheckpointTest, OpensAnIndex) {
  folder.write("1.safetensors", makeFile({"a", "unlisted"}));
  folder.write("2.safetensors", makeFile({"b"}));
  std::string index = writeIndex(
      R"({"a": "1.safetensors", "b": "2.safetensors", "c": "3.safetensors"})");
  auto checkpoint = Checkpoint::open(index);
  ASSERT_TRUE(bool(checkpoint)) << getMessage(std::move(checkpoint));
  EXPECT_TRUE(bool(checkpoint->get("a")));
  EXPECT_EQ(checkpoint->get("b")->name, "b");
  EXPECT_FALSE(checkpoint->contains("unlisted"));
  // A shard that was not downloaded matters only when it is needed.
  EXPECT_TRUE(checkpoint->contains("c"));
  EXPECT_EQ(getMessage(checkpoint->get("c")),
            (folder / "3.safetensors") +
                ": no such file, expected tensor 'c' in it");
}

TEST_F(CheckpointTest, RefusesABadIndex) {
  std::string absent = folder / "model.safetensors.index.json";
  EXPECT_EQ(openMessage(absent),
            absent + ": cannot read: No such file or directory");
  std::string path = folder.write("i.json", "{]");
  EXPECT_EQ(openMessage(path), path + ": [1:2, byte=2]: Expected object key");
  for (llvm::StringRef text : {"[]", "{}", R"({"weight_map": []})"}) {
    path = folder.write("i.json", text);
    EXPECT_EQ(openMessage(path), path + ": found no object 'weight_map'");
  }
  path = writeIndex(R"({"a": 1})");
  EXPECT_EQ(openMessage(path),
            path + ": the shard of tensor 'a' is not a string");
  for (std::string shard : {"", "/etc/passwd", "../f", "a/../../f"}) {
    path = writeIndex("{\"a\": \"" + shard + "\"}");
    EXPECT_EQ(openMessage(path), path + ": the shard '" + shard +
                                     "' of tensor 'a' is not a file beside the "
                                     "index");
  }
}

TEST_F(CheckpointTest, RefusesABadShard) {
  std::string shard = folder.write("s", makeFile({"a"}));
  std::string path = writeIndex(R"({"a": "s", "b": "s"})");
  EXPECT_EQ(openMessage(path),
            shard + ": found no tensor 'b', which " + path + " expects here");
  folder.write("s", "");
  EXPECT_EQ(openMessage(path), shard + ": found 0 bytes, expected at least the "
                                       "8 of the header length");
}

TEST_F(CheckpointTest, OpensADirectory) {
  std::string directory = folder / ".";
  std::string none = directory +
                     ": found no 'model.safetensors.index.json', and "
                     "not exactly one '.safetensors' file";
  EXPECT_EQ(openMessage(directory), none);
  folder.write("config.json", "{}");
  folder.write("only.safetensors", makeFile({"only"}));
  EXPECT_TRUE(Checkpoint::open(directory)->contains("only"));
  folder.write("other.safetensors", makeFile({"other"}));
  EXPECT_EQ(openMessage(directory), none);
  folder.write("model.safetensors", makeFile({"model"}));
  EXPECT_TRUE(Checkpoint::open(directory)->contains("model"));
  folder.write("other.safetensors.index.json",
               R"({"weight_map": {"other": "other.safetensors"}})");
  EXPECT_TRUE(Checkpoint::open(directory)->contains("other"));
  writeIndex(R"({"only": "only.safetensors"})");
  EXPECT_TRUE(Checkpoint::open(directory)->contains("only"));
}

TEST_F(CheckpointTest, StaysValidWhenMoved) {
  auto opened = Checkpoint::open(folder.write("f", makeFile({"a"})));
  ASSERT_TRUE(bool(opened));
  TensorView tensor = *opened->get("a");
  Checkpoint checkpoint = std::move(*opened);
  EXPECT_EQ(tensor.name, "a");
  EXPECT_EQ(checkpoint.get("a")->data, tensor.data);
}

} // namespace
