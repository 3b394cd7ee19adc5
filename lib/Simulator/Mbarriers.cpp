//===- Mbarriers.cpp - Operations on mbarrier objects ---------------------===//

#include "Mbarriers.h"
#include "Accesses.h"
#include "EntryPoints.h"

using namespace mlir::moe::sim;

static std::string here() {
  return text(machine->describeLocation(self->location), " by ",
              describe(*self));
}

static Stamp getStamp() { return makeAccess(/*write=*/true).stamp; }

//===----------------------------------------------------------------------===//
// Finding and changing objects
//===----------------------------------------------------------------------===//

static void check(Mbarrier::Fault fault, const MbarrierObject &barrier,
                  const Stamp &who) {
  switch (fault) {
  case Mbarrier::Fault::None:
    return;
  case Mbarrier::Fault::TooManyArrivals:
    fail(HazardKind::BadBarrier, machine->describe(who),
         ": more arrivals at the mbarrier than ", "phase ",
         barrier.state.getPhase(), " expects");
  case Mbarrier::Fault::TooManyBytes:
    fail(HazardKind::BadBarrier, machine->describe(who),
         ": all threads have arrived in phase ", barrier.state.getPhase(),
         " of the mbarrier, and ", -barrier.state.getBytes(),
         " bytes more came than expected");
  case Mbarrier::Fault::CountRange:
    fail(HazardKind::BadBarrier, machine->describe(who),
         ": a count that an mbarrier cannot hold");
  }
}

/// Threads go on whose phase is over.
static void noteState(MbarrierObject &barrier, uint32_t phaseBefore) {
  if (barrier.state.getPhase() == phaseBefore)
    return;
  barrier.over = barrier.arriving;
  barrier.over.known.raise(barrier.agent, barrier.state.getPhase());
  machine->wakeAll(barrier.waiters);
}

MbarrierObject &mlir::moe::sim::findMbarrier(SharedPlace place,
                                             const Knowledge &knowledge,
                                             const Stamp &who) {
  // Only texts need it, and they are rare.
  auto name = [&] {
    return text(machine->describe(who), ", mbarrier ", hex(place.address),
                " of CTA ", place.cta->serial - place.cta->grid->firstSerial);
  };
  if (!place.cta->shared)
    fail(HazardKind::RemoteExited, name(), ": that CTA has ended");
  if (place.address % 8)
    fail(HazardKind::Misaligned, name(), ": expected a multiple of 8");
  auto found = place.cta->shared->mbarriers.find(place.address);
  if (found == place.cta->shared->mbarriers.end())
    fail(HazardKind::BadBarrier, name(), ": it is not initialised");
  MbarrierObject &barrier = found->second;
  const Stamp &init = barrier.initialised;
  if (knowledge.get(init.getAgent()) < init.time)
    fail(HazardKind::DataRace, name(),
         ": nothing orders it after the initialisation, ",
         machine->describe(init));
  return barrier;
}

void mlir::moe::sim::checkInitFence(const MbarrierObject &barrier,
                                    const Stamp &who) {
  if (!barrier.fenced)
    fail(HazardKind::MissingInitFence, machine->describe(who),
         ": the mbarrier's initialisation is not visible to the async proxy ",
         "and the cluster, no fence followed ",
         machine->describe(barrier.initialised));
}

/// The object of an operation of the running thread.
static MbarrierObject &findOperand(uint64_t pointer, uint32_t space) {
  SharedPlace place = resolveShared(pointer, Space(space));
  Stamp who = getStamp();
  MbarrierObject &barrier = findMbarrier(place, self->knowledge, who);
  if (place.cta != self->cta) {
    if (!self->knowledge.known.knows(place.cta->serial))
      fail(HazardKind::RemoteNotStarted, here(),
           ": nothing says that the CTA of the mbarrier has started");
    checkInitFence(barrier, who);
    place.cta->visitors[{self->agent.cta, self->agent.index}] = who;
  }
  return barrier;
}

void mlir::moe::sim::completeBytes(MbarrierObject &barrier, uint32_t bytes,
                                   const Stamp &who) {
  uint32_t phase = barrier.state.getPhase();
  check(barrier.state.completeBytes(bytes), barrier, who);
  noteState(barrier, phase);
}

void mlir::moe::sim::arrive(MbarrierObject &barrier, const Stamp &who) {
  uint32_t phase = barrier.state.getPhase();
  check(barrier.state.arrive(1), barrier, who);
  noteState(barrier, phase);
}

//===----------------------------------------------------------------------===//
// What compiled code calls
//===----------------------------------------------------------------------===//

void entry::mbarrierInit(uint64_t pointer, uint32_t space, uint32_t count,
                         int32_t location) {
  self->location = location;
  SharedPlace place = resolveShared(pointer, Space(space));
  if (place.cta != self->cta)
    fail(HazardKind::BadBarrier, here(), ": an mbarrier of another CTA");
  if (count == 0 || count > Mbarrier::maxCount)
    fail(HazardKind::BadBarrier, here(), ": count ", count, ", expected 1 to ",
         Mbarrier::maxCount);
  auto &mbarriers = place.cta->shared->mbarriers;
  auto found = mbarriers.find(place.address);
  if (found != mbarriers.end() && !found->second.waiters.empty())
    fail(HazardKind::BadBarrier, here(), ": threads wait for the mbarrier");
  if (found != mbarriers.end())
    mbarriers.erase(found);
  // As any write, it must not meet another access.
  accessShared(place, 8, 8, makeAccess(/*write=*/true));
  MbarrierObject &barrier =
      mbarriers.try_emplace(place.address, count).first->second;
  barrier.agent = place.cta->makeAgent();
  barrier.initialised = makeAccess(true).stamp;
}

void entry::mbarrierInvalidate(uint64_t pointer, uint32_t space,
                               int32_t location) {
  self->location = location;
  MbarrierObject &barrier = findOperand(pointer, space);
  if (!barrier.waiters.empty())
    fail(HazardKind::BadBarrier, here(), ": threads wait for the mbarrier");
  SharedPlace place = resolveShared(pointer, Space(space));
  place.cta->shared->mbarriers.erase(place.address);
}

/// Counts for the objects that the thread initialised or knows of.
void entry::fenceMbarrierInit(int32_t location) {
  self->location = location;
  for (auto &[address, barrier] : self->cta->shared->mbarriers) {
    const Stamp &init = barrier.initialised;
    if (init.getAgent() == self->agent ||
        self->knowledge.get(init.getAgent()) >= init.time)
      barrier.fenced = true;
  }
}

uint64_t entry::mbarrierArrive(uint64_t pointer, uint32_t space, uint32_t count,
                               uint32_t bytes, uint32_t flags,
                               int32_t location) {
  self->location = location;
  MbarrierObject &barrier = findOperand(pointer, space);
  uint32_t phase = barrier.state.getPhase();
  bool drop = flags & 1, relaxed = flags & 2, mayNotComplete = flags & 4;
  if (!relaxed)
    release(barrier.arriving);
  if (bytes)
    check(barrier.state.expectBytes(bytes), barrier, getStamp());
  check(barrier.state.arrive(count, drop), barrier, getStamp());
  if (mayNotComplete && barrier.state.getPhase() != phase)
    fail(HazardKind::BadBarrier, here(), ": it completes the phase");
  noteState(barrier, phase);
  return phase;
}

void entry::mbarrierExpect(uint64_t pointer, uint32_t space, uint32_t bytes,
                           int32_t location) {
  self->location = location;
  MbarrierObject &barrier = findOperand(pointer, space);
  uint32_t phase = barrier.state.getPhase();
  check(barrier.state.expectBytes(bytes), barrier, getStamp());
  noteState(barrier, phase);
}

void entry::mbarrierComplete(uint64_t pointer, uint32_t space, uint32_t bytes,
                             int32_t location) {
  self->location = location;
  completeBytes(findOperand(pointer, space), bytes, getStamp());
}

static bool testParity(MbarrierObject &barrier, uint32_t parity) {
  if (!barrier.state.isOver(parity))
    return false;
  acquire(*self, barrier.over);
  return true;
}

static std::string describeWait(uint64_t pointer, MbarrierObject &barrier,
                                const std::string &phase, int32_t location) {
  return text("mbarrier ", hex(pointer), ", ", phase, ": phase ",
              barrier.state.getPhase(), " lacks ", barrier.state.getPending(),
              " arrivals and ", barrier.state.getBytes(), " bytes, ",
              machine->describeLocation(location));
}

void entry::mbarrierWait(uint64_t pointer, uint32_t space, uint32_t parity,
                         int32_t location) {
  self->location = location;
  MbarrierObject *barrier = &findOperand(pointer, space);
  while (!testParity(*barrier, parity)) {
    barrier->waiters.push_back(self);
    machine->block([=] {
      return describeWait(pointer, *barrier, text("parity ", parity), location);
    });
    barrier = &findOperand(pointer, space);
  }
}

uint32_t entry::mbarrierTest(uint64_t pointer, uint32_t space, uint64_t state,
                             uint32_t isParity, int32_t location) {
  self->location = location;
  MbarrierObject &barrier = findOperand(pointer, space);
  auto parity = static_cast<uint32_t>(state);
  if (testParity(barrier, parity))
    return 1;
  // It suspends the thread for a while, or a loop around it comes back.
  machine->poll([=, &barrier] {
    return describeWait(pointer, barrier,
                        text(isParity ? "parity " : "phase ", state), location);
  });
  return testParity(findOperand(pointer, space), parity);
}
