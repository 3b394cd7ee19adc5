//===- BulkCopies.cpp - Bulk copies through the async proxy ---------------===//

#include "Copies.h"
#include "EntryPoints.h"
#include "Mbarriers.h"
#include "Reduction.h"

#include <cstring>

using namespace mlir::moe::sim;

static std::string here() {
  return text(machine->describeLocation(self->location), " by ",
              describe(*self));
}

static void checkMultiple(const char *what, uint64_t value, uint64_t of) {
  if (value % of)
    fail(HazardKind::Misaligned, here(), ": ", what, " ", hex(value),
         ", expected a multiple of ", of);
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

/// What writes the shared memory of a CTA, and as whom it accesses memory.
using Fill = std::function<void(char *target, const Access &read)>;

/// Issues a copy into `place` that completes on `barrier` in the same CTA.
static void issueLoad(SharedPlace place, SharedPlace barrierPlace,
                      uint32_t bytes, const Knowledge &knowledge, Fill fill) {
  Stamp who = makeAccess(/*write=*/true).stamp;
  MbarrierObject &barrier = findMbarrier(barrierPlace, knowledge, who);
  checkInitFence(barrier, who);
  auto op = std::make_unique<PendingOp>();
  op->target = place.cta;
  op->flight = {place.address, place.address + bytes, self->location};
  op->complete = [=, location = self->location] {
    MbarrierObject &barrier = findMbarrier(barrierPlace, knowledge, who);
    Stamp stamp = {barrier.agent.cta,
                   static_cast<uint16_t>(barrier.agent.index), 0,
                   barrier.state.getPhase() + 1, location};
    Access write = makeAsyncAccess(true, stamp, knowledge, true);
    Access read = makeAsyncAccess(false, stamp, knowledge, true);
    fill(accessShared(place, bytes, 16, write), read);
    machine->statistics.copiedBytes += bytes;
    completeBytes(barrier, bytes, who);
  };
  if (!place.cta->shared->contains(place.address, bytes))
    fail(HazardKind::OutOfBounds, here(), ": ", bytes, " bytes at ",
         hex(place.address), " of shared memory, which ends at ",
         hex(place.cta->shared->getEnd()));
  machine->addPending(std::move(op));
}

/// Issues the copy for each CTA of the multicast, or for the one of `target`.
static void issueLoads(uint64_t target, uint32_t space, uint64_t barrier,
                       uint32_t bytes, uint32_t multicast, const Fill &fill) {
  SharedPlace place = resolveShared(target, Space(space));
  uint32_t barrierAddress =
      resolveShared(barrier, Space::SharedCluster).address;
  Knowledge knowledge = getKnowledge();
  auto issue = [&](Cta *cta) {
    if (!cta->shared)
      fail(HazardKind::RemoteExited, here(), ": that CTA has ended");
    issueLoad({cta, place.address}, {cta, barrierAddress}, bytes, knowledge,
              fill);
  };
  if (!multicast)
    return issue(place.cta);
  auto &ctas = self->cta->cluster->ctas;
  if (multicast >> ctas.size())
    fail(HazardKind::OutOfBounds, here(), ": multicast to ", hex(multicast),
         " in a cluster of ", ctas.size());
  for (auto &cta : ctas)
    if (multicast >> cta->rank & 1)
      issue(cta.get());
}

void entry::bulkLoad(uint64_t target, uint32_t space, uint64_t source,
                     uint64_t barrier, uint32_t size, uint32_t multicast,
                     int32_t location) {
  self->location = location;
  checkMultiple("size", size, 16);
  issueLoads(target, space, barrier, size, multicast,
             [=](char *target, const Access &read) {
               std::memcpy(target, accessGlobal(source, size, 16, read), size);
             });
}

void entry::bulkSend(uint64_t target, uint64_t source, uint64_t barrier,
                     uint32_t size, int32_t location) {
  self->location = location;
  checkMultiple("size", size, 16);
  SharedPlace from = resolveShared(source, Space::Shared);
  SharedPlace to = resolveShared(target, Space::SharedCluster);
  SharedPlace on = resolveShared(barrier, Space::SharedCluster);
  if (!to.cta->shared)
    fail(HazardKind::RemoteExited, here(), ": that CTA has ended");
  if (on.cta != to.cta)
    fail(HazardKind::BadBarrier, here(),
         ": the mbarrier is not in the CTA of the target");
  issueLoad(to, on, size, getKnowledge(),
            [=](char *target, const Access &read) {
              std::memcpy(target, accessShared(from, size, 16, read), size);
            });
}

/// The tensor map there, of that rank if one is given.
static TensorMap getTensorMap(const void *object,
                              std::optional<uint32_t> rank) {
  accessMemory(reinterpret_cast<uint64_t>(object), Space::Generic,
               TensorMap::encodedSize, 64, makeAccess(/*write=*/false));
  std::optional<TensorMap> map = TensorMap::decode(object);
  if (!map)
    fail(HazardKind::BadDescriptor, here(), ": no tensor map is there");
  if (auto fault = map->findFault())
    fail(HazardKind::BadDescriptor, here(), ": a tensor map with ", *fault);
  if (rank && map->rank != *rank)
    fail(HazardKind::BadDescriptor, here(), ": ", *rank,
         " coordinates for a tensor map of rank ", map->rank);
  uint32_t rowBytes = map->getCount(0) * getBytes(map->type);
  if (map->swizzle != Swizzle::None && rowBytes != getSpan(map->swizzle))
    fail(HazardKind::Unsupported, here(), ": a box row of ", rowBytes,
         " bytes with a swizzle of ", getSpan(map->swizzle));
  return *map;
}

void entry::prefetchMap(uint64_t map, int32_t location) {
  self->location = location;
  getTensorMap(reinterpret_cast<const void *>(map), std::nullopt);
}

/// Calls `visit(bytes into the box, bytes, address)` for each run of elements
/// of the box that lies in the tensor.
template <typename Visit>
static void forEachRun(const TensorMap &map,
                       const std::array<int32_t, 5> &start, Visit visit) {
  uint32_t elementBytes = getBytes(map.type), step = map.elementStrides[0];
  map.forEachRow(start, [&](uint32_t offset, std::array<int64_t, 5> at) {
    uint32_t count = map.getCount(0);
    if (step == 1) {
      // One run: cut off what lies before and after.
      int64_t first = std::max<int64_t>(0, -at[0]);
      int64_t end = std::min<int64_t>(count, int64_t(map.dims[0]) - at[0]);
      at[0] += first;
      if (first >= end)
        return;
      if (auto address = map.locate(at))
        visit(offset + static_cast<uint32_t>(first) * elementBytes,
              static_cast<uint32_t>(end - first) * elementBytes, *address);
      return;
    }
    for (uint32_t i = 0; i < count; ++i, at[0] += step)
      if (auto address = map.locate(at))
        visit(offset + i * elementBytes, elementBytes, *address);
  });
}

/// Moves the chunks of a box between a dense copy and shared memory.
template <typename Move>
static void forEachChunk(const TensorMap &map, uint32_t address, Move move) {
  for (uint32_t at = 0; at < map.getBoxBytes(); at += 16)
    move(at, applySwizzle(map.swizzle, address + at) - address);
}

static std::array<int32_t, 5> getStart(const int32_t *coordinates,
                                       uint32_t rank) {
  std::array<int32_t, 5> start = {};
  std::copy_n(coordinates, rank, start.begin());
  return start;
}

void entry::tensorLoad(uint64_t target, uint32_t space, const void *object,
                       const int32_t *coordinates, uint32_t rank,
                       uint64_t barrier, uint32_t multicast, int32_t location) {
  self->location = location;
  TensorMap map = getTensorMap(object, rank);
  checkMultiple("shared memory address",
                resolveShared(target, Space(space)).address, 128);
  uint32_t address = resolveShared(target, Space(space)).address;
  issueLoads(target, space, barrier, map.getBoxBytes(), multicast,
             [=, start = getStart(coordinates, rank)](char *target,
                                                      const Access &read) {
               // Floats outside of the tensor may be NaN of all ones.
               std::vector<char> box(map.getBoxBytes(), map.fillNaN ? -1 : 0);
               forEachRun(map, start,
                          [&](uint32_t at, uint32_t bytes, uint64_t address) {
                            std::memcpy(box.data() + at,
                                        accessGlobal(address, bytes, 1, read),
                                        bytes);
                          });
               forEachChunk(map, address, [&](uint32_t from, uint32_t to) {
                 std::memcpy(target + to, box.data() + from, 16);
               });
             });
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

/// Issues a copy of `bytes` of shared memory, which `write` takes.
static void
issueStore(uint64_t source, uint32_t bytes, uint32_t alignment,
           std::function<void(const std::vector<char> &, Access)> write) {
  SharedPlace place = resolveShared(source, Space::Shared);
  checkMultiple("shared memory address", place.address, alignment);
  CopyGroups &groups = self->bulkCopies;
  GroupedCopy copy;
  copy.number = ++groups.issued;
  Stamp reader = makeReadStamp(groups), writer = makeWriteStamp(groups);
  auto knowledge = getSnapshot();
  auto data = std::make_shared<std::vector<char>>();
  copy.read = [=] {
    char *from = accessShared(place, bytes, 16,
                              makeAsyncAccess(false, reader, *knowledge, true));
    data->assign(from, from + bytes);
  };
  copy.write = [=] {
    write(*data, makeAsyncAccess(true, writer, *knowledge, true));
    machine->statistics.copiedBytes += bytes;
  };
  groups.open.push_back(std::move(copy));
}

/// Reductions are atomic, element by element.
static void reduceInto(uint64_t target, const char *values, uint32_t bytes,
                       Reduction kind, ElementType type, Access access) {
  access.stamp.flags |= Stamp::Atomic | (numScopes - 1) << Stamp::ScopeShift;
  char *to = accessGlobal(target, bytes, getBytes(type), access);
  for (uint32_t at = 0; at < bytes; at += getBytes(type))
    if (!reduce(kind, type, to + at, values + at))
      fail(HazardKind::Unsupported, machine->describe(access.stamp),
           ": reduction ", static_cast<uint32_t>(kind), " of elements of type ",
           static_cast<uint32_t>(type));
}

void entry::bulkStore(uint64_t target, uint64_t source, uint32_t size,
                      int32_t location) {
  self->location = location;
  checkMultiple("size", size, 16);
  issueStore(source, size, 16,
             [=](const std::vector<char> &data, const Access &access) {
               std::memcpy(accessGlobal(target, size, 16, access), data.data(),
                           size);
             });
}

void entry::bulkReduce(uint64_t target, uint64_t source, uint32_t size,
                       uint32_t kind, uint32_t type, int32_t location) {
  self->location = location;
  checkMultiple("size", size, 16);
  checkMultiple("global address", target, 16);
  issueStore(source, size, 16,
             [=](const std::vector<char> &data, const Access &access) {
               reduceInto(target, data.data(), size, Reduction(kind),
                          ElementType(type), access);
             });
}

void entry::tensorStore(const void *object, uint64_t source,
                        const int32_t *coordinates, uint32_t rank,
                        int32_t reduction, int32_t location) {
  self->location = location;
  TensorMap map = getTensorMap(object, rank);
  uint32_t base = resolveShared(source, Space::Shared).address;
  issueStore(source, map.getBoxBytes(), 128,
             [=, start = getStart(coordinates, rank)](
                 const std::vector<char> &data, const Access &access) {
               std::vector<char> box(data.size());
               forEachChunk(map, base, [&](uint32_t to, uint32_t from) {
                 std::memcpy(box.data() + to, data.data() + from, 16);
               });
               forEachRun(map, start,
                          [&](uint32_t at, uint32_t bytes, uint64_t address) {
                            if (reduction >= 0)
                              return reduceInto(address, box.data() + at, bytes,
                                                Reduction(reduction), map.type,
                                                access);
                            std::memcpy(accessGlobal(address, bytes, 1, access),
                                        box.data() + at, bytes);
                          });
             });
}

void entry::bulkCommit(int32_t location) {
  self->location = location;
  commit(self->bulkCopies);
}

void entry::bulkWait(uint32_t left, uint32_t onlyRead, int32_t location) {
  self->location = location;
  wait(self->bulkCopies, left, onlyRead);
}
