//===- Shadow.h - Who accessed which byte last ------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_SHADOW_H
#define MOE_LIB_SIMULATOR_SHADOW_H

#include "Clock.h"
#include "moe/Simulator/Hazard.h"

#include <array>
#include <cstddef>
#include <optional>

namespace mlir::moe::sim {

/// One access of an agent, as memory remembers it.
struct Stamp {
  enum Flag : uint16_t { Valid = 1, Async = 2, Atomic = 4 };

  uint32_t cta = 0;
  uint16_t index = 0;
  uint16_t flags = 0;
  uint32_t time = 0;
  int32_t location = 0;

  Agent getAgent() const { return {cta, index}; }
  bool isValid() const { return flags & Valid; }
  bool isAsync() const { return flags & Async; }
  bool isAtomic() const { return flags & Atomic; }
};

/// An access, and what is known to have happened before it.
struct Access {
  Stamp stamp;
  bool write = false;
  /// Memory without a value may be read: it holds NaN.
  bool allowUnwritten = false;
  const Clock *known = nullptr;
  /// Of that, what the async proxy sees; only for accesses of that proxy.
  const Clock *asyncKnown = nullptr;
};

struct Conflict {
  HazardKind kind;
  size_t offset;
  /// The earlier access; not valid if there was none.
  Stamp other;
  bool otherWrote;
};

/// The last write and the reads since, of each byte of a memory. Words are kept
/// as one until something accesses a part of one.
class Shadow {
public:
  Shadow(size_t size, bool written);

  /// The first conflict of an access with earlier ones; otherwise remembers it.
  std::optional<Conflict> access(size_t offset, size_t size,
                                 const Access &access);

private:
  struct Cell {
    Stamp write;
    Stamp read;
    /// Further readers, or -1.
    int32_t readers = -1;
    /// The cells of the four bytes, or -1.
    int32_t split = -1;
  };
  static constexpr size_t pageCells = 1024;
  using Page = std::array<Cell, pageCells>;

  Cell &getCell(size_t word);
  std::optional<Conflict> access(Cell &cell, size_t offset,
                                 const Access &access);
  void addReader(Cell &cell, const Access &access);
  void dropReaders(Cell &cell);

  bool written;
  std::vector<std::unique_ptr<Page>> pages;
  std::vector<std::array<Cell, 4>> splits;
  std::vector<std::vector<Stamp>> readers;
  std::vector<int32_t> freeReaders;
};

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_SHADOW_H
