//===- AsyncCopies.cpp - Copies of single threads -------------------------===//

#include "Copies.h"
#include "EntryPoints.h"
#include "Mbarriers.h"

#include <cstring>
#include <utility>

using namespace mlir::moe::sim;

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

static Stamp makeStamp(std::optional<Agent> &agent, uint32_t number) {
  if (!agent)
    agent = self->cta->makeAgent();
  return {agent->cta, static_cast<uint16_t>(agent->index), 0, number,
          self->location};
}

Stamp mlir::moe::sim::makeReadStamp(CopyGroups &groups) {
  return makeStamp(groups.readAgent, groups.issued);
}

Stamp mlir::moe::sim::makeWriteStamp(CopyGroups &groups) {
  return makeStamp(groups.writeAgent, groups.issued);
}

void mlir::moe::sim::commit(CopyGroups &groups) {
  groups.committed.push_back(std::move(groups.open));
  groups.open.clear();
}

/// Copies of a group complete in any order.
static void complete(CopyGroups::Group &group, bool onlyRead,
                     uint32_t last = ~0u) {
  for (size_t i = group.size(); i > 1; --i)
    std::swap(group[i - 1], group[machine->random(static_cast<uint32_t>(i))]);
  for (GroupedCopy &copy : group) {
    if (copy.number > last)
      continue;
    if (auto read = std::exchange(copy.read, nullptr))
      read();
    if (!onlyRead)
      if (auto write = std::exchange(copy.write, nullptr))
        write();
  }
}

void mlir::moe::sim::wait(CopyGroups &groups, uint32_t left, bool onlyRead) {
  for (size_t i = 0; i + left < groups.committed.size(); ++i) {
    CopyGroups::Group &group = groups.committed[i];
    complete(group, onlyRead);
    for (const GroupedCopy &copy : group) {
      if (groups.readAgent)
        self->knowledge.known.raise(*groups.readAgent, copy.number);
      if (groups.writeAgent && !onlyRead)
        self->knowledge.known.raise(*groups.writeAgent, copy.number);
    }
  }
  if (!onlyRead)
    while (groups.committed.size() > left)
      groups.committed.pop_front();
  self->snapshot.reset();
  machine->noteProgress();
}

void mlir::moe::sim::checkCopiesAtExit() {
  CopyGroups &bulk = self->bulkCopies;
  commit(bulk);
  for (CopyGroups::Group &group : bulk.committed) {
    for (GroupedCopy &copy : group)
      if (copy.read)
        fail(HazardKind::UnfinishedCopy, describe(*self),
             " ends before its bulk copy number ", copy.number,
             " has read shared memory: nothing waited for it");
    complete(group, /*onlyRead=*/false);
  }
  commit(self->asyncCopies);
  for (CopyGroups::Group &group : self->asyncCopies.committed)
    complete(group, /*onlyRead=*/false);
}

//===----------------------------------------------------------------------===//
// What compiled code calls
//===----------------------------------------------------------------------===//

void entry::asyncCopy(uint64_t target, uint64_t source, uint32_t size,
                      uint32_t valid, int32_t location) {
  self->location = location;
  if (valid > size)
    fail(HazardKind::OutOfBounds, machine->describeLocation(location), " by ",
         describe(*self), ": ", valid, " bytes of a copy of ", size);
  SharedPlace place = resolveShared(target, Space::Shared);
  CopyGroups &groups = self->asyncCopies;
  GroupedCopy copy;
  copy.number = ++groups.issued;
  Stamp writer = makeWriteStamp(groups), reader = makeReadStamp(groups);
  auto flight = std::make_shared<Flight>(
      Flight{place.address, place.address + size, location});
  place.cta->shared->addFlight(*flight);
  copy.write = [=, knowledge = getSnapshot()] {
    place.cta->shared->removeFlight(*flight);
    char *to = accessShared(place, size, size,
                            makeAsyncAccess(true, writer, *knowledge, false));
    std::memset(to, 0, size);
    if (valid)
      std::memcpy(
          to,
          accessGlobal(source, valid, size,
                       makeAsyncAccess(false, reader, *knowledge, false)),
          valid);
    machine->statistics.copiedBytes += size;
  };
  groups.open.push_back(std::move(copy));
}

void entry::asyncCommit(int32_t location) {
  self->location = location;
  commit(self->asyncCopies);
}

void entry::asyncWait(uint32_t left, int32_t location) {
  self->location = location;
  wait(self->asyncCopies, left, /*onlyRead=*/false);
}

void entry::asyncArrive(uint64_t pointer, uint32_t space, uint32_t noinc,
                        int32_t location) {
  self->location = location;
  SharedPlace place = resolveShared(pointer, Space(space));
  Knowledge knowledge = getKnowledge();
  Stamp who = makeAccess(/*write=*/true).stamp;
  MbarrierObject &barrier = findMbarrier(place, knowledge, who);
  if (!noinc && barrier.state.expectArrival() != Mbarrier::Fault::None)
    fail(HazardKind::BadBarrier, machine->describe(who),
         ": too many arrivals expected");
  CopyGroups &groups = self->asyncCopies;
  auto op = std::make_unique<PendingOp>();
  op->target = place.cta;
  op->flight = {place.address, place.address, location};
  op->complete = [=, &groups, last = groups.issued] {
    for (CopyGroups::Group &group : groups.committed)
      complete(group, /*onlyRead=*/false, last);
    complete(groups.open, /*onlyRead=*/false, last);
    MbarrierObject &barrier = findMbarrier(place, knowledge, who);
    if (groups.writeAgent) {
      barrier.arriving.known.raise(*groups.writeAgent, last);
      barrier.arriving.known.raise(*groups.readAgent, last);
    }
    arrive(barrier, who);
  };
  machine->addPending(std::move(op));
}
