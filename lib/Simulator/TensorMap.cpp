//===- TensorMap.cpp - Tensors in global memory for bulk copies -----------===//

#include "moe/Simulator/TensorMap.h"

#include <cstring>

using namespace mlir::moe::sim;

uint32_t mlir::moe::sim::getBytes(ElementType type) {
  switch (type) {
  case ElementType::U8:
    return 1;
  case ElementType::F16:
  case ElementType::BF16:
    return 2;
  case ElementType::F32:
  case ElementType::S32:
  case ElementType::U32:
    return 4;
  }
  __builtin_unreachable();
}

std::optional<std::string> TensorMap::findFault() const {
  if (rank < 1 || rank > 5)
    return "rank " + std::to_string(rank) + ", expected 1 to 5";
  if (address % 16)
    return "a tensor whose address is no multiple of 16";
  for (uint32_t dim = 0; dim < rank; ++dim) {
    std::string place = " of dimension " + std::to_string(dim);
    if (dims[dim] == 0 || dims[dim] > uint64_t(1) << 32)
      return "size " + std::to_string(dims[dim]) + place +
             ", expected 1 to 2^32";
    if (box[dim] == 0 || box[dim] > 256)
      return "box size " + std::to_string(box[dim]) + place +
             ", expected 1 to 256";
    if (elementStrides[dim] == 0 || elementStrides[dim] > 8)
      return "element stride " + std::to_string(elementStrides[dim]) + place +
             ", expected 1 to 8";
    if (dim && (strides[dim] % 16 || strides[dim] >= uint64_t(1) << 40))
      return "stride " + std::to_string(strides[dim]) + place +
             ", expected a multiple of 16 below 2^40";
  }
  uint32_t rowBytes = box[0] * getBytes(type);
  if (rowBytes % 16)
    return "a box row of " + std::to_string(rowBytes) +
           " bytes, expected a multiple of 16";
  if (swizzle != Swizzle::None && rowBytes > getSpan(swizzle))
    return "a box row of " + std::to_string(rowBytes) +
           " bytes, expected at most the " + std::to_string(getSpan(swizzle)) +
           " of the swizzle";
  return std::nullopt;
}

namespace {
/// Laid out to fit the driver's 128 bytes.
struct Encoded {
  uint64_t mark;
  uint64_t address;
  uint64_t strides[4];
  uint64_t dims[5];
  uint16_t box[5];
  uint8_t elementStrides[5];
  uint8_t type, rank, swizzle, fillNaN;
};
} // namespace
static_assert(sizeof(Encoded) <= TensorMap::encodedSize);

static constexpr uint64_t mark = 0x70616d726f736e74; // "tnsormap"

void TensorMap::encode(void *object) const {
  Encoded encoded = {};
  encoded.mark = mark;
  encoded.address = address;
  for (uint32_t dim = 0; dim < 5; ++dim) {
    if (dim)
      encoded.strides[dim - 1] = strides[dim];
    encoded.dims[dim] = dims[dim];
    encoded.box[dim] = static_cast<uint16_t>(box[dim]);
    encoded.elementStrides[dim] = static_cast<uint8_t>(elementStrides[dim]);
  }
  encoded.type = static_cast<uint8_t>(type);
  encoded.rank = static_cast<uint8_t>(rank);
  encoded.swizzle = static_cast<uint8_t>(swizzle);
  encoded.fillNaN = fillNaN;
  std::memset(object, 0, encodedSize);
  std::memcpy(object, &encoded, sizeof(encoded));
}

std::optional<TensorMap> TensorMap::decode(const void *object) {
  Encoded encoded;
  std::memcpy(&encoded, object, sizeof(encoded));
  if (encoded.mark != mark)
    return std::nullopt;
  TensorMap map;
  map.address = encoded.address;
  map.type = static_cast<ElementType>(encoded.type);
  map.rank = encoded.rank;
  map.swizzle = static_cast<Swizzle>(encoded.swizzle);
  map.fillNaN = encoded.fillNaN;
  for (uint32_t dim = 0; dim < 5; ++dim) {
    map.dims[dim] = encoded.dims[dim];
    map.strides[dim] = dim ? encoded.strides[dim - 1] : getBytes(map.type);
    map.box[dim] = encoded.box[dim];
    map.elementStrides[dim] = encoded.elementStrides[dim];
  }
  return map;
}

uint32_t TensorMap::getBoxBytes() const {
  uint32_t bytes = getBytes(type);
  for (uint32_t dim = 0; dim < rank; ++dim)
    bytes *= getCount(dim);
  return bytes;
}

std::optional<uint64_t>
TensorMap::locate(const std::array<int64_t, 5> &at) const {
  uint64_t result = address;
  for (uint32_t dim = 0; dim < rank; ++dim) {
    if (at[dim] < 0 || static_cast<uint64_t>(at[dim]) >= dims[dim])
      return std::nullopt;
    result +=
        static_cast<uint64_t>(at[dim]) * (dim ? strides[dim] : getBytes(type));
  }
  return result;
}
