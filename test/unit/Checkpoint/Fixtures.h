//===- Fixtures.h - What the checkpoint tests share -------------*- C++ -*-===//

#ifndef MOE_TEST_UNIT_CHECKPOINT_FIXTURES_H
#define MOE_TEST_UNIT_CHECKPOINT_FIXTURES_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <string>

/// The message of the error in `result`, or "no error".
template <typename T> std::string getMessage(llvm::Expected<T> result) {
  return result ? "no error" : llvm::toString(result.takeError());
}

inline std::string getMessage(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "no error";
}

/// The bytes of a safetensors file with this header and elements.
inline std::string makeFile(llvm::StringRef header,
                            llvm::StringRef elements = "") {
  std::string file(8, '\0');
  llvm::support::endian::write64le(file.data(), header.size());
  return file + header.str() + elements.str();
}

/// A file of tensors of one byte, of the names given.
inline std::string makeFile(std::initializer_list<llvm::StringRef> names) {
  std::string header;
  int64_t offset = 0;
  for (llvm::StringRef name : names) {
    header += (header.empty() ? "{\"" : ", \"") + name.str() +
              R"(": {"dtype": "U8", "shape": [1], "data_offsets": [)" +
              std::to_string(offset) + ", " + std::to_string(offset + 1) + "]}";
    ++offset;
  }
  return makeFile(header + "}", std::string(names.size(), 'x'));
}

/// A new folder, which is removed at the end of a test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("moe-checkpoint", path));
  }
  ~TemporaryFolder() { EXPECT_FALSE(llvm::sys::fs::remove_directories(path)); }

  /// The path of `name` in the folder.
  std::string operator/(llvm::StringRef name) const {
    llvm::SmallString<128> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  /// Writes a file in the folder and returns its path.
  std::string write(llvm::StringRef name, llvm::StringRef content) const {
    std::string file = *this / name;
    std::error_code error;
    llvm::raw_fd_ostream(file, error) << content;
    EXPECT_FALSE(error);
    return file;
  }

  std::string read(llvm::StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(*this / name);
    return buffer ? (*buffer)->getBuffer().str() : "no file";
  }

  /// How many files and folders there are in the folder.
  size_t count() const {
    size_t result = 0;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(path, error), end;
         it != end && !error; it.increment(error))
      ++result;
    return result;
  }

private:
  llvm::SmallString<128> path;
};

#endif // MOE_TEST_UNIT_CHECKPOINT_FIXTURES_H
