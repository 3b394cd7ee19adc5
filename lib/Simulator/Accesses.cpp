//===- Accesses.cpp - Checked accesses to memory --------------------------===//

#include "Accesses.h"
#include "EntryPoints.h"

using namespace mlir::moe::sim;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static std::string describeAccess(const Access &access, size_t size,
                                  const std::string &place) {
  return text(access.write ? "write" : "read", " of ", size, " bytes at ",
              place, ", ", machine->describe(access.stamp));
}

[[noreturn]] static void failFor(const Conflict &conflict, const Access &access,
                                 const std::string &place,
                                 const Flight *flight) {
  std::string what = describeAccess(access, 1, place);
  std::string other = text(conflict.otherWrote ? "write" : "read", ", ",
                           machine->describe(conflict.other));
  if (flight)
    fail(HazardKind::MissingWait, what, ": nothing waited for ",
         machine->describeLocation(flight->location),
         ", which still writes there");
  switch (conflict.kind) {
  case HazardKind::NeverWritten:
    fail(conflict.kind, what, ": nothing has written there");
  case HazardKind::NarrowScope:
    fail(conflict.kind, what, ": its scope and that of the earlier ", other,
         " do not hold both threads");
  case HazardKind::StaleRead:
    fail(conflict.kind, what,
         ": the non-coherent cache may not see the earlier ", other,
         ", of the same launch");
  case HazardKind::MissingProxyFence:
    fail(conflict.kind, what, ": the async proxy may not see the earlier ",
         other, ": no fence.proxy.async after it");
  default:
    fail(conflict.kind, what, ": nothing orders it after the ", other);
  }
}

static void checkAlignment(uint64_t address, size_t size, size_t alignment,
                           const Access &access, const std::string &place) {
  if (address % alignment)
    fail(HazardKind::Misaligned, describeAccess(access, size, place),
         ": expected a multiple of ", alignment);
}

SharedPlace mlir::moe::sim::resolveShared(uint64_t pointer, Space space) {
  Cluster &cluster = *self->cta->cluster;
  if (space == Space::Generic) {
    for (auto &cta : cluster.ctas)
      if (cta->shared)
        if (auto address = cta->shared->find(reinterpret_cast<void *>(pointer)))
          return {cta.get(), *address};
    fail(HazardKind::OutOfBounds, "generic address ", hex(pointer),
         ", expected one of shared memory, ",
         machine->describeLocation(self->location), " by ", describe(*self));
  }
  uint64_t rank = pointer >> 24;
  if (rank == 0)
    return {self->cta, static_cast<uint32_t>(pointer)};
  if (rank > cluster.ctas.size() || space == Space::Shared)
    fail(HazardKind::OutOfBounds, "address ", hex(pointer),
         " lies outside of shared memory, ",
         machine->describeLocation(self->location), " by ", describe(*self));
  return {cluster.ctas[rank - 1].get(),
          static_cast<uint32_t>(pointer & 0xffffff)};
}

/// Another CTA's memory must be there: it has started, and waits with its end.
static void checkRemote(SharedPlace place, const Access &access,
                        const std::string &what) {
  Cta &cta = *place.cta;
  if (access.stamp.cta == cta.serial)
    return;
  if (!cta.shared)
    fail(HazardKind::RemoteExited, what, ": that CTA has ended");
  if (!access.knowledge->known.knows(cta.serial))
    fail(HazardKind::RemoteNotStarted, what,
         ": nothing says that that CTA has started");
  cta.visitors[{access.stamp.cta, access.stamp.index}] = access.stamp;
}

char *mlir::moe::sim::accessShared(SharedPlace place, size_t size,
                                   size_t alignment, const Access &access,
                                   bool ignoreFlights) {
  // Only texts need it, and they are rare.
  auto name = [&](uint64_t address) {
    return text("shared memory ", hex(address), " of CTA ",
                place.cta->serial - place.cta->grid->firstSerial);
  };
  if (access.stamp.cta != place.cta->serial)
    checkRemote(place, access,
                describeAccess(access, size, name(place.address)));
  SharedMemory &memory = *place.cta->shared;
  if (!memory.contains(place.address, size))
    fail(HazardKind::OutOfBounds,
         describeAccess(access, size, name(place.address)), ": the CTA has ",
         hex(SharedMemory::base), " to ", hex(memory.getEnd()));
  if (place.address % alignment)
    checkAlignment(place.address, size, alignment, access, name(place.address));
  if (!memory.mbarriers.empty())
    if (auto barrier = memory.findMbarrier(place.address, size))
      fail(HazardKind::BadBarrier,
           describeAccess(access, size, name(place.address)),
           ": the bytes of the mbarrier at ", hex(*barrier));
  if (!ignoreFlights)
    if (const Flight *flight = memory.findFlight(place.address, size))
      failFor({}, access, name(place.address), flight);
  if (auto conflict = memory.shadow.access(place.address, size, access))
    failFor(*conflict, access, name(conflict->offset),
            memory.findFlight(static_cast<uint32_t>(conflict->offset), 1));
  return memory.getData(place.address);
}

char *mlir::moe::sim::accessGlobal(uint64_t address, size_t size,
                                   size_t alignment, const Access &access) {
  GlobalMemory::Range *range = machine->global.find(address);
  if (!range)
    fail(HazardKind::OutOfBounds,
         describeAccess(access, size, "global memory " + hex(address)), ": ",
         machine->global.describeGap(address));
  size_t offset = address - range->begin;
  auto name = [&](size_t offset) {
    return text("offset ", offset, " of ", range->buffer.name);
  };
  if (offset + size > range->buffer.size)
    fail(HazardKind::OutOfBounds, describeAccess(access, size, name(offset)),
         ": it has ", range->buffer.size);
  if (address % alignment)
    checkAlignment(address, size, alignment, access, name(offset));
  if (access.write && !range->buffer.writable)
    fail(HazardKind::ReadOnly, describeAccess(access, size, name(offset)),
         ": it may only be read");
  // Nothing can conflict with reads of what is never written.
  if (range->buffer.written && !range->buffer.writable)
    return reinterpret_cast<char *>(address);
  if (auto conflict = range->shadow.access(offset, size, access))
    failFor(*conflict, access, name(conflict->offset), nullptr);
  return reinterpret_cast<char *>(address);
}

char *mlir::moe::sim::accessMemory(uint64_t pointer, Space space, size_t size,
                                   size_t alignment, const Access &access) {
  switch (space) {
  case Space::Shared:
  case Space::SharedCluster:
    return accessShared(resolveShared(pointer, space), size, alignment, access);
  case Space::Local:
    return reinterpret_cast<char *>(pointer);
  case Space::Generic: {
    const Stack &stack = self->context.getStack();
    if (pointer - reinterpret_cast<uint64_t>(stack.base) < stack.size)
      return reinterpret_cast<char *>(pointer);
    for (auto &cta : self->cta->cluster->ctas)
      if (cta->shared && cta->shared->find(reinterpret_cast<void *>(pointer)))
        return accessShared(resolveShared(pointer, space), size, alignment,
                            access);
    break;
  }
  default:
    break;
  }
  return accessGlobal(pointer, size, alignment, access);
}

Access mlir::moe::sim::makeAccess(bool write, bool atomic) {
  Access access;
  access.write = write;
  access.knowledge = &self->knowledge;
  self->snapshot.reset();
  access.stamp = {
      self->agent.cta, static_cast<uint16_t>(self->agent.index),
      static_cast<uint16_t>(Stamp::Valid | (atomic ? Stamp::Atomic : 0)),
      self->knowledge.time, self->location};
  return access;
}

Access mlir::moe::sim::makeAsyncAccess(bool write, Stamp stamp,
                                       const Knowledge &knowledge,
                                       bool asyncProxy) {
  Access access;
  access.write = write;
  access.knowledge = &knowledge;
  access.async = asyncProxy;
  access.stamp = stamp;
  access.stamp.flags |= Stamp::Valid | (asyncProxy ? Stamp::Async : 0);
  return access;
}

//===----------------------------------------------------------------------===//
// What compiled code calls
//===----------------------------------------------------------------------===//

/// Others run even while a thread loads in a loop.
static constexpr uint32_t longestTurn = 1 << 16;

void *entry::load(uint64_t pointer, uint32_t space, uint64_t size,
                  uint64_t alignment, int32_t location) {
  self->location = location;
  if (++self->loads == longestTurn)
    machine->poll([pointer, location] {
      return text("loads ", hex(pointer), " again and again, ",
                  machine->describeLocation(location));
    });
  return accessMemory(pointer, Space(space), size, alignment,
                      makeAccess(/*write=*/false));
}

void *entry::store(uint64_t pointer, uint32_t space, uint64_t size,
                   uint64_t alignment, int32_t location) {
  self->location = location;
  machine->noteProgress();
  return accessMemory(pointer, Space(space), size, alignment,
                      makeAccess(/*write=*/true));
}

/// A load of memory that stays as it is while the launch runs.
void *entry::loadConstant(uint64_t pointer, uint32_t space, uint64_t size,
                          uint64_t alignment, int32_t location) {
  self->location = location;
  Access access = makeAccess(/*write=*/false);
  access.constantSince = self->cta->grid->firstSerial;
  return accessMemory(pointer, Space(space), size, alignment, access);
}

void entry::checkAlignment(uint64_t pointer, uint64_t alignment,
                           int32_t location) {
  self->location = location;
  if (pointer % alignment)
    fail(HazardKind::Misaligned, "address ", hex(pointer),
         ", expected a multiple of ", alignment, ", ",
         machine->describeLocation(location), " by ", describe(*self));
}

//===----------------------------------------------------------------------===//
// Atomics and fences
//===----------------------------------------------------------------------===//

namespace {
enum AtomicFlag : uint32_t {
  Reads = 1,
  Writes = 2,
  Acquires = 4,
  Releases = 8
};
} // namespace

/// What those release at an address that a scope of the running thread holds.
static Knowledge &getReleased(Machine::Released &released, uint32_t scope) {
  const Cta &cta = *self->cta;
  uint32_t first = scope == 0   ? cta.serial
                   : scope == 1 ? cta.cluster->serials.front()
                                : 0;
  return released[{scope, first}];
}

/// Operations synchronise if both scopes hold both threads. So one gives to and
/// takes from all scopes up to its own.
void *entry::atomic(uint64_t pointer, uint32_t space, uint64_t size,
                    uint32_t flags, int32_t location) {
  self->location = location;
  // What others do meanwhile may be what this thread waits for.
  machine->poll([pointer, location] {
    return text("polls ", hex(pointer), ", ",
                machine->describeLocation(location));
  });
  uint32_t widest = std::min(flags >> 4, numScopes - 1);
  Access access = makeAccess(/*write=*/flags & Writes, /*atomic=*/true);
  access.stamp.flags |= static_cast<uint16_t>(widest << Stamp::ScopeShift);
  access.cluster = self->cta->cluster->serials;
  char *data = accessMemory(pointer, Space(space), size, size, access);
  Machine::Released &released = machine->atomics[data];
  Knowledge mine;
  if (flags & Releases)
    mine = getKnowledge();
  for (uint32_t scope = 0; scope <= widest; ++scope) {
    Knowledge &shared = getReleased(released, scope);
    if (flags & Reads) {
      if (flags & Acquires)
        acquire(*self, shared);
      self->unfenced[scope].join(shared);
    }
    if (flags & Writes) {
      if (flags & Releases)
        shared.join(mine);
      shared.join(self->fenced[scope]);
    }
  }
  return data;
}

void entry::fence(uint32_t scope, int32_t location) {
  self->location = location;
  uint32_t widest = std::min(scope, numScopes - 1);
  for (uint32_t i = 0; i <= widest; ++i)
    acquire(*self, self->unfenced[i]);
  Knowledge mine = getKnowledge();
  for (uint32_t i = 0; i <= widest; ++i)
    self->fenced[i].join(mine);
}

/// All that happened before becomes visible to the async proxy, in the spaces
/// whose bits are set.
void entry::fenceProxyAsync(uint32_t spaces, int32_t location) {
  self->location = location;
  Knowledge &knowledge = self->knowledge;
  for (size_t i = 0; i < knowledge.async.size(); ++i)
    if (spaces >> i & 1) {
      knowledge.asyncTime[i] = knowledge.time;
      knowledge.async[i].join(knowledge.known);
    }
  ++knowledge.time;
  self->snapshot.reset();
  if (spaces & 1)
    entry::fenceMbarrierInit(location);
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

uint64_t entry::toGeneric(uint64_t pointer, uint32_t space, int32_t location) {
  self->location = location;
  if (Space(space) != Space::Shared && Space(space) != Space::SharedCluster)
    return pointer;
  SharedPlace place = resolveShared(pointer, Space(space));
  if (!place.cta->shared)
    fail(HazardKind::RemoteExited, machine->describeLocation(location), " by ",
         describe(*self), ": that CTA has ended");
  return reinterpret_cast<uint64_t>(place.cta->shared->getData(place.address));
}

uint64_t entry::fromGeneric(uint64_t pointer, uint32_t space,
                            int32_t location) {
  self->location = location;
  if (Space(space) != Space::Shared && Space(space) != Space::SharedCluster)
    return pointer;
  SharedPlace place = resolveShared(pointer, Space::Generic);
  return place.cta == self->cta
             ? place.address
             : makeClusterAddress(place.address, place.cta->rank);
}

uint64_t entry::mapToRank(uint64_t pointer, uint32_t space, uint32_t rank,
                          int32_t location) {
  self->location = location;
  SharedPlace place = resolveShared(pointer, Space(space));
  auto &ctas = self->cta->cluster->ctas;
  if (rank >= ctas.size())
    fail(HazardKind::OutOfBounds, "rank ", rank, " in a cluster of ",
         ctas.size(), ", ", machine->describeLocation(location));
  if (Space(space) == Space::Generic)
    return ctas[rank]->shared ? reinterpret_cast<uint64_t>(
                                    ctas[rank]->shared->getData(place.address))
                              : 0;
  return makeClusterAddress(place.address, rank);
}
