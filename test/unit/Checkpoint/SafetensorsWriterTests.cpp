//===- SafetensorsWriterTests.cpp - Write tensors to one file -------------===//

#include "moe/Checkpoint/SafetensorsWriter.h"

#include "Fixtures.h"
#include "moe/Checkpoint/SafetensorsFile.h"
#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

using namespace mlir::moe;

namespace {

Tensor makeTensor(llvm::StringRef name, DataType type,
                  llvm::ArrayRef<int64_t> shape,
                  std::initializer_list<double> values) {
  Tensor tensor(name, type, shape);
  int64_t index = 0;
  for (double value : values)
    tensor.setDouble(index++, value);
  return tensor;
}

/// One byte, 'x', named "a".
Tensor makeByte() { return makeTensor("a", DataType::U8, {1}, {'x'}); }

std::string writeToString(llvm::ArrayRef<TensorView> tensors) {
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  llvm::cantFail(writeSafetensors(stream, tensors));
  return bytes;
}

TEST(SafetensorsWriter, WritesTheBytesOfThePythonPackage) {
  Tensor tensors[] = {
      makeTensor("b", DataType::F32, {2}, {1, -2}),
      makeTensor("a", DataType::U8, {2, 2}, {1, 2, 3, 4}),
      makeTensor("c", DataType::BF16, {}, {3.5}),
      makeTensor("aa", DataType::I64, {1}, {7}),
      makeTensor("e", DataType::F32, {0, 3}, {}),
      makeTensor("f", DataType::F8E4M3, {1}, {0.5}),
      makeTensor("\xc3\xa9", DataType::Bool, {1}, {1}),
  };
  // The output of safetensors 0.8.0.
  std::string expected = makeFile(
      R"({"aa":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},)"
      R"("e":{"dtype":"F32","shape":[0,3],"data_offsets":[16,16]},)"
      R"("c":{"dtype":"BF16","shape":[],"data_offsets":[16,18]},)"
      R"("f":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[18,19]},)"
      R"("a":{"dtype":"U8","shape":[2,2],"data_offsets":[19,23]},)"
      "\"\xc3\xa9\""
      R"(:{"dtype":"BOOL","shape":[1],"data_offsets":[23,24]}}       )",
      llvm::StringRef("\x07\0\0\0\0\0\0\0\0\0\x80?\0\0\0\xc0`@0\1\2\3\4\1",
                      24));
  llvm::SmallVector<TensorView> views(std::begin(tensors), std::end(tensors));
  EXPECT_EQ(writeToString(views), expected);
  std::reverse(views.begin(), views.end());
  EXPECT_EQ(writeToString(views), expected);
}

TEST(SafetensorsWriter, WritesWhatTheReaderReads) {
  Tensor first = makeTensor("a\n\"", DataType::U8, {3}, {1, 2, 3});
  Tensor second = makeTensor("b", DataType::F64, {}, {0.1});
  TemporaryFolder folder;
  std::string path = folder / "out.safetensors";
  EXPECT_EQ(getMessage(writeSafetensors(path, {first, second})), "no error");
  auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(bool(file)) << getMessage(std::move(file));
  EXPECT_EQ(file->find("a\n\"")->getInteger(2), 3);
  EXPECT_EQ(file->find("b")->getDouble(0), 0.1);
  EXPECT_TRUE(file->find("b")->isAligned());
  EXPECT_EQ(writeToString({}), makeFile("{}      "));
}

TEST(SafetensorsWriter, RefusesBadNames) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  auto nameMessage = [&](llvm::StringRef first, llvm::StringRef second) {
    Tensor a(first, DataType::U8, {}), b(second, DataType::U8, {});
    return llvm::StringRef(getMessage(writeSafetensors(path, {a, b})))
        .drop_front(path.size())
        .str();
  };
  EXPECT_EQ(nameMessage("a", "a"),
            ": cannot write: more than one tensor is named 'a'");
  EXPECT_EQ(nameMessage("a", "__metadata__"),
            ": cannot write: a tensor cannot be named '__metadata__'");
  EXPECT_EQ(nameMessage("a", "\xff"),
            ": cannot write: tensor name '\xff' is not UTF-8");
  EXPECT_EQ(folder.count(), 0u);
}

TEST(SafetensorsWriter, ReplacesAFileThatIsMapped) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  Tensor large("t", DataType::U8, {1 << 20});
  large.getData()[1 << 19] = 1;
  EXPECT_EQ(getMessage(writeSafetensors(path, large.getView())), "no error");
  auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(bool(file));
  Tensor other = makeByte();
  EXPECT_EQ(getMessage(writeSafetensors(path, {*file->find("t"), other})),
            "no error");
  EXPECT_EQ(file->find("t")->getInteger(1 << 19), 1);
  EXPECT_EQ(SafetensorsFile::open(path)->getTensors().size(), 2u);
  EXPECT_EQ(folder.count(), 1u);
}

TEST(SafetensorsWriter, KeepsLinks) {
  TemporaryFolder folder;
  std::string target = folder.write("target", "old"), link = folder / "link";
  ASSERT_FALSE(llvm::sys::fs::create_link(target, link));
  Tensor tensor = makeByte();
  EXPECT_EQ(getMessage(writeSafetensors(link, tensor.getView())), "no error");
  EXPECT_TRUE(llvm::sys::fs::is_symlink_file(link));
  EXPECT_EQ(folder.read("target"), writeToString(tensor.getView()));
}

TEST(SafetensorsWriter, RefusesPathsThatCannotBeWritten) {
  TemporaryFolder folder;
  Tensor tensor = makeByte();
  std::string absent = folder / "absent/f";
  EXPECT_EQ(getMessage(writeSafetensors(absent, tensor.getView())),
            absent + ": cannot write: No such file or directory");
  std::string directory = folder / "";
  EXPECT_EQ(getMessage(writeSafetensors(directory, tensor.getView())),
            directory + ": cannot write: is a directory");
  std::string below = folder.write("file", "text") + "/f";
  EXPECT_EQ(getMessage(writeSafetensors(below, tensor.getView())),
            below + ": cannot write: Not a directory");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(SafetensorsWriterDeathTest, RespectsReadOnlyFiles) {
  TemporaryFolder folder;
  std::string path = folder.write("f", "old");
  EXPECT_FALSE(llvm::sys::fs::setPermissions(path, llvm::sys::fs::all_read));
  EXPECT_FALSE(
      llvm::sys::fs::setPermissions(folder / "", llvm::sys::fs::all_all));
  Tensor tensor = makeByte();
  auto writeAsUser = [&] {
    // Root may write everything.
    if (geteuid() == 0 && setuid(65534) != 0)
      return;
    llvm::errs() << getMessage(writeSafetensors(path, tensor.getView()));
    _exit(0);
  };
  EXPECT_EXIT(writeAsUser(), testing::ExitedWithCode(0),
              path + ": cannot write: Permission denied");
  EXPECT_EQ(folder.read("f"), "old");
}

TEST(SafetensorsWriter, WritesDevicesInPlace) {
  Tensor tensor = makeByte();
  EXPECT_EQ(getMessage(writeSafetensors("/dev/null", tensor.getView())),
            "no error");
  llvm::sys::fs::file_status status;
  ASSERT_FALSE(llvm::sys::fs::status("/dev/null", status));
  EXPECT_EQ(status.type(), llvm::sys::fs::file_type::character_file);
  EXPECT_EQ(getMessage(writeSafetensors("/dev/full", tensor.getView())),
            "/dev/full: cannot write: No space left on device");
}

TEST(SafetensorsWriter, LeavesNothingOfAFileThatDoesNotFit) {
  TemporaryFolder folder;
  std::string path = folder.write("f", "old");
  Tensor tensor("t", DataType::U8, {1 << 20});

  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  rlimit small{1 << 16, limit.rlim_max};
  auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  std::string message = getMessage(writeSafetensors(path, tensor.getView()));
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, handler);

  EXPECT_EQ(message, path + ": cannot write: File too large");
  EXPECT_EQ(folder.read("f"), "old");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(SafetensorsWriter, WritesStandardOutput) {
  TemporaryFolder folder;
  Tensor tensor = makeByte();
  fflush(stdout);
  int saved = dup(STDOUT_FILENO), file;
  ASSERT_FALSE(llvm::sys::fs::openFileForWrite(folder / "stdout", file));
  dup2(file, STDOUT_FILENO);
  std::string message = getMessage(writeSafetensors("-", tensor.getView()));
  dup2(saved, STDOUT_FILENO);
  close(file);
  close(saved);
  EXPECT_EQ(message, "no error");
  EXPECT_EQ(folder.read("stdout"), writeToString(tensor.getView()));
}

} // namespace
