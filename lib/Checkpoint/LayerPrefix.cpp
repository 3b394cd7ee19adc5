//===- LayerPrefix.cpp - Find a layer by its tensors' names ---------------===//

#include "moe/Checkpoint/Checkpoint.h"

#include "Messages.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <map>
#include <set>

using namespace mlir::moe;

/// The last part of `prefix` that is a number: 3 for "model.layers.3.".
static std::optional<uint64_t> findLayerNumber(llvm::StringRef prefix) {
  llvm::SmallVector<llvm::StringRef> parts;
  prefix.split(parts, '.');
  for (llvm::StringRef part : llvm::reverse(parts)) {
    uint64_t number;
    if (!part.getAsInteger(10, number))
      return number;
  }
  return std::nullopt;
}

/// Whether `layer`, as `findLayerPrefix` takes it, can mean the layer at
/// `prefix`.
static bool matchesChoice(llvm::StringRef prefix, llvm::StringRef layer) {
  uint64_t number;
  if (layer.empty())
    return true;
  if (!layer.getAsInteger(10, number))
    return findLayerNumber(prefix) == number;
  return prefix == layer || prefix == (layer + ".").str();
}

/// "0-2, 5" for 0, 1, 2 and 5.
static std::string formatRanges(const std::set<uint64_t> &numbers) {
  llvm::SmallVector<std::pair<uint64_t, uint64_t>> ranges;
  for (uint64_t number : numbers) {
    if (!ranges.empty() && ranges.back().second + 1 == number)
      ranges.back().second = number;
    else
      ranges.push_back({number, number});
  }
  std::string text;
  for (auto [first, last] : ranges)
    text += (text.empty() ? "" : ", ") + std::to_string(first) +
            (first == last ? "" : "-" + std::to_string(last));
  return text;
}

/// What to write after --layer= to get one of the layers: numbers where they
/// are enough to tell them apart.
static std::string formatChoices(llvm::ArrayRef<llvm::StringRef> prefixes) {
  std::set<uint64_t> numbers;
  for (llvm::StringRef prefix : prefixes)
    if (std::optional<uint64_t> number = findLayerNumber(prefix))
      numbers.insert(*number);
  if (numbers.size() == prefixes.size())
    return "--layer=N, where N is one of " + formatRanges(numbers);
  constexpr size_t longest = 8;
  std::string text = "--layer=P, where P is one of ";
  text +=
      llvm::join(llvm::map_range(prefixes.take_front(longest), quote), ", ");
  return text + (prefixes.size() > longest ? ", ..." : "");
}

llvm::Expected<std::string>
Checkpoint::findLayerPrefix(llvm::ArrayRef<std::string> relativeNames,
                            llvm::StringRef layer) const {
  if (relativeNames.empty())
    return "";

  // How many of the names each prefix has.
  std::map<llvm::StringRef, size_t> counts;
  for (llvm::StringRef name : entries.keys())
    for (llvm::StringRef relative : relativeNames)
      if (llvm::StringRef prefix = name; prefix.consume_back(relative))
        if (prefix.empty() || prefix.ends_with("."))
          ++counts[prefix];

  // The complete layers, those of them that were chosen, and the chosen layer
  // with most tensors.
  llvm::SmallVector<llvm::StringRef> complete, chosen;
  llvm::StringRef best;
  size_t bestCount = 0;
  for (auto [prefix, count] : counts) {
    bool isComplete = count == relativeNames.size();
    bool isChosen = matchesChoice(prefix, layer);
    if (isComplete && prefix.empty())
      return "";
    if (isComplete)
      complete.push_back(prefix);
    if (isComplete && isChosen)
      chosen.push_back(prefix);
    if (isChosen && count > bestCount) {
      best = prefix;
      bestCount = count;
    }
  }
  if (chosen.size() == 1)
    return chosen.front().str();
  if (chosen.size() > 1)
    return makeFileError(
        describe(),
        llvm::formatv("found {0} layers with the tensors, choose one with {1}",
                      chosen.size(), formatChoices(chosen)));

  std::string cause = "found no layer " + quote(layer) + " with such tensors";
  if (counts.empty()) {
    cause =
        "found no tensor whose name ends in " + quote(relativeNames.front());
  } else if (bestCount > 0) {
    auto missing = llvm::find_if(relativeNames, [&](const std::string &name) {
      return !contains(best.str() + name);
    });
    cause = llvm::formatv(
        "found no tensor {0}, though {1} of the {2} expected ones",
        quote(best.str() + *missing), bestCount, relativeNames.size());
  }
  if (!complete.empty())
    cause += "; choose one with " + formatChoices(complete);
  return makeFileError(describe(), cause);
}
