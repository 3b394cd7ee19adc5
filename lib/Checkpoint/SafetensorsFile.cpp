//===- SafetensorsFile.cpp - Read tensors from one file -------------------===//

#include "moe/Checkpoint/SafetensorsFile.h"

#include "Messages.h"
#include "moe/Checkpoint/StrictJson.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir::moe;

static_assert(llvm::endianness::native == llvm::endianness::little,
              "stored elements are little endian and used in place");

/// The format's own limit.
static constexpr uint64_t maxHeaderSize = 100'000'000;
static constexpr uint64_t lengthSize = 8;

/// The text of the header of `file`, without its length.
static llvm::Expected<llvm::StringRef> findHeader(llvm::StringRef file) {
  if (file.size() < lengthSize)
    return llvm::createStringError(
        "found " + llvm::Twine(file.size()) +
        " bytes, expected at least the 8 of the header length");
  uint64_t length = llvm::support::endian::read64le(file.data());
  llvm::StringRef rest = file.drop_front(lengthSize);
  if (length > maxHeaderSize)
    return llvm::createStringError(
        "not a safetensors file: found a header length of " +
        llvm::Twine(length) + " bytes, expected at most " +
        llvm::Twine(maxHeaderSize));
  if (length > rest.size())
    return llvm::createStringError(
        "found " + llvm::Twine(rest.size()) +
        " bytes after the header length, expected a header of " +
        llvm::Twine(length));
  llvm::StringRef header = rest.take_front(length);
  if (!header.starts_with("{"))
    return llvm::createStringError("not a safetensors file: the header starts "
                                   "with " +
                                   quote(header.take_front(1)) +
                                   ", expected '{'");
  return header;
}

static llvm::Error checkMetadata(const llvm::json::Value &value) {
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return llvm::createStringError("'__metadata__' is not an object");
  for (const auto &entry : *object)
    if (entry.second.kind() != llvm::json::Value::String)
      return llvm::createStringError("the value of " + quote(entry.first) +
                                     " in '__metadata__' is not a string");
  return llvm::Error::success();
}

namespace {
/// The header's entry of one tensor. The offsets are relative to the elements
/// of the first one.
struct HeaderEntry {
  DataType type;
  llvm::SmallVector<int64_t> shape;
  int64_t begin, end;
};
} // namespace

static llvm::Expected<DataType> readType(const llvm::json::Object &object) {
  std::optional<llvm::StringRef> name = object.getString("dtype");
  if (!name)
    return llvm::createStringError("has no string 'dtype'");
  if (std::optional<DataType> type = parseDataType(*name))
    return *type;
  return llvm::createStringError("has dtype " + quote(*name) +
                                 ", expected one of " + listDataTypes());
}

/// The array `key` of integers that are not negative.
static llvm::Expected<llvm::SmallVector<int64_t>>
readIntegers(const llvm::json::Object &object, llvm::StringRef key) {
  const llvm::json::Array *array = object.getArray(key);
  if (!array)
    return llvm::createStringError("has no array '" + key + "'");
  llvm::SmallVector<int64_t> integers;
  for (const llvm::json::Value &value : *array) {
    std::optional<int64_t> integer = value.getAsInteger();
    if (!integer || *integer < 0)
      return llvm::createStringError(
          "has " + quote(llvm::formatv("{0}", value).str()) + " in '" + key +
          "', expected integers from 0 to 2^63 - 1");
    integers.push_back(*integer);
  }
  return integers;
}

/// The size of the elements in bytes. Fails if it does not fit in 64 bits, even
/// if extents of 0 are taken as 1: strides must be computable, too.
static llvm::Expected<int64_t> computeSize(const HeaderEntry &entry) {
  std::optional<int64_t> bound = getSize(entry.type);
  for (int64_t extent : entry.shape)
    if (bound)
      bound = llvm::checkedMul<int64_t>(*bound, std::max<int64_t>(extent, 1));
  if (!bound)
    return llvm::createStringError(
        "has a shape whose size exceeds 2^63 - 1 bytes");
  return llvm::is_contained(entry.shape, 0) ? 0 : *bound;
}

/// Reads the entry of one tensor and checks all that does not depend on others.
/// `available` is the number of bytes after the header.
static llvm::Expected<HeaderEntry> readEntry(const llvm::json::Value &value,
                                             int64_t available) {
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return llvm::createStringError("is not an object in the header");
  auto type = readType(*object);
  if (!type)
    return type.takeError();
  auto shape = readIntegers(*object, "shape");
  if (!shape)
    return shape.takeError();
  auto offsets = readIntegers(*object, "data_offsets");
  if (!offsets)
    return offsets.takeError();
  if (offsets->size() != 2)
    return llvm::createStringError("has " + llvm::Twine(offsets->size()) +
                                   " 'data_offsets', expected 2");

  HeaderEntry entry{*type, std::move(*shape), (*offsets)[0], (*offsets)[1]};
  if (entry.begin > entry.end)
    return llvm::createStringError(
        "begins at byte " + llvm::Twine(entry.begin) +
        " and ends before, at byte " + llvm::Twine(entry.end));
  if (entry.end > available)
    return llvm::createStringError(
        "ends at byte " + llvm::Twine(entry.end) + ", but the file has only " +
        llvm::Twine(available) + " bytes after its header");
  auto size = computeSize(entry);
  if (!size)
    return size.takeError();
  if (entry.end - entry.begin != *size)
    return llvm::createStringError(
        "of " + formatShape({"", entry.type, entry.shape, nullptr}) + " has " +
        llvm::Twine(entry.end - entry.begin) + " bytes, expected " +
        llvm::Twine(*size));
  return entry;
}

/// Checks that the tensors fill the `available` bytes at `data`, one after the
/// other. Sorts them by place.
static llvm::Error checkLayout(std::vector<TensorView> &tensors,
                               const char *data, int64_t available) {
  auto getPlace = [](const TensorView &tensor) {
    return std::tuple(tensor.data, tensor.getSizeInBytes(), tensor.name);
  };
  llvm::sort(tensors, [&](const TensorView &a, const TensorView &b) {
    return getPlace(a) < getPlace(b);
  });
  int64_t covered = 0;
  for (const TensorView &tensor : tensors) {
    int64_t begin = tensor.data - data;
    if (begin != covered)
      return llvm::createStringError("tensor " + quote(tensor.name) +
                                     (begin < covered
                                          ? " overlaps another: "
                                          : " leaves a gap before it: ") +
                                     "it begins at byte " + llvm::Twine(begin) +
                                     ", expected " + llvm::Twine(covered));
    covered += tensor.getSizeInBytes();
  }
  if (covered != available)
    return llvm::createStringError("found " + llvm::Twine(available) +
                                   " bytes after the header, expected the " +
                                   llvm::Twine(covered) + " of the tensors");
  return llvm::Error::success();
}

/// Reads what stands in `file`; names and shapes are kept in `storage`.
static llvm::Expected<std::vector<TensorView>>
readTensors(llvm::StringRef file, llvm::BumpPtrAllocator &storage) {
  auto header = findHeader(file);
  if (!header)
    return header.takeError();
  auto json = parseStrictJson(*header);
  if (!json)
    return llvm::createStringError("invalid header: " +
                                   llvm::toString(json.takeError()));

  const char *data = header->end();
  int64_t available = file.end() - data;
  std::vector<TensorView> tensors;
  for (const auto &[key, value] : *json->getAsObject()) {
    llvm::StringRef name = key;
    if (name == "__metadata__") {
      if (llvm::Error error = checkMetadata(value))
        return std::move(error);
      continue;
    }
    auto entry = readEntry(value, available);
    if (!entry)
      return llvm::createStringError("tensor " + quote(name) + " " +
                                     llvm::toString(entry.takeError()));
    tensors.push_back({name.copy(storage), entry->type,
                       llvm::ArrayRef(entry->shape).copy(storage),
                       data + entry->begin});
  }
  if (llvm::Error error = checkLayout(tensors, data, available))
    return std::move(error);
  llvm::sort(tensors, [](const TensorView &a, const TensorView &b) {
    return a.name < b.name;
  });
  return tensors;
}

llvm::Expected<SafetensorsFile>
SafetensorsFile::parse(llvm::MemoryBufferRef file) {
  SafetensorsFile result;
  auto tensors = readTensors(file.getBuffer(), result.storage);
  if (!tensors)
    return makeFileError(file.getBufferIdentifier(),
                         llvm::toString(tensors.takeError()));
  result.tensors = std::move(*tensors);
  return result;
}

llvm::Expected<SafetensorsFile> SafetensorsFile::open(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeFileError(path, "cannot read: " + buffer.getError().message());
  auto file = parse({(*buffer)->getBuffer(), path});
  if (file)
    file->buffer = std::move(*buffer);
  return file;
}

const TensorView *SafetensorsFile::find(llvm::StringRef name) const {
  auto it = llvm::lower_bound(tensors, name,
                              [](const TensorView &tensor, llvm::StringRef n) {
                                return tensor.name < n;
                              });
  return it != tensors.end() && it->name == name ? &*it : nullptr;
}
