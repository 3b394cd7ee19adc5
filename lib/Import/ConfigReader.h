//===- ConfigReader.h - Typed fields of a config ----------------*- C++ -*-===//

#ifndef MOE_LIB_IMPORT_CONFIGREADER_H
#define MOE_LIB_IMPORT_CONFIGREADER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>

namespace mlir::moe {

/// A field of a config. Of several names ("a|b") the first that is there
/// counts; a dot leads into a nested object ("ffn_config.a"). A field that is
/// missing or null has the fallback; without a fallback it is an error. Without
/// a name it is the fallback.
template <typename T> struct Field {
  llvm::StringRef names;
  std::optional<T> fallback = std::nullopt;
};

/// A field that must have one value, written as JSON.
struct Requirement {
  llvm::StringRef name;
  llvm::StringRef value;
  /// Whether a config without the field is supported too.
  bool optional = true;
};

/// Parses the JSON object in `text`.
llvm::Expected<llvm::json::Object> parseConfig(llvm::StringRef text);

/// Reads typed fields. After the first error, which is kept, values mean
/// nothing.
class ConfigReader {
public:
  explicit ConfigReader(const llvm::json::Object &config) : config(config) {}

  /// From now on a list counts as its element for this layer.
  void setLayer(int64_t number) { layer = number; }

  int64_t readInteger(const Field<int64_t> &field, int64_t least, int64_t most);
  /// A finite number of at least `least`.
  double readNumber(const Field<double> &field, double least = 0);
  /// Null is no value.
  std::optional<double> readOptionalNumber(const Field<double> &field,
                                           double least = 0);
  bool readFlag(const Field<bool> &field);
  std::string readString(const Field<llvm::StringRef> &field);
  /// The integers of a list, or nothing if it is missing or null.
  std::optional<std::vector<int64_t>> readList(llvm::StringRef name);
  void check(const Requirement &requirement);

  /// The value of the field, or null if it is missing.
  const llvm::json::Value *find(llvm::StringRef names) const;

  void fail(const llvm::Twine &message);
  /// Fails with "field <name> is <value>, expected <expected>".
  void failField(llvm::StringRef names, const llvm::Twine &expected);
  bool failed() const { return !message.empty(); }
  /// The first error.
  const std::string &getMessage() const { return message; }

private:
  /// The name under which the field is there, or else its first name.
  llvm::StringRef findName(llvm::StringRef names) const;
  /// `find`, where null values and values that have a fallback are null.
  const llvm::json::Value *findValue(llvm::StringRef names, bool hasFallback);
  const llvm::json::Object &config;
  std::optional<int64_t> layer;
  std::string message;
};

/// The name an error gives to a field.
llvm::StringRef getFirstName(llvm::StringRef names);

} // namespace mlir::moe

#endif // MOE_LIB_IMPORT_CONFIGREADER_H
