//===- Clock.h - What happened before -------------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_CLOCK_H
#define MOE_LIB_SIMULATOR_CLOCK_H

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace mlir::moe::sim {

/// Something whose accesses are ordered among themselves: a thread, or the
/// asynchronous operations that complete one after the other. CTAs are numbered
/// through all launches of a process.
struct Agent {
  uint32_t cta = 0;
  uint32_t index = 0;
  bool operator==(const Agent &) const = default;
};

/// A vector clock: for each agent, up to which time its accesses are known to
/// be over. Copies share their parts.
class Clock {
public:
  /// All accesses of CTAs below `cta` are known to be over.
  explicit Clock(uint32_t cta = 0) : floor(cta) {}

  uint32_t get(Agent agent) const {
    if (agent.cta < floor)
      return ~0u;
    for (const auto &[cta, times] : parts)
      if (cta == agent.cta)
        return agent.index < times->size() ? (*times)[agent.index] : 0;
    return 0;
  }

  bool knows(uint32_t cta) const;

  void raise(Agent agent, uint32_t time);
  void raiseFloor(uint32_t cta);

  /// Adds what `other` knows.
  void join(const Clock &other);

  /// Keeps what `other` knows too.
  void meet(const Clock &other);

private:
  using Times = std::vector<uint32_t>;

  static Times &makeUnique(std::shared_ptr<Times> &times);

  uint32_t floor;
  std::vector<std::pair<uint32_t, std::shared_ptr<Times>>> parts;
};

/// Memories that the async proxy sees apart.
enum class ProxySpace : uint32_t { Shared, Global };

/// What happened before something. Of that the async proxy sees what fences
/// made visible to it, and what itself did.
struct Knowledge {
  Clock known;
  std::array<Clock, 2> async;
  /// The agent that knows all this, and up to which time its own accesses are
  /// part of it.
  Agent own{~0u, ~0u};
  uint32_t time = 0;
  std::array<uint32_t, 2> asyncTime = {};

  uint32_t get(Agent agent) const {
    return agent == own ? time : known.get(agent);
  }
  uint32_t getAsync(ProxySpace space, Agent agent) const {
    auto index = static_cast<size_t>(space);
    return agent == own ? asyncTime[index] : async[index].get(agent);
  }

  void raiseFloor(uint32_t cta);
  /// Adds what `other` knows, its own accesses included.
  void join(const Knowledge &other);
  /// Keeps what `other` knows too, own accesses of both left out.
  void meet(const Knowledge &other);
};

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_CLOCK_H
