//===- SafetensorsFileTests.cpp - Read tensors from one file --------------===//

#include "moe/Checkpoint/SafetensorsFile.h"

#include "Fixtures.h"

using namespace mlir::moe;

namespace {

/// What `SafetensorsFile::parse` says of these bytes in a file named "f".
std::string parseMessage(llvm::StringRef bytes) {
  return getMessage(SafetensorsFile::parse({bytes, "f"}));
}

/// The same for one tensor "x" with this entry in the header.
std::string entryMessage(llvm::StringRef entry, llvm::StringRef elements) {
  return parseMessage(makeFile(("{\"x\": " + entry + "}").str(), elements));
}

TEST(SafetensorsFile, ReadsEveryTensor) {
  std::string bytes = makeFile(
      R"({"w": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
          "__metadata__": {"format": "pt"},
          "s": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]},
          "e": {"dtype": "F64", "shape": [0, 5], "data_offsets": [8, 8]}}  )",
      llvm::StringRef("\0\0\x80\x3f\0\0\0\xc0\x40\x40", 10));
  auto file = SafetensorsFile::parse({bytes, "f"});
  ASSERT_TRUE(bool(file)) << getMessage(std::move(file));
  ASSERT_EQ(file->getTensors().size(), 3u);
  EXPECT_EQ(file->getTensors()[0].name, "e");
  EXPECT_EQ(file->getTensors()[1].name, "s");
  EXPECT_EQ(file->getTensors()[2].name, "w");

  const TensorView *matrix = file->find("w");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->type, DataType::F32);
  EXPECT_EQ(matrix->shape, (llvm::ArrayRef<int64_t>{2, 1}));
  EXPECT_EQ(matrix->getDouble(0), 1);
  EXPECT_EQ(matrix->getDouble(1), -2);
  EXPECT_EQ(file->find("s")->getDouble(0), 3);
  EXPECT_EQ(file->find("e")->getNumElements(), 0);
  EXPECT_EQ(file->find("x"), nullptr);
  EXPECT_EQ(file->find(""), nullptr);
  EXPECT_EQ(file->find("__metadata__"), nullptr);
}

TEST(SafetensorsFile, ElementsAreNotCopied) {
  std::string bytes = makeFile({"a", "b"});
  auto file = SafetensorsFile::parse({bytes, "f"});
  ASSERT_TRUE(bool(file));
  EXPECT_EQ(file->find("b")->data, &bytes.back());
}

TEST(SafetensorsFile, AcceptsUnalignedElements) {
  std::string bytes = makeFile(
      R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
          "b": {"dtype": "I32", "shape": [1], "data_offsets": [1, 5]},
          "c": {"dtype": "I32", "shape": [1], "data_offsets": [5, 9]}})",
      llvm::StringRef("\7\1\0\0\0\2\0\0\0", 9));
  auto file = SafetensorsFile::parse({bytes, "f"});
  ASSERT_TRUE(bool(file)) << getMessage(std::move(file));
  EXPECT_EQ(file->find("b")->getInteger(0), 1);
  EXPECT_EQ(file->find("c")->getInteger(0), 2);
  EXPECT_EQ(file->find("b")->isAligned(), file->find("c")->isAligned());
  EXPECT_TRUE(file->find("a")->isAligned());
}

TEST(SafetensorsFile, StaysValidWhenMoved) {
  std::string bytes = makeFile({"tensor"});
  std::vector<SafetensorsFile> files;
  auto file = SafetensorsFile::parse({bytes, "f"});
  ASSERT_TRUE(bool(file));
  TensorView tensor = *file->find("tensor");
  files.push_back(std::move(*file));
  files.emplace_back(llvm::cantFail(SafetensorsFile::parse({bytes, "g"})));
  EXPECT_EQ(tensor.name, "tensor");
  EXPECT_EQ(tensor.shape, llvm::ArrayRef<int64_t>{1});
  EXPECT_EQ(files[0].find("tensor")->data, tensor.data);
}

TEST(SafetensorsFile, RefusesABadLength) {
  EXPECT_EQ(parseMessage(""),
            "f: found 0 bytes, expected at least the 8 of the header length");
  EXPECT_EQ(parseMessage("1234567"),
            "f: found 7 bytes, expected at least the 8 of the header length");
  EXPECT_EQ(parseMessage(llvm::StringRef("\3\0\0\0\0\0\0\0{}", 10)),
            "f: found 2 bytes after the header length, expected a header of 3");
  EXPECT_EQ(
      parseMessage(llvm::StringRef("\xff\xff\xff\xff\xff\xff\xff\xff", 8)),
      "f: not a safetensors file: found a header length of "
      "18446744073709551615 bytes, expected at most 100000000");
  // One more byte than the format allows, and all there.
  std::string header = "{}" + std::string(100'000'000 - 2, ' ');
  EXPECT_EQ(parseMessage(makeFile(header)), "no error");
  EXPECT_EQ(parseMessage(makeFile(header + " ")),
            "f: not a safetensors file: found a header length of 100000001 "
            "bytes, expected at most 100000000");
}

TEST(SafetensorsFile, RefusesAHeaderThatIsNoObject) {
  EXPECT_EQ(parseMessage(makeFile("")),
            "f: not a safetensors file: the header starts with '', expected "
            "'{'");
  EXPECT_EQ(parseMessage(makeFile("[]")),
            "f: not a safetensors file: the header starts with '[', expected "
            "'{'");
  EXPECT_EQ(parseMessage(makeFile(" {}")),
            "f: not a safetensors file: the header starts with ' ', expected "
            "'{'");
  EXPECT_EQ(parseMessage(makeFile("{\"a\"}")),
            "f: invalid header: [1:5, byte=5]: Expected : after object key");
  EXPECT_EQ(parseMessage(makeFile(R"({"a": 1, "a": 1})")),
            "f: invalid header: repeated key 'a'");
  EXPECT_EQ(parseMessage(makeFile(llvm::StringRef("{}\0", 3))),
            "f: invalid header: [1:2, byte=2]: Text after end of document");
}

TEST(SafetensorsFile, RefusesBadMetadata) {
  EXPECT_EQ(parseMessage(makeFile(R"({"__metadata__": {"a": "b"}})")),
            "no error");
  EXPECT_EQ(parseMessage(makeFile(R"({"__metadata__": "a"})")),
            "f: '__metadata__' is not an object");
  EXPECT_EQ(parseMessage(makeFile(R"({"__metadata__": {"a": 1}})")),
            "f: the value of 'a' in '__metadata__' is not a string");
}

TEST(SafetensorsFile, RefusesABadEntry) {
  EXPECT_EQ(entryMessage("[]", ""),
            "f: tensor 'x' is not an object in the header");
  EXPECT_EQ(entryMessage(R"({"shape": [], "data_offsets": [0, 1]})", "1"),
            "f: tensor 'x' has no string 'dtype'");
  EXPECT_EQ(
      entryMessage(R"({"dtype": "F4", "shape": [2], "data_offsets": [0, 1]})",
                   "1"),
      "f: tensor 'x' has dtype 'F4', expected one of " + listDataTypes());
  EXPECT_EQ(entryMessage(R"({"dtype": "U8", "data_offsets": [0, 1]})", "1"),
            "f: tensor 'x' has no array 'shape'");
  EXPECT_EQ(entryMessage(R"({"dtype": "U8", "shape": [1]})", "1"),
            "f: tensor 'x' has no array 'data_offsets'");
  EXPECT_EQ(entryMessage(
                R"({"dtype": "U8", "shape": [1], "data_offsets": [1]})", "1"),
            "f: tensor 'x' has 1 'data_offsets', expected 2");
}

TEST(SafetensorsFile, RefusesABadShape) {
  auto shapeMessage = [](llvm::StringRef shape) {
    return entryMessage(("{\"dtype\": \"F32\", \"data_offsets\": [0, 8], "
                         "\"shape\": [" +
                         shape + "]}")
                            .str(),
                        "12345678");
  };
  EXPECT_EQ(shapeMessage("2"), "no error");
  for (std::string extent :
       {"-1", "1.5", "null", "[2]", "9223372036854775808", "1e+30"})
    EXPECT_EQ(shapeMessage(extent),
              "f: tensor 'x' has '" + extent +
                  "' in 'shape', expected integers from 0 to 2^63 - 1");
  EXPECT_LT(shapeMessage("\"" + std::string(5000, '2') + "\"").size(), 400u);
  EXPECT_EQ(shapeMessage("1, 3"),
            "f: tensor 'x' of 1x3xF32 has 8 bytes, expected 12");
  EXPECT_EQ(shapeMessage("0"),
            "f: tensor 'x' of 0xF32 has 8 bytes, expected 0");
  // 2^64 + 8 bytes, and 2^63 bytes by the element size alone; a zero does not
  // help.
  for (llvm::StringRef shape : {"4611686018427387906, 1", "2305843009213693952",
                                "4294967296, 0, 4294967296"})
    EXPECT_EQ(shapeMessage(shape),
              "f: tensor 'x' has a shape whose size exceeds 2^63 - 1 bytes");
}

TEST(SafetensorsFile, RefusesBadOffsets) {
  auto offsetMessage = [](llvm::StringRef offsets) {
    return entryMessage(
        ("{\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [" + offsets +
         "]}")
            .str(),
        "12");
  };
  EXPECT_EQ(offsetMessage("0, 2"), "no error");
  EXPECT_EQ(
      offsetMessage("-2, 0"),
      "f: tensor 'x' has '-2' in 'data_offsets', expected integers from 0 to "
      "2^63 - 1");
  EXPECT_EQ(offsetMessage("2, 0"),
            "f: tensor 'x' begins at byte 2 and ends before, at byte 0");
  EXPECT_EQ(offsetMessage("1, 3"), "f: tensor 'x' ends at byte 3, but the file "
                                   "has only 2 bytes after its header");
  EXPECT_EQ(offsetMessage("0, 9223372036854775807"),
            "f: tensor 'x' ends at byte 9223372036854775807, but the file has "
            "only 2 bytes after its header");
  EXPECT_EQ(offsetMessage("0, 1"),
            "f: tensor 'x' of 2xU8 has 1 bytes, expected 2");
}

TEST(SafetensorsFile, RefusesABadLayout) {
  auto layoutMessage = [](llvm::StringRef first, llvm::StringRef second,
                          llvm::StringRef elements) {
    return parseMessage(makeFile(
        R"({"a": {"dtype": "U8", "shape": [2], "data_offsets": [)" +
            first.str() + R"(]}, "b": {"dtype": "U8", "shape": [2], )" +
            R"("data_offsets": [)" + second.str() + "]}}",
        elements));
  };
  EXPECT_EQ(layoutMessage("0, 2", "2, 4", "1234"), "no error");
  EXPECT_EQ(layoutMessage("2, 4", "0, 2", "1234"), "no error");
  EXPECT_EQ(layoutMessage("0, 2", "1, 3", "123"),
            "f: tensor 'b' overlaps another: it begins at byte 1, expected 2");
  EXPECT_EQ(layoutMessage("0, 2", "0, 2", "12"),
            "f: tensor 'b' overlaps another: it begins at byte 0, expected 2");
  EXPECT_EQ(
      layoutMessage("0, 2", "3, 5", "12345"),
      "f: tensor 'b' leaves a gap before it: it begins at byte 3, expected 2");
  EXPECT_EQ(
      layoutMessage("1, 3", "3, 5", "12345"),
      "f: tensor 'a' leaves a gap before it: it begins at byte 1, expected 0");
  EXPECT_EQ(layoutMessage("0, 2", "2, 4", "12345"),
            "f: found 5 bytes after the header, expected the 4 of the tensors");
}

TEST(SafetensorsFile, ErrorsAreOneLine) {
  std::string message = parseMessage(makeFile(R"({"a\n\u001b[0m": 1})"));
  EXPECT_EQ(message,
            "f: tensor 'a\\x0a\\x1b[0m' is not an object in the header");
  message = parseMessage(makeFile("{\"" + std::string(5000, 'n') + "\": 1}"));
  EXPECT_LT(message.size(), 300u);
}

TEST(SafetensorsFile, OpensFiles) {
  TemporaryFolder folder;
  auto file =
      SafetensorsFile::open(folder.write("a.safetensors", makeFile({"a"})));
  ASSERT_TRUE(bool(file)) << getMessage(std::move(file));
  EXPECT_EQ(*file->find("a")->data, 'x');

  std::string absent = folder / "b.safetensors";
  EXPECT_EQ(getMessage(SafetensorsFile::open(absent)),
            absent + ": cannot read: No such file or directory");
  std::string bad = folder.write("c.safetensors", "text");
  EXPECT_EQ(
      getMessage(SafetensorsFile::open(bad)),
      bad + ": found 4 bytes, expected at least the 8 of the header length");
}

} // namespace
