//===- Shadow.cpp - Who accessed which byte last --------------------------===//

#include "Shadow.h"

#include <algorithm>

using namespace mlir::moe::sim;

Shadow::Shadow(size_t size, bool written, ProxySpace space)
    : written(written), space(space),
      pages((size / cellBytes + pageCells) / pageCells) {}

Shadow::Cell *Shadow::getCells(size_t index) {
  std::unique_ptr<Page> &page = pages[index / pageCells];
  if (!page) {
    page = std::make_unique<Page>();
    // What the host wrote is known to everyone: it is no agent's.
    if (written)
      for (Cell &cell : *page)
        cell.write.flags = Stamp::Valid;
  }
  return &(*page)[index % pageCells];
}

std::optional<Conflict> Shadow::access(size_t offset, size_t size,
                                       const Access &access) {
  Check check{access, offset, offset + size, {}, {}};
  for (size_t index = offset / cellBytes; index * cellBytes < check.end;) {
    Cell *cell = getCells(index);
    size_t pageEnd = (index / pageCells + 1) * pageCells;
    for (; index < pageEnd && index * cellBytes < check.end; ++index, ++cell)
      if (auto conflict =
              accessPart(*cell, index * cellBytes, cellBytes, check))
        return conflict;
  }
  return std::nullopt;
}

void Shadow::split(Cell &cell) {
  Cell part = cell;
  if (freeSplits.empty()) {
    cell.split = static_cast<int32_t>(splits.size());
    splits.emplace_back();
  } else {
    cell.split = freeSplits.back();
    freeSplits.pop_back();
  }
  auto &parts = splits[static_cast<size_t>(cell.split)];
  parts = {part, part, part, part};
  if (cell.readers < 0)
    return;
  // The first part keeps the list, the others get copies.
  for (size_t i = 1; i < 4; ++i) {
    auto copy = readers[static_cast<size_t>(cell.readers)];
    parts[i].readers = static_cast<int32_t>(readers.size());
    readers.push_back(std::move(copy));
  }
  cell.readers = -1;
}

std::optional<Conflict> Shadow::accessPart(Cell &cell, size_t begin,
                                           size_t size, Check &check) {
  bool whole = check.begin <= begin && begin + size <= check.end;
  if (cell.split < 0) {
    if (whole)
      return accessWhole(cell, begin, check);
    split(cell);
  }
  auto &parts = splits[static_cast<size_t>(cell.split)];
  size_t partSize = size / 4;
  for (size_t i = 0; i < 4; ++i) {
    size_t at = begin + i * partSize;
    if (at < check.end && check.begin < at + partSize)
      if (auto conflict = accessPart(parts[i], at, partSize, check))
        return conflict;
  }
  // A write leaves the parts alike, so they can be one again.
  if (whole && check.access.write) {
    cell.write = check.access.stamp;
    cell.reads = {};
    freeSplits.push_back(cell.split);
    cell.split = -1;
  }
  return std::nullopt;
}

/// Whether the earlier access is over for sure when `access` happens. Reads and
/// writes of one agent happen in order; so do its asynchronous operations.
static bool isOrdered(const Stamp &earlier, const Access &access) {
  return earlier.getAgent() == access.stamp.getAgent() ||
         access.knowledge->get(earlier.getAgent()) >= earlier.time;
}

/// Whether the scopes of two atomics hold the threads of both.
static bool reachEachOther(const Stamp &earlier, const Access &access) {
  switch (std::min(earlier.getScope(), access.stamp.getScope())) {
  case 0:
    return earlier.cta == access.stamp.cta;
  case 1:
    return std::find(access.cluster.begin(), access.cluster.end(),
                     earlier.cta) != access.cluster.end();
  default:
    return true;
  }
}

std::optional<HazardKind> Shadow::findWriteFault(const Stamp &last,
                                                 const Access &access) const {
  if (!last.isValid())
    return access.write || access.allowUnwritten
               ? std::nullopt
               : std::optional(HazardKind::NeverWritten);
  if (last.isAtomic() && access.stamp.isAtomic())
    return reachEachOther(last, access) || isOrdered(last, access)
               ? std::nullopt
               : std::optional(HazardKind::NarrowScope);
  if (!isOrdered(last, access))
    return HazardKind::DataRace;
  if (access.async && !last.isAsync() &&
      access.knowledge->getAsync(space, last.getAgent()) < last.time)
    return HazardKind::MissingProxyFence;
  if (access.constantSince && last.cta >= access.constantSince)
    return HazardKind::StaleRead;
  return std::nullopt;
}

std::optional<Conflict> Shadow::accessWhole(Cell &cell, size_t begin,
                                            Check &check) {
  const Access &access = check.access;
  auto conflict = [&](HazardKind kind, const Stamp &other, bool otherWrote) {
    // Of a cell that holds more than the access the first byte accessed.
    return Conflict{kind, std::max(begin, check.begin), other, otherWrote};
  };
  // Neighbours have mostly been written together.
  if (!cell.write.isValid() || cell.write != check.write) {
    if (auto kind = findWriteFault(cell.write, access))
      return conflict(*kind, cell.write, true);
    check.write = cell.write;
  }
  if (!access.write) {
    addReader(cell, check);
    return std::nullopt;
  }
  auto isBad = [&](const Stamp &read) {
    if (!read.isValid() || read == check.read)
      return false;
    if (!(read.isAtomic() && access.stamp.isAtomic() &&
          reachEachOther(read, access)) &&
        !isOrdered(read, access))
      return true;
    check.read = read;
    return false;
  };
  for (const Stamp &read : cell.reads)
    if (isBad(read))
      return conflict(HazardKind::DataRace, read, false);
  if (cell.readers >= 0)
    for (const Stamp &read : readers[static_cast<size_t>(cell.readers)])
      if (isBad(read))
        return conflict(HazardKind::DataRace, read, false);
  dropReaders(cell);
  cell.write = access.stamp;
  return std::nullopt;
}

/// A read that another follows for sure need not be kept.
void Shadow::addReader(Cell &cell, Check &check) {
  const Stamp &stamp = check.access.stamp;
  Stamp *free = nullptr;
  for (Stamp &read : cell.reads) {
    if (read.isValid() && read.getAgent() == stamp.getAgent()) {
      read = stamp;
      return;
    }
    if (free)
      continue;
    if (!read.isValid() || read == check.read) {
      free = &read;
    } else if (isOrdered(read, check.access)) {
      check.read = read;
      free = &read;
    }
  }
  if (free) {
    *free = stamp;
    return;
  }
  if (cell.readers < 0) {
    if (freeReaders.empty()) {
      cell.readers = static_cast<int32_t>(readers.size());
      readers.emplace_back();
    } else {
      cell.readers = freeReaders.back();
      freeReaders.pop_back();
    }
  }
  auto &others = readers[static_cast<size_t>(cell.readers)];
  auto same = std::find_if(others.begin(), others.end(), [&](const Stamp &s) {
    return s.getAgent() == stamp.getAgent();
  });
  if (same == others.end())
    others.push_back(stamp);
  else
    *same = stamp;
}

void Shadow::dropReaders(Cell &cell) {
  cell.reads = {};
  if (cell.readers < 0)
    return;
  readers[static_cast<size_t>(cell.readers)].clear();
  freeReaders.push_back(cell.readers);
  cell.readers = -1;
}
