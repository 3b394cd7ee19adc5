//===- Clock.cpp - What happened before -----------------------------------===//

#include "Clock.h"
#include "Multiply.h"

#include <algorithm>

using namespace mlir::moe::sim;

bool Clock::knows(uint32_t cta) const {
  return cta < floor ||
         std::any_of(
             parts.begin(), parts.end(),
             [&](const auto &part) { return part.first == cta; });
}

Clock::Times &Clock::makeUnique(std::shared_ptr<Times> &times) {
  if (times.use_count() != 1)
    times = std::make_shared<Times>(*times);
  return *times;
}

void Clock::raise(Agent agent, uint32_t time) {
  if (get(agent) >= time)
    return;
  auto part = std::find_if(parts.begin(), parts.end(), [&](const auto &part) {
    return part.first == agent.cta;
  });
  if (part == parts.end()) {
    parts.emplace_back(agent.cta, std::make_shared<Times>());
    part = std::prev(parts.end());
  }
  Times &times = makeUnique(part->second);
  if (times.size() <= agent.index)
    times.resize(agent.index + 1);
  times[agent.index] = time;
}

void Clock::raiseFloor(uint32_t cta) {
  if (cta <= floor)
    return;
  floor = cta;
  std::erase_if(parts, [&](const auto &part) { return part.first < floor; });
}

MOE_SIM_CLONES
static bool isBelow(const uint32_t *low, const uint32_t *high, size_t count) {
  uint32_t exceeds = 0;
  for (size_t i = 0; i < count; ++i)
    exceeds |= low[i] > high[i];
  return !exceeds;
}

/// Whether no time in `low` exceeds the one in `high`.
static bool isCovered(const std::vector<uint32_t> &low,
                      const std::vector<uint32_t> &high) {
  size_t common = std::min(low.size(), high.size());
  return isBelow(low.data(), high.data(), common) &&
         std::all_of(low.begin() + static_cast<ptrdiff_t>(common), low.end(),
                     [](uint32_t time) { return time == 0; });
}

void Clock::join(const Clock &other) {
  raiseFloor(other.floor);
  for (const auto &[cta, theirs] : other.parts) {
    if (cta < floor)
      continue;
    auto part = std::find_if(parts.begin(), parts.end(), [&](const auto &part) {
      return part.first == cta;
    });
    if (part == parts.end()) {
      parts.emplace_back(cta, theirs);
      continue;
    }
    auto &mine = part->second;
    if (mine == theirs || isCovered(*theirs, *mine))
      continue;
    if (isCovered(*mine, *theirs)) {
      mine = theirs;
      continue;
    }
    Times &times = makeUnique(mine);
    if (times.size() < theirs->size())
      times.resize(theirs->size());
    for (size_t i = 0; i < theirs->size(); ++i)
      times[i] = std::max(times[i], (*theirs)[i]);
  }
}

void Clock::meet(const Clock &other) {
  floor = std::min(floor, other.floor);
  std::erase_if(parts,
                [&](const auto &part) { return !other.knows(part.first); });
  for (auto &[cta, mine] : parts)
    for (const auto &[otherCta, theirs] : other.parts) {
      if (cta != otherCta || mine == theirs || isCovered(*mine, *theirs))
        continue;
      Times &times = makeUnique(mine);
      times.resize(std::min(mine->size(), theirs->size()));
      for (size_t i = 0; i < times.size(); ++i)
        times[i] = std::min(times[i], (*theirs)[i]);
    }
}

//===----------------------------------------------------------------------===//
// With what the async proxy sees
//===----------------------------------------------------------------------===//

void Knowledge::raiseFloor(uint32_t cta) {
  known.raiseFloor(cta);
  for (Clock &clock : async)
    clock.raiseFloor(cta);
}

void Knowledge::join(const Knowledge &other) {
  known.join(other.known);
  if (other.time)
    known.raise(other.own, other.time);
  for (size_t i = 0; i < async.size(); ++i) {
    async[i].join(other.async[i]);
    if (other.asyncTime[i])
      async[i].raise(other.own, other.asyncTime[i]);
  }
}

void Knowledge::meet(const Knowledge &other) {
  known.meet(other.known);
  for (size_t i = 0; i < async.size(); ++i)
    async[i].meet(other.async[i]);
}
