//===- Shadow.h - Who accessed which byte last ------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_SHADOW_H
#define MOE_LIB_SIMULATOR_SHADOW_H

#include "Clock.h"
#include "moe/Simulator/Hazard.h"

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>

namespace mlir::moe::sim {

/// One access of an agent, as memory remembers it.
struct Stamp {
  /// The scope of an atomic is above bit 4.
  enum Flag : uint16_t { Valid = 1, Async = 2, Atomic = 4, ScopeShift = 4 };

  uint32_t cta = 0;
  uint16_t index = 0;
  uint16_t flags = 0;
  uint32_t time = 0;
  int32_t location = 0;

  bool operator==(const Stamp &) const = default;
  Agent getAgent() const { return {cta, index}; }
  bool isValid() const { return flags & Valid; }
  bool isAsync() const { return flags & Async; }
  bool isAtomic() const { return flags & Atomic; }
  uint32_t getScope() const { return flags >> ScopeShift; }
};

/// An access, and what is known to have happened before it.
struct Access {
  Stamp stamp;
  bool write = false;
  /// Of the async proxy: it must see what was written.
  bool async = false;
  /// Memory without a value may be read: it holds NaN.
  bool allowUnwritten = false;
  /// Writes of CTAs from this one on must not be read; 0 for none.
  uint32_t constantSince = 0;
  const Knowledge *knowledge = nullptr;
  /// The CTAs in the cluster of an atomic.
  std::span<const uint32_t> cluster;
};

struct Conflict {
  HazardKind kind;
  size_t offset;
  /// The earlier access; not valid if there was none.
  Stamp other;
  bool otherWrote;
};

/// The last write and the reads since, of each byte of a memory. 16 bytes are
/// kept as one until something accesses a part of them, then words, then bytes.
class Shadow {
public:
  Shadow(size_t size, bool written, ProxySpace space);
  Shadow(Shadow &&) = default;
  Shadow &operator=(Shadow &&) = default;

  /// The first conflict of an access with earlier ones; otherwise remembers it.
  std::optional<Conflict> access(size_t offset, size_t size,
                                 const Access &access);

private:
  struct Cell {
    Stamp write;
    std::array<Stamp, 2> reads;
    /// Further readers, or -1.
    int32_t readers = -1;
    /// The cells of the four parts, or -1.
    int32_t split = -1;
  };
  static constexpr size_t cellBytes = 16, pageCells = 256;
  using Page = std::array<Cell, pageCells>;

  /// The access under way, and stamps that are known to be before it.
  struct Check {
    const Access &access;
    size_t begin, end;
    Stamp write, read;
  };

  Cell *getCells(size_t index);
  void split(Cell &cell);
  std::optional<Conflict> accessPart(Cell &cell, size_t begin, size_t size,
                                     Check &check);
  std::optional<Conflict> accessWhole(Cell &cell, size_t begin, Check &check);
  std::optional<HazardKind> findWriteFault(const Stamp &last,
                                           const Access &access) const;
  void addReader(Cell &cell, Check &check);
  void dropReaders(Cell &cell);

  bool written;
  ProxySpace space;
  std::vector<std::unique_ptr<Page>> pages;
  /// A deque, because cells stay where they are while others are split.
  std::deque<std::array<Cell, 4>> splits;
  std::vector<int32_t> freeSplits;
  std::vector<std::vector<Stamp>> readers;
  std::vector<int32_t> freeReaders;
};

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_SHADOW_H
