//===- Memory.h - Shared and global memory ----------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_MEMORY_H
#define MOE_LIB_SIMULATOR_MEMORY_H

#include "Shadow.h"
#include "moe/Simulator/Launch.h"
#include "moe/Simulator/Mbarrier.h"

#include <map>
#include <unordered_set>

namespace mlir::moe::sim {

struct Thread;

/// An mbarrier object in shared memory.
struct MbarrierObject {
  explicit MbarrierObject(uint32_t count) : state(count) {}

  Mbarrier state;
  /// Whose operations the copies are that complete on it.
  Agent agent;
  /// By whom and when it was initialised.
  Stamp initialised;
  /// Whether a fence made that visible beyond the generic proxy of the CTA.
  bool fenced = false;
  /// What arriving threads knew; and that of the phases that are over.
  Knowledge arriving, over;
  std::vector<Thread *> waiters;
};

/// An asynchronous copy under way.
struct Flight {
  uint32_t begin, end;
  int32_t location;
};

/// The shared memory of a CTA. Addresses are offsets from its start, as those
/// of
/// `.shared::cta` pointers.
class SharedMemory {
public:
  /// The system keeps what lies below.
  static constexpr uint32_t base = 1024;

  explicit SharedMemory(uint32_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory &) = delete;

  char *getData(uint32_t address) { return data + address; }
  uint32_t getEnd() const { return end; }
  bool contains(uint32_t address, size_t size) const {
    return address >= base && address + size <= end;
  }
  /// The address of a byte of the process, if it lies here.
  std::optional<uint32_t> find(const void *pointer) const;

  Shadow shadow;
  std::map<uint32_t, MbarrierObject> mbarriers;

  /// Copies into this memory that are not complete.
  void addFlight(const Flight &flight);
  void removeFlight(const Flight &flight);
  const Flight *findFlight(uint32_t address, size_t size) const;
  const Flight *findAnyFlight() const {
    return flights.empty() ? nullptr : *flights.begin();
  }

  /// The address of an mbarrier object in the range.
  std::optional<uint32_t> findMbarrier(uint32_t address, size_t size) const {
    return mbarriers.empty() || address >= mbarriers.rbegin()->first + 8
               ? std::nullopt
               : findNextMbarrier(address, size);
  }

private:
  std::optional<uint32_t> findNextMbarrier(uint32_t address, size_t size) const;

  char *data;
  uint32_t end;
  std::unordered_set<const Flight *> flights;
  /// How many of them write to each 16 bytes.
  static constexpr uint32_t flightBytes = 16;
  std::vector<uint16_t> flightsAt;
};

/// The buffers of a run.
class GlobalMemory {
public:
  struct Range {
    Buffer buffer;
    uint64_t begin;
    Shadow shadow;
  };

  explicit GlobalMemory(std::span<const Buffer> buffers);

  /// The buffer in which the address lies.
  Range *find(uint64_t address);

  /// What is near an address outside of all buffers.
  std::string describeGap(uint64_t address) const;

private:
  std::vector<Range> ranges;
  Range *last = nullptr;
};

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_MEMORY_H
