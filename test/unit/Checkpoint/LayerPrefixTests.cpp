//===- LayerPrefixTests.cpp - Find a layer by its tensors' names ----------===//

#include "Fixtures.h"
#include "moe/Checkpoint/Checkpoint.h"

using namespace mlir::moe;

namespace {

const std::vector<std::string> names = {"mlp.gate.weight",
                                        "mlp.experts.0.up.weight"};

/// The prefix or the error for `names` in a file "f" of these tensors.
std::string findPrefix(std::initializer_list<llvm::StringRef> tensors,
                       llvm::StringRef layer = "",
                       const std::vector<std::string> &relative = names) {
  TemporaryFolder folder;
  std::string path = folder.write("f", makeFile(tensors));
  auto checkpoint = Checkpoint::open(path);
  if (!checkpoint)
    return getMessage(std::move(checkpoint));
  auto prefix = checkpoint->findLayerPrefix(relative, layer);
  if (prefix)
    return *prefix;
  std::string message = llvm::toString(prefix.takeError());
  EXPECT_EQ(message.substr(0, path.size() + 2), path + ": ");
  return message.substr(path.size() + 2);
}

TEST(LayerPrefix, TheOnlyLayer) {
  EXPECT_EQ(findPrefix({"model.layers.3.mlp.gate.weight",
                        "model.layers.3.mlp.experts.0.up.weight",
                        "model.layers.3.mlp.experts.1.up.weight",
                        "model.layers.2.mlp.up.weight", "lm_head.weight"}),
            "model.layers.3.");
}

TEST(LayerPrefix, NoPrefix) {
  EXPECT_EQ(findPrefix({"mlp.gate.weight", "mlp.experts.0.up.weight"}), "");
  EXPECT_EQ(findPrefix({"mlp.gate.weight", "mlp.experts.0.up.weight"}, "7"),
            "");
  EXPECT_EQ(findPrefix({"a"}, "", {}), "");
}

TEST(LayerPrefix, PartsOfWordsDoNotCount) {
  EXPECT_EQ(findPrefix({"a.xmlp.gate.weight", "a.xmlp.experts.0.up.weight"}),
            "found no tensor whose name ends in 'mlp.gate.weight'");
}

TEST(LayerPrefix, Choice) {
  auto find = [](llvm::StringRef layer) {
    return findPrefix({"l.1.mlp.gate.weight", "l.1.mlp.experts.0.up.weight",
                       "l.2.mlp.gate.weight", "l.2.mlp.experts.0.up.weight",
                       "l.4.mlp.gate.weight", "l.4.mlp.experts.0.up.weight",
                       "l.12.mlp.gate.weight"},
                      layer);
  };
  EXPECT_EQ(find("2"), "l.2.");
  EXPECT_EQ(find("l.4"), "l.4.");
  EXPECT_EQ(find("l.4."), "l.4.");
  EXPECT_EQ(find(""), "found 3 layers with the tensors, choose one with "
                      "--layer=N, where N is one of 1-2, 4");
  EXPECT_EQ(find("3"), "found no layer '3' with such tensors; choose one with "
                       "--layer=N, where N is one of 1-2, 4");
  EXPECT_EQ(find("12"),
            "found no tensor 'l.12.mlp.experts.0.up.weight', though "
            "1 of the 2 expected ones; choose one with --layer=N, "
            "where N is one of 1-2, 4");
}

TEST(LayerPrefix, StacksWithTheSameNumbers) {
  auto find = [](llvm::StringRef layer) {
    return findPrefix({"decoder.0.a", "encoder.0.a", "encoder.1.a"}, layer,
                      {"a"});
  };
  EXPECT_EQ(find("1"), "encoder.1.");
  EXPECT_EQ(find("decoder.0"), "decoder.0.");
  EXPECT_EQ(find("0"), "found 2 layers with the tensors, choose one with "
                       "--layer=P, where P is one of 'decoder.0.', "
                       "'encoder.0.'");
}

TEST(LayerPrefix, NamesTheMissingTensorOfTheBestCandidate) {
  EXPECT_EQ(findPrefix({"l.1.mlp.gate.weight", "l.2.mlp.gate.weight",
                        "l.2.mlp.experts.0.down.weight"},
                       "",
                       {"mlp.gate.weight", "mlp.experts.0.up.weight",
                        "mlp.experts.0.down.weight"}),
            "found no tensor 'l.2.mlp.experts.0.up.weight', though 2 of the 3 "
            "expected ones");
  EXPECT_EQ(findPrefix({"x"}),
            "found no tensor whose name ends in 'mlp.gate.weight'");
}

TEST(LayerPrefix, LongListsAreCut) {
  EXPECT_EQ(
      findPrefix(
          {"a.t", "b.t", "c.t", "d.t", "e.t", "f.t", "g.t", "h.t", "i.t"}, "",
          {"t"}),
      "found 9 layers with the tensors, choose one with --layer=P, where P "
      "is one of 'a.', 'b.', 'c.', 'd.', 'e.', 'f.', 'g.', 'h.', ...");
}

} // namespace
