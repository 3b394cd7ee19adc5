//===- Comparison.cpp - Results against expected results ------------------===//

#include "moe/Execute/Comparison.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir::moe;
using llvm::ArrayRef;
using llvm::StringRef;

static const TensorView *findTensor(ArrayRef<TensorView> tensors, StringRef name) {
  const auto *it =
      llvm::find_if(tensors, [&](const TensorView &tensor) { return tensor.name == name; });
  return it == tensors.end() ? nullptr : it;
}

/// For each place of tokens x k, the place in the same token's row that comes there when
/// ids are sorted; equal ids (none chosen) keep their order.
static std::vector<int64_t> sortChoices(const TensorView &ids) {
  int64_t width = ids.shape.empty() ? 1 : ids.shape.back();
  std::vector<int64_t> places(ids.getNumElements());
  for (size_t i = 0; i < places.size(); ++i)
    places[i] = static_cast<int64_t>(i);
  for (size_t row = 0; row < places.size(); row += width)
    std::sort(places.begin() + row, places.begin() + row + width, [&](int64_t a, int64_t b) {
      return std::pair(ids.getInteger(a), a) < std::pair(ids.getInteger(b), b);
    });
  return places;
}

/// Where each element of a tensor is to be found; empty if in its own place.
static std::vector<int64_t> getPlaces(ArrayRef<TensorView> tensors, StringRef name) {
  const TensorView *ids = findTensor(tensors, idsName);
  if (!ids || (name != idsName && name != idWeightsName))
    return {};
  return sortChoices(*ids);
}

static llvm::Error compareIntegers(const TensorView &found, const TensorView &expected,
                                   ArrayRef<int64_t> foundPlaces,
                                   ArrayRef<int64_t> expectedPlaces) {
  for (int64_t i = 0; i < expected.getNumElements(); ++i) {
    int64_t a = found.getInteger(foundPlaces.empty() ? i : foundPlaces[i]);
    int64_t b = expected.getInteger(expectedPlaces.empty() ? i : expectedPlaces[i]);
    if (a != b)
      return llvm::createStringError(
          llvm::formatv("result '{0}' differs: found {1}, expected {2} at element {3}",
                        expected.name, a, b, i));
  }
  return llvm::Error::success();
}

static double getRelativeError(const TensorView &found, const TensorView &expected,
                               ArrayRef<int64_t> foundPlaces,
                               ArrayRef<int64_t> expectedPlaces) {
  double difference = 0, norm = 0;
  for (int64_t i = 0; i < expected.getNumElements(); ++i) {
    double a = found.getDouble(foundPlaces.empty() ? i : foundPlaces[i]);
    double b = expected.getDouble(expectedPlaces.empty() ? i : expectedPlaces[i]);
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      norm += std::isfinite(b) ? b * b : 0;
      continue;
    }
    difference += (a - b) * (a - b);
    norm += b * b;
  }
  if (difference == 0)
    return 0;
  return std::isnan(difference) || norm == 0 ? INFINITY : std::sqrt(difference / norm);
}

llvm::Expected<double> mlir::moe::compareResults(ArrayRef<TensorView> found,
                                                 ArrayRef<TensorView> expected,
                                                 double tolerance) {
  double largest = 0;
  for (const TensorView &wanted : expected) {
    const TensorView *result = findTensor(found, wanted.name);
    if (!result)
      return llvm::createStringError("the layer has no result '" + wanted.name + "'");
    if (result->getNumElements() != wanted.getNumElements() ||
        isInteger(result->type) != isInteger(wanted.type))
      return llvm::createStringError("result '" + wanted.name + "' is " +
                                     formatShape(*result) + ", expected " +
                                     formatShape(wanted));
    std::vector<int64_t> foundPlaces = getPlaces(found, wanted.name);
    std::vector<int64_t> expectedPlaces = getPlaces(expected, wanted.name);
    if (isInteger(wanted.type)) {
      if (llvm::Error error =
              compareIntegers(*result, wanted, foundPlaces, expectedPlaces))
        return error;
      continue;
    }
    double error = getRelativeError(*result, wanted, foundPlaces, expectedPlaces);
    if (!(error <= tolerance))
      return llvm::createStringError(llvm::formatv(
          "result '{0}' has relative error {1:e2}, expected at most {2:e2}", wanted.name,
          error, tolerance));
    largest = std::max(largest, error);
  }
  return largest;
}
