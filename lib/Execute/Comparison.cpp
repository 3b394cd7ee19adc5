//===- Comparison.cpp - Results against expected results ------------------===//

#include "moe/Execute/Comparison.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir::moe;
using llvm::ArrayRef;
using llvm::StringRef;

static const TensorView *findTensor(ArrayRef<TensorView> tensors,
                                    StringRef name) {
  const auto *it = llvm::find_if(
      tensors, [&](const TensorView &tensor) { return tensor.name == name; });
  return it == tensors.end() ? nullptr : it;
}

//===----------------------------------------------------------------------===//
// Which elements belong together
//===----------------------------------------------------------------------===//

/// For each place of tokens x k, the place in the same token's row that comes
/// there when ids are sorted; equal ids (none chosen) keep their order.
static std::vector<int64_t> sortChoices(const TensorView &ids) {
  int64_t width = ids.shape.empty() ? 1 : ids.shape.back();
  std::vector<int64_t> places(ids.getNumElements());
  for (size_t i = 0; i < places.size(); ++i)
    places[i] = static_cast<int64_t>(i);
  for (size_t row = 0; row < places.size(); row += width)
    std::sort(places.begin() + row, places.begin() + row + width,
              [&](int64_t a, int64_t b) {
                return std::pair(ids.getInteger(a), a) <
                       std::pair(ids.getInteger(b), b);
              });
  return places;
}

namespace {
/// The choices of both sides in an order in which they can be compared.
struct Routing {
  /// Empty if one side has no ids.
  std::vector<int64_t> foundPlaces, expectedPlaces;
  /// Tokens that chose other experts.
  std::vector<bool> differs;

  Routing(ArrayRef<TensorView> found, ArrayRef<TensorView> expected) {
    const TensorView *foundIds = findTensor(found, idsName);
    const TensorView *expectedIds = findTensor(expected, idsName);
    if (!foundIds || !expectedIds || foundIds->shape != expectedIds->shape ||
        foundIds->shape.size() != 2 || !isInteger(foundIds->type) ||
        !isInteger(expectedIds->type))
      return;
    foundPlaces = sortChoices(*foundIds);
    expectedPlaces = sortChoices(*expectedIds);
    differs.resize(foundIds->shape[0]);
    for (size_t i = 0; i < foundPlaces.size(); ++i)
      if (foundIds->getInteger(foundPlaces[i]) !=
          expectedIds->getInteger(expectedPlaces[i]))
        differs[i / foundIds->shape[1]] = true;
  }

  /// Calls `visit` with the places of elements of a result that should be
  /// equal.
  void forEachPair(
      const TensorView &expected, bool skipRerouted,
      llvm::function_ref<void(int64_t found, int64_t expected)> visit) const {
    int64_t count = expected.getNumElements();
    bool permuted =
        static_cast<int64_t>(foundPlaces.size()) == count &&
        (expected.name == idsName || expected.name == idWeightsName);
    bool hasTokens = !differs.empty() && !expected.shape.empty() &&
                     count % static_cast<int64_t>(differs.size()) == 0;
    int64_t width =
        hasTokens ? count / static_cast<int64_t>(differs.size()) : 1;
    for (int64_t i = 0; i < count; ++i) {
      if (skipRerouted && hasTokens && differs[i / width])
        continue;
      visit(permuted ? foundPlaces[i] : i, permuted ? expectedPlaces[i] : i);
    }
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

static double getRelativeError(const Routing &routing, bool skipRerouted,
                               const TensorView &found,
                               const TensorView &expected) {
  double difference = 0, norm = 0;
  routing.forEachPair(
      expected, skipRerouted, [&](int64_t foundAt, int64_t expectedAt) {
        double a = found.getDouble(foundAt), b = expected.getDouble(expectedAt);
        norm += std::isfinite(b) ? b * b : 0;
        if (a != b && !(std::isnan(a) && std::isnan(b)))
          difference += (a - b) * (a - b);
      });
  if (difference == 0)
    return 0;
  return std::isnan(difference) || norm == 0 ? INFINITY
                                             : std::sqrt(difference / norm);
}

static llvm::Error compareIntegers(const Routing &routing, bool skipRerouted,
                                   const TensorView &found,
                                   const TensorView &expected) {
  std::string cause;
  routing.forEachPair(
      expected, skipRerouted, [&](int64_t foundAt, int64_t expectedAt) {
        int64_t a = found.getInteger(foundAt),
                b = expected.getInteger(expectedAt);
        if (a != b && cause.empty())
          cause = llvm::formatv(
              "result '{0}' differs: found {1}, expected {2} at element {3}",
              expected.name, a, b, expectedAt);
      });
  return cause.empty() ? llvm::Error::success()
                       : llvm::createStringError(cause);
}

llvm::Expected<double> mlir::moe::compareResults(ArrayRef<TensorView> found,
                                                 ArrayRef<TensorView> expected,
                                                 double tolerance,
                                                 int64_t *rerouted) {
  Routing routing(found, expected);
  if (rerouted)
    *rerouted = llvm::count(routing.differs, true);
  double largest = 0;
  for (const TensorView &wanted : expected) {
    const TensorView *result = findTensor(found, wanted.name);
    if (!result)
      return llvm::createStringError("the layer has no result '" + wanted.name +
                                     "'");
    if (result->getNumElements() != wanted.getNumElements() ||
        isInteger(result->type) != isInteger(wanted.type))
      return llvm::createStringError("result '" + wanted.name + "' is " +
                                     formatShape(*result) + ", expected " +
                                     formatShape(wanted));
    if (isInteger(wanted.type)) {
      if (llvm::Error error =
              compareIntegers(routing, rerouted, *result, wanted))
        return error;
      continue;
    }
    double error = getRelativeError(routing, rerouted, *result, wanted);
    if (!(error <= tolerance))
      return llvm::createStringError(llvm::formatv(
          "result '{0}' has relative error {1:e2}, expected at most {2:e2}",
          wanted.name, error, tolerance));
    largest = std::max(largest, error);
  }
  return largest;
}
