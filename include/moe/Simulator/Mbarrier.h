//===- Mbarrier.h - The state of an mbarrier object -------------*- C++ -*-===//

#ifndef MOE_SIMULATOR_MBARRIER_H
#define MOE_SIMULATOR_MBARRIER_H

#include <cstdint>

namespace mlir::moe::sim {

/// A phase is over when nothing is expected any more: no arrival and no byte of
/// an asynchronous copy. The next one then begins.
class Mbarrier {
public:
  static constexpr uint32_t maxCount = (1u << 20) - 1;

  enum class Fault {
    None,
    TooManyArrivals, ///< More than the phase still expects.
    TooManyBytes,    ///< More than were announced, with no arrival left.
    CountRange,      ///< A count that the object cannot hold.
  };

  explicit Mbarrier(uint32_t count) : expected(count), pending(count) {}

  /// `count` arrivals; with `drop`, later phases expect as many fewer.
  Fault arrive(uint32_t count, bool drop = false);

  /// An arrival yet to come that the count of the object did not foresee.
  Fault expectArrival();

  Fault expectBytes(uint32_t bytes);
  Fault completeBytes(uint32_t bytes);

  /// Whether the phase of this parity, the current or the one before, is over.
  bool isOver(uint32_t parity) const { return (phase & 1) != (parity & 1); }

  /// The number of phases that are over.
  uint32_t getPhase() const { return phase; }
  uint32_t getPending() const { return pending; }
  int32_t getBytes() const { return bytes; }

private:
  Fault finish();

  uint32_t expected;
  uint32_t pending;
  int32_t bytes = 0;
  uint32_t phase = 0;
};

} // namespace mlir::moe::sim

#endif // MOE_SIMULATOR_MBARRIER_H
