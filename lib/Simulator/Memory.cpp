//===- Memory.cpp - Shared and global memory ------------------------------===//

#include "Memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace mlir::moe::sim;

SharedMemory::SharedMemory(uint32_t bytes)
    : shadow(base + bytes, /*written=*/false, ProxySpace::Shared),
      end(base + bytes) {
  // As an allocation of the device, so that generic addresses are aligned
  // alike.
  size_t size = (end + 1023) / 1024 * 1024;
  data = static_cast<char *>(std::aligned_alloc(1024, size));
  // NaN in every format.
  std::memset(data, 0xff, size);
}

SharedMemory::~SharedMemory() { std::free(data); }

std::optional<uint32_t> SharedMemory::find(const void *pointer) const {
  auto offset =
      reinterpret_cast<uintptr_t>(pointer) - reinterpret_cast<uintptr_t>(data);
  if (offset >= end)
    return std::nullopt;
  return static_cast<uint32_t>(offset);
}

void SharedMemory::addFlight(const Flight &flight) {
  flights.insert(&flight);
  if (flightsAt.empty())
    flightsAt.resize(end / flightBytes + 1);
  for (uint32_t at = flight.begin / flightBytes;
       at * flightBytes < std::min(flight.end, end); ++at)
    ++flightsAt[at];
}

void SharedMemory::removeFlight(const Flight &flight) {
  flights.erase(&flight);
  for (uint32_t at = flight.begin / flightBytes;
       at * flightBytes < std::min(flight.end, end); ++at)
    --flightsAt[at];
}

const Flight *SharedMemory::findFlight(uint32_t address, size_t size) const {
  if (flights.empty() ||
      std::all_of(&flightsAt[address / flightBytes],
                  &flightsAt[(address + size - 1) / flightBytes] + 1,
                  [](uint16_t count) { return count == 0; }))
    return nullptr;
  for (const Flight *flight : flights)
    if (address < flight->end && flight->begin < address + size)
      return flight;
  return nullptr;
}

std::optional<uint32_t> SharedMemory::findNextMbarrier(uint32_t address,
                                                       size_t size) const {
  auto next = mbarriers.lower_bound(address < 7 ? 0 : address - 7);
  if (next == mbarriers.end() || next->first >= address + size)
    return std::nullopt;
  return next->first;
}

GlobalMemory::GlobalMemory(std::span<const Buffer> buffers) {
  for (const Buffer &buffer : buffers)
    ranges.push_back({buffer, reinterpret_cast<uint64_t>(buffer.data),
                      Shadow(buffer.size, buffer.written, ProxySpace::Global)});
  std::sort(ranges.begin(), ranges.end(),
            [](const Range &a, const Range &b) { return a.begin < b.begin; });
}

GlobalMemory::Range *GlobalMemory::find(uint64_t address) {
  auto holds = [&](const Range &range) {
    return address >= range.begin && address - range.begin < range.buffer.size;
  };
  if (last && holds(*last))
    return last;
  auto next = std::upper_bound(ranges.begin(), ranges.end(), address,
                               [](uint64_t address, const Range &range) {
                                 return address < range.begin;
                               });
  if (next == ranges.begin() || !holds(*--next))
    return nullptr;
  return last = &*next;
}

std::string GlobalMemory::describeGap(uint64_t address) const {
  auto next = std::upper_bound(ranges.begin(), ranges.end(), address,
                               [](uint64_t address, const Range &range) {
                                 return address < range.begin;
                               });
  if (next == ranges.begin())
    return "no buffer is there";
  const Buffer &buffer = std::prev(next)->buffer;
  uint64_t past = address - std::prev(next)->begin - buffer.size;
  return "no buffer is there, " + buffer.name + " ends " +
         std::to_string(past) + " bytes before";
}
