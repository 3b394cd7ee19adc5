//===- Barriers.cpp - Barriers of CTAs and clusters -----------------------===//

#include "Barriers.h"
#include "Collectives.h"
#include "EntryPoints.h"

using namespace mlir::moe::sim;

static std::string here() {
  return text(machine->describeLocation(self->location), " by ",
              describe(*self));
}

//===----------------------------------------------------------------------===//
// Named barriers
//===----------------------------------------------------------------------===//

static void openBarrier(NamedBarrier &barrier) {
  for (Thread *thread : barrier.waiters) {
    acquire(*thread, barrier.knowledge);
    thread->result = barrier.votes | uint64_t(barrier.predicates) << 32;
  }
  machine->wakeAll(barrier.waiters);
  barrier = NamedBarrier();
}

/// With a count of 0 all threads take part that have not ended.
static uint32_t getExpected(const Cta &cta, const NamedBarrier &barrier) {
  return barrier.expected ? barrier.expected : cta.liveThreads;
}

static NamedBarrier &arrive(uint32_t id, uint32_t count, int32_t location) {
  self->location = location;
  Cta &cta = *self->cta;
  if (id >= 16)
    fail(HazardKind::BadBarrier, here(), ": barrier ", id,
         ", expected 0 to 15");
  if (count % 32)
    fail(HazardKind::BadBarrier, here(), ": ", count,
         " threads, expected a multiple of 32");
  if (count > cta.threads.size())
    fail(HazardKind::BadBarrier, here(), ": ", count,
         " threads, but the CTA has ", cta.threads.size());
  NamedBarrier &barrier = cta.barriers[id];
  if (barrier.arrived && barrier.expected != count)
    fail(HazardKind::BadBarrier, here(), ": barrier ", id, " for ", count,
         " threads, but others are at it for ", barrier.expected, ", ",
         machine->describeLocation(barrier.location));
  barrier.expected = count;
  barrier.location = location;
  ++barrier.arrived;
  release(barrier.knowledge);
  return barrier;
}

uint32_t entry::barrierSync(uint32_t id, uint32_t count, uint32_t reduction,
                            uint32_t predicate, int32_t location) {
  NamedBarrier &barrier = arrive(id, count, location);
  barrier.predicates += predicate != 0;
  ++barrier.votes;
  barrier.waiters.push_back(self);
  // The thread that opens the barrier is among those woken.
  if (barrier.arrived == getExpected(*self->cta, barrier))
    openBarrier(barrier);
  machine->block([=, cta = self->cta] {
    return text("barrier ", id, ", where ", cta->barriers[id].arrived, " of ",
                getExpected(*cta, cta->barriers[id]), " threads are, ",
                machine->describeLocation(location));
  });
  auto votes = static_cast<uint32_t>(self->result);
  auto predicates = static_cast<uint32_t>(self->result >> 32);
  switch (reduction) {
  case 0:
    return predicates;
  case 1:
    return predicates == votes;
  default:
    return predicates != 0;
  }
}

void entry::barrierArrive(uint32_t id, uint32_t count, int32_t location) {
  NamedBarrier &barrier = arrive(id, count, location);
  if (barrier.arrived == getExpected(*self->cta, barrier))
    openBarrier(barrier);
}

//===----------------------------------------------------------------------===//
// Barriers of clusters
//===----------------------------------------------------------------------===//

static void openIfComplete(Cluster &cluster) {
  if (cluster.arrived == 0 || cluster.arrived != cluster.getLiveThreads())
    return;
  cluster.arrived = 0;
  ++cluster.phase;
  cluster.over = cluster.arriving;
  machine->wakeAll(cluster.waiters);
}

void entry::clusterArrive(uint32_t relaxed, int32_t location) {
  self->location = location;
  Cluster &cluster = *self->cta->cluster;
  if (self->clusterArrived)
    fail(HazardKind::BadBarrier, here(),
         ": a second arrival at the barrier of the cluster without a wait");
  self->clusterArrived = true;
  self->clusterPhase = cluster.phase;
  if (!relaxed)
    release(cluster.arriving);
  else // It still says that the CTA has started.
    cluster.arriving.known.raise(self->agent, 1);
  ++cluster.arrived;
  openIfComplete(cluster);
}

void entry::clusterWait(int32_t location) {
  self->location = location;
  Cluster &cluster = *self->cta->cluster;
  if (!self->clusterArrived)
    fail(HazardKind::BadBarrier, here(),
         ": a wait at the barrier of the cluster without an arrival");
  if (cluster.phase == self->clusterPhase) {
    cluster.waiters.push_back(self);
    machine->block([&cluster, location] {
      return text("barrier of the cluster, where ", cluster.arrived, " of ",
                  cluster.getLiveThreads(), " threads are, ",
                  machine->describeLocation(location));
    });
  }
  self->clusterArrived = false;
  acquire(*self, cluster.over);
}

//===----------------------------------------------------------------------===//
// The end of threads
//===----------------------------------------------------------------------===//

void mlir::moe::sim::noteExit() {
  Cta &cta = *self->cta;
  noteExitOfLane(*self->warp);
  for (NamedBarrier &barrier : cta.barriers)
    if (barrier.arrived && !barrier.expected &&
        barrier.arrived == cta.liveThreads)
      openBarrier(barrier);
  Cluster &cluster = *cta.cluster;
  if (self->clusterArrived && self->clusterPhase == cluster.phase)
    --cluster.arrived;
  openIfComplete(cluster);
  if (!self->warp->getLiveMask()) {
    cta.freeRegisters += self->warp->registers * 32;
    machine->wakeAll(cta.registerWaiters);
  }
}

static void noteTrigger(Grid &grid) {
  grid.dependentsMayStart = grid.triggeredCtas == grid.size;
}

void mlir::moe::sim::endCta(Cta &cta) {
  Grid &grid = *cta.grid;
  if (const Flight *flight = cta.shared->findAnyFlight())
    fail(HazardKind::UnfinishedCopy, "CTA ", cta.serial - grid.firstSerial,
         " ends while ", machine->describeLocation(flight->location),
         " still writes its shared memory");
  Clock known;
  for (auto &thread : cta.threads)
    known.join(thread->knowledge.known);
  for (const auto &[visitor, stamp] : cta.visitors)
    if (known.get(stamp.getAgent()) < stamp.time)
      fail(HazardKind::RemoteExited, "CTA ", cta.serial - grid.firstSerial,
           " may end before the access to its shared memory, ",
           machine->describe(stamp), ": nothing orders its end after it");
  ++grid.endedCtas;
  if (!cta.triggered)
    ++grid.triggeredCtas;
  cta.triggered = true;
  noteTrigger(grid);
  if (grid.isOver())
    machine->wakeAll(grid.waiters);
}

void entry::gridLaunchDependents(int32_t location) {
  self->location = location;
  Cta &cta = *self->cta;
  // Once one thread of a CTA has said so it counts.
  if (cta.triggered)
    return;
  cta.triggered = true;
  ++cta.grid->triggeredCtas;
  noteTrigger(*cta.grid);
}

void entry::gridWait(int32_t location) {
  self->location = location;
  Grid *before = self->cta->grid->prerequisite;
  if (!before)
    return;
  if (!before->isOver()) {
    before->waiters.push_back(self);
    machine->block([=] {
      return text("the end of the launch before, ",
                  machine->describeLocation(location));
    });
  }
  self->knowledge.raiseFloor(self->cta->grid->firstSerial);
  self->snapshot.reset();
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void entry::setMaxRegisters(uint32_t count, uint32_t increase,
                            int32_t location) {
  self->location = location;
  Warp &warp = *self->warp;
  if (count < 24 || count > 256 || count % 8)
    fail(HazardKind::RegisterBudget, here(), ": ", count,
         " registers, expected a multiple of 8 from 24 to 256");
  auto meetOthers = [] {
    meetAligned("setmaxnreg", nullptr, [](Rendezvous &) {});
  };
  meetOthers();
  if (self->lane == 0) {
    Cta &cta = *warp.cta;
    if (increase ? count < warp.registers : count > warp.registers)
      fail(HazardKind::RegisterBudget, here(), ": ",
           increase ? "an increase" : "a decrease", " from ", warp.registers,
           " to ", count, " registers");
    if (increase)
      while ((count - warp.registers) * 32 > cta.freeRegisters) {
        cta.registerWaiters.push_back(self);
        machine->block([&warp, &cta, count, location] {
          return text("registers: it asks for ", count, " in place of ",
                      warp.registers, " per thread and ",
                      cta.freeRegisters / 32, " are free, ",
                      machine->describeLocation(location));
        });
      }
    cta.freeRegisters += (warp.registers - count) * 32;
    warp.registers = count;
    machine->wakeAll(cta.registerWaiters);
  }
  meetOthers();
}
