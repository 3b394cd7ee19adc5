//===- Collectives.cpp - Instructions of a whole warp ---------------------===//

#include "Collectives.h"
#include "Barriers.h"
#include "EntryPoints.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

using namespace mlir::moe::sim;

static std::string here() {
  return text(machine->describeLocation(self->location), " by ",
              describe(*self));
}

//===----------------------------------------------------------------------===//
// Meeting
//===----------------------------------------------------------------------===//

/// Executes the instruction if no lane is missing.
static bool performIfComplete(Warp &warp, size_t index) {
  Rendezvous &meeting = warp.meetings[index];
  if (meeting.mask & warp.getLiveMask() & ~meeting.arrived)
    return false;
  Rendezvous done = std::move(meeting);
  warp.meetings.erase(warp.meetings.begin() + static_cast<ptrdiff_t>(index));
  done.perform(done);
  for (Thread *lane : warp.lanes)
    if (lane != self && done.arrived >> lane->lane & 1)
      machine->wake(lane);
  machine->noteProgress();
  return true;
}

void mlir::moe::sim::meet(const char *name, uint32_t mask, void *operands,
                          std::function<void(Rendezvous &)> perform) {
  Warp &warp = *self->warp;
  if (!(mask >> self->lane & 1))
    fail(HazardKind::DivergentWarp, here(), ": lane ", self->lane,
         " is not in its own mask ", hex(mask));
  size_t index = warp.meetings.size();
  for (size_t i = 0; i < warp.meetings.size(); ++i) {
    Rendezvous &other = warp.meetings[i];
    if (!(other.mask & mask))
      continue;
    if (std::strcmp(other.name, name) != 0 || other.mask != mask)
      fail(HazardKind::DivergentWarp, here(), ": ", name, " with mask ",
           hex(mask), ", while lanes ", hex(other.arrived), " are at ",
           other.name, " with mask ", hex(other.mask), ", ",
           machine->describeLocation(other.location));
    index = i;
  }
  if (index == warp.meetings.size()) {
    warp.meetings.emplace_back();
    warp.meetings[index].name = name;
    warp.meetings[index].mask = mask;
    warp.meetings[index].location = self->location;
    warp.meetings[index].perform = std::move(perform);
  }
  warp.meetings[index].arrived |= 1u << self->lane;
  warp.meetings[index].operands[self->lane] = operands;
  if (performIfComplete(warp, index))
    return;
  machine->block([&warp, name, location = self->location] {
    uint32_t missing = 0;
    for (const Rendezvous &meeting : warp.meetings)
      if (meeting.location == location)
        missing |= meeting.mask & ~meeting.arrived;
    return text("lanes ", hex(missing), " at ", name, ", ",
                machine->describeLocation(location));
  });
}

void mlir::moe::sim::meetAligned(const char *name, void *operands,
                                 std::function<void(Rendezvous &)> perform) {
  if (self->warp->getLiveMask() != ~0u)
    fail(HazardKind::DivergentWarp, here(), ": lanes ",
         hex(~self->warp->getLiveMask()), " of the warp have ended");
  meet(name, ~0u, operands, std::move(perform));
}

void mlir::moe::sim::noteExitOfLane(Warp &warp) {
  for (size_t i = warp.meetings.size(); i-- > 0;)
    performIfComplete(warp, i);
}

/// Calls `visit` for each lane that takes part.
template <typename Visit>
static void forEachLane(const Rendezvous &meeting, Visit visit) {
  for (Thread *lane : self->warp->lanes)
    if (meeting.arrived >> lane->lane & 1)
      visit(*lane, meeting.operands[lane->lane]);
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

namespace {
struct Shuffle {
  uint32_t value, offset, clamp;
};
} // namespace

/// The lane that `lane` reads, and whether it is in range.
static std::pair<uint32_t, bool> getSource(uint32_t lane, const Shuffle &what,
                                           uint32_t kind) {
  uint32_t bound = what.clamp & 31, segment = what.clamp >> 8 & 31;
  uint32_t offset = what.offset & 31;
  uint32_t low = lane & segment, high = low | (bound & ~segment);
  int64_t source = 0;
  bool inRange = false;
  switch (kind) {
  case 0: // bfly
    source = lane ^ offset;
    inRange = source <= high;
    break;
  case 1: // up
    source = int64_t(lane) - offset;
    inRange = source >= int64_t(high);
    break;
  case 2: // down
    source = lane + offset;
    inRange = source <= high;
    break;
  default: // idx
    source = low | (offset & ~segment);
    inRange = source <= high;
  }
  return {inRange ? static_cast<uint32_t>(source) : lane, inRange};
}

uint64_t entry::shuffle(uint32_t mask, uint32_t value, uint32_t offset,
                        uint32_t clamp, uint32_t kind, int32_t location) {
  self->location = location;
  Shuffle operands{value, offset, clamp};
  meet("shfl.sync", mask, &operands, [kind](Rendezvous &meeting) {
    forEachLane(meeting, [&](Thread &lane, void *operands) {
      auto [source, inRange] =
          getSource(lane.lane, *static_cast<Shuffle *>(operands), kind);
      if (!(meeting.arrived >> source & 1))
        fail(HazardKind::DivergentWarp,
             machine->describeLocation(meeting.location), ": ", describe(lane),
             " reads lane ", source, ", which is not in mask ",
             hex(meeting.mask), " or has ended");
      lane.result = static_cast<Shuffle *>(meeting.operands[source])->value |
                    uint64_t(inRange) << 32;
    });
  });
  return self->result;
}

//===----------------------------------------------------------------------===//
// Votes
//===----------------------------------------------------------------------===//

uint32_t entry::vote(uint32_t mask, uint32_t predicate, uint32_t kind,
                     int32_t location) {
  self->location = location;
  meet("vote.sync", mask, &predicate, [kind](Rendezvous &meeting) {
    uint32_t ballot = 0;
    forEachLane(meeting, [&](Thread &lane, void *predicate) {
      ballot |= uint32_t(*static_cast<uint32_t *>(predicate) & 1) << lane.lane;
    });
    bool any = ballot != 0, all = ballot == meeting.arrived;
    uint32_t results[] = {any, all, ballot, all || !any};
    forEachLane(meeting,
                [&](Thread &lane, void *) { lane.result = results[kind]; });
  });
  return static_cast<uint32_t>(self->result);
}

uint64_t entry::match(uint32_t mask, uint64_t value, uint32_t all,
                      int32_t location) {
  self->location = location;
  meet("match.sync", mask, &value, [all](Rendezvous &meeting) {
    forEachLane(meeting, [&](Thread &lane, void *mine) {
      uint32_t same = 0;
      forEachLane(meeting, [&](Thread &other, void *theirs) {
        same |= uint32_t(*static_cast<uint64_t *>(mine) ==
                         *static_cast<uint64_t *>(theirs))
                << other.lane;
      });
      bool agree = same == meeting.arrived;
      lane.result = !all ? same : agree ? same | uint64_t(1) << 32 : 0;
    });
  });
  return self->result;
}

static uint32_t combine(uint32_t kind, uint32_t a, uint32_t b) {
  auto x = static_cast<int32_t>(a), y = static_cast<int32_t>(b);
  auto f = std::bit_cast<float>(a), g = std::bit_cast<float>(b);
  switch (kind) {
  case 1:
    return a + b;
  case 2:
    return a & b;
  case 3:
    return static_cast<uint32_t>(std::max(x, y));
  case 4:
    return static_cast<uint32_t>(std::min(x, y));
  case 5:
    return a | b;
  case 6:
    return std::max(a, b);
  case 7:
    return std::min(a, b);
  case 8:
    return a ^ b;
  case 9:
    return std::bit_cast<uint32_t>(std::fmin(f, g));
  default:
    return std::bit_cast<uint32_t>(std::fmax(f, g));
  }
}

uint32_t entry::reduce(uint32_t mask, uint32_t value, uint32_t kind,
                       int32_t location) {
  self->location = location;
  meet("redux.sync", mask, &value, [kind](Rendezvous &meeting) {
    bool first = true;
    uint32_t result = 0;
    forEachLane(meeting, [&](Thread &, void *value) {
      uint32_t next = *static_cast<uint32_t *>(value);
      result = first ? next : combine(kind, result, next);
      first = false;
    });
    forEachLane(meeting, [&](Thread &lane, void *) { lane.result = result; });
  });
  return static_cast<uint32_t>(self->result);
}

uint32_t entry::elect(uint32_t mask, int32_t location) {
  self->location = location;
  meet("elect.sync", mask, nullptr, [](Rendezvous &meeting) {
    auto leader = static_cast<uint32_t>(std::countr_zero(meeting.arrived));
    forEachLane(meeting, [&](Thread &lane, void *) {
      lane.result = lane.lane == leader;
    });
  });
  return static_cast<uint32_t>(self->result);
}

/// Of these instructions the only one that orders accesses.
void entry::syncWarp(uint32_t mask, int32_t location) {
  self->location = location;
  Knowledge mine;
  release(mine);
  meet("bar.warp.sync", mask, &mine, [](Rendezvous &meeting) {
    Knowledge all;
    forEachLane(meeting, [&](Thread &, void *operand) {
      all.join(*static_cast<Knowledge *>(operand));
    });
    forEachLane(meeting, [&](Thread &lane, void *) { acquire(lane, all); });
  });
}
