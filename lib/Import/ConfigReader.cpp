//===- ConfigReader.cpp - Typed fields of a config ------------------------===//

#include "ConfigReader.h"
#include "moe/Checkpoint/StrictJson.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;
using namespace mlir::moe;

Expected<json::Object> mlir::moe::parseConfig(StringRef text) {
  Expected<json::Value> value = parseStrictJson(text);
  if (!value)
    return createStringError("invalid JSON: " + toString(value.takeError()));
  if (json::Object *object = value->getAsObject())
    return std::move(*object);
  return createStringError("invalid config: expected a JSON object");
}

StringRef mlir::moe::getFirstName(StringRef names) {
  return names.split('|').first;
}

/// A value in the words of an error: on one line and not too long.
static std::string describe(const json::Value &value) {
  std::string text;
  raw_string_ostream(text) << value;
  constexpr size_t longest = 60;
  if (text.size() <= longest)
    return text;
  // Never cut a character of several bytes.
  size_t end = longest;
  while (end && (text[end] & 0xc0) == 0x80)
    --end;
  return text.substr(0, end) + "...";
}

/// The value at a path of names with dots between, or null.
static const json::Value *findPath(const json::Object &object, StringRef path) {
  auto [name, rest] = path.split('.');
  const json::Value *value = object.get(name);
  if (!value || rest.empty())
    return value;
  const json::Object *inner = value->getAsObject();
  return inner ? findPath(*inner, rest) : nullptr;
}

StringRef ConfigReader::findName(StringRef names) const {
  for (StringRef name : split(names, '|'))
    if (!name.empty() && findPath(config, name))
      return name;
  return getFirstName(names);
}

const json::Value *ConfigReader::find(StringRef names) const {
  return names.empty() ? nullptr : findPath(config, findName(names));
}

const json::Value *ConfigReader::findValue(StringRef names, bool hasFallback) {
  const json::Value *value = find(names);
  if (!value || value->kind() == json::Value::Null) {
    if (!hasFallback)
      fail("field " + getFirstName(names) + " is missing");
    return nullptr;
  }
  const json::Array *list = value->getAsArray();
  if (!list || !layer)
    return value;
  // Some models have one value for each layer; a list of one stands for all.
  size_t index = list->size() == 1 ? 0 : size_t(*layer);
  if (index < list->size())
    return &(*list)[index];
  fail("field " + findName(names) + " has " + Twine(list->size()) +
       " elements, expected one for layer " + Twine(*layer));
  return nullptr;
}

int64_t ConfigReader::readInteger(const Field<int64_t> &field, int64_t least,
                                  int64_t most) {
  const json::Value *value = findValue(field.names, field.fallback.has_value());
  std::optional<int64_t> integer =
      value ? value->getAsInteger() : field.fallback;
  if (integer && *integer >= least && *integer <= most)
    return *integer;
  failField(field.names,
            "an integer from " + Twine(least) + " to " + Twine(most));
  return least;
}

double ConfigReader::readNumber(const Field<double> &field, double least) {
  const json::Value *value = findValue(field.names, field.fallback.has_value());
  if (!value)
    return field.fallback.value_or(least);
  std::optional<double> number = value->getAsNumber();
  if (number && std::isfinite(*number) && *number >= least)
    return *number;
  std::string bound;
  raw_string_ostream(bound) << json::Value(least);
  failField(field.names, "a finite number of at least " + bound);
  return least;
}

std::optional<double>
ConfigReader::readOptionalNumber(const Field<double> &field, double least) {
  const json::Value *value = find(field.names);
  if (value && value->kind() == json::Value::Null)
    return std::nullopt;
  return readNumber(field, least);
}

bool ConfigReader::readFlag(const Field<bool> &field) {
  const json::Value *value = findValue(field.names, field.fallback.has_value());
  if (!value)
    return field.fallback.value_or(false);
  if (std::optional<bool> flag = value->getAsBoolean())
    return *flag;
  failField(field.names, "true or false");
  return false;
}

std::string ConfigReader::readString(const Field<StringRef> &field) {
  const json::Value *value = findValue(field.names, field.fallback.has_value());
  if (!value)
    return field.fallback.value_or("").str();
  if (std::optional<StringRef> text = value->getAsString())
    return text->str();
  failField(field.names, "a string");
  return "";
}

std::optional<std::vector<int64_t>> ConfigReader::readList(StringRef name) {
  const json::Value *value = name.empty() ? nullptr : find(name);
  if (!value || value->kind() == json::Value::Null)
    return std::nullopt;
  std::vector<int64_t> integers;
  const json::Array *list = value->getAsArray();
  for (size_t i = 0; list && i < list->size(); ++i) {
    std::optional<int64_t> integer = (*list)[i].getAsInteger();
    if (!integer) {
      list = nullptr;
      break;
    }
    integers.push_back(*integer);
  }
  if (!list)
    failField(name, "a list of integers");
  return integers;
}

void ConfigReader::check(const Requirement &requirement) {
  const json::Value *value = findValue(requirement.name, requirement.optional);
  if (value && *value != cantFail(json::parse(requirement.value)))
    failField(requirement.name, requirement.value);
}

void ConfigReader::fail(const Twine &text) {
  if (message.empty())
    message = text.str();
}

void ConfigReader::failField(StringRef names, const Twine &expected) {
  const json::Value *value = find(names);
  fail("field " + findName(names) + " is " +
       (value ? describe(*value) : "missing") + ", expected " + expected);
}
