//===- Shadow.cpp - Who accessed which byte last --------------------------===//

#include "Shadow.h"

#include <algorithm>

using namespace mlir::moe::sim;

Shadow::Shadow(size_t size, bool written)
    : written(written), pages((size / 4 + pageCells) / pageCells) {}

Shadow::Cell &Shadow::getCell(size_t word) {
  std::unique_ptr<Page> &page = pages[word / pageCells];
  if (!page) {
    page = std::make_unique<Page>();
    // What the host wrote is known to everyone: it is no agent's.
    if (written)
      for (Cell &cell : *page)
        cell.write.flags = Stamp::Valid;
  }
  return (*page)[word % pageCells];
}

std::optional<Conflict> Shadow::access(size_t offset, size_t size,
                                       const Access &what) {
  for (size_t at = offset, end = offset + size; at < end;) {
    Cell &cell = getCell(at / 4);
    size_t wordEnd = at / 4 * 4 + 4;
    bool whole = at % 4 == 0 && wordEnd <= end;
    if (whole && cell.split < 0) {
      if (auto conflict = access(cell, at, what))
        return conflict;
      at = wordEnd;
      continue;
    }
    if (cell.split < 0) {
      Cell part = cell;
      cell.split = static_cast<int32_t>(splits.size());
      splits.push_back({part, part, part, part});
      if (cell.readers >= 0)
        for (size_t i = 1; i < 4; ++i) {
          auto copy = readers[static_cast<size_t>(cell.readers)];
          splits.back()[i].readers = static_cast<int32_t>(readers.size());
          readers.push_back(std::move(copy));
        }
    }
    auto &parts = splits[static_cast<size_t>(cell.split)];
    for (; at < std::min(wordEnd, end); ++at)
      if (auto conflict = access(parts[at % 4], at, what))
        return conflict;
  }
  return std::nullopt;
}

/// Whether the earlier access is over for sure when `access` happens. Reads and
/// writes of one agent happen in order; so do its asynchronous operations.
static bool isOrdered(const Stamp &earlier, const Access &access) {
  return earlier.getAgent() == access.stamp.getAgent() ||
         access.known->get(earlier.getAgent()) >= earlier.time;
}

std::optional<Conflict> Shadow::access(Cell &cell, size_t offset,
                                       const Access &access) {
  auto conflict = [&](HazardKind kind, const Stamp &other, bool otherWrote) {
    return Conflict{kind, offset, other, otherWrote};
  };
  const Stamp &last = cell.write;
  if (!last.isValid()) {
    if (!access.write && !access.allowUnwritten)
      return conflict(HazardKind::NeverWritten, last, true);
  } else if (!(last.isAtomic() && access.stamp.isAtomic())) {
    if (!isOrdered(last, access))
      return conflict(HazardKind::DataRace, last, true);
    if (access.asyncKnown && !last.isAsync() &&
        access.asyncKnown->get(last.getAgent()) < last.time)
      return conflict(HazardKind::MissingProxyFence, last, true);
  }
  if (!access.write) {
    addReader(cell, access);
    return std::nullopt;
  }
  auto isBad = [&](const Stamp &read) {
    return read.isValid() && !(read.isAtomic() && access.stamp.isAtomic()) &&
           !isOrdered(read, access);
  };
  if (isBad(cell.read))
    return conflict(HazardKind::DataRace, cell.read, false);
  if (cell.readers >= 0)
    for (const Stamp &read : readers[static_cast<size_t>(cell.readers)])
      if (isBad(read))
        return conflict(HazardKind::DataRace, read, false);
  dropReaders(cell);
  cell.write = access.stamp;
  return std::nullopt;
}

void Shadow::addReader(Cell &cell, const Access &access) {
  if (cell.readers < 0 &&
      (!cell.read.isValid() || isOrdered(cell.read, access))) {
    cell.read = access.stamp;
    return;
  }
  if (cell.read.getAgent() == access.stamp.getAgent()) {
    cell.read = access.stamp;
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
    return s.getAgent() == access.stamp.getAgent();
  });
  if (same == others.end())
    others.push_back(access.stamp);
  else
    *same = access.stamp;
}

void Shadow::dropReaders(Cell &cell) {
  cell.read = {};
  if (cell.readers < 0)
    return;
  readers[static_cast<size_t>(cell.readers)].clear();
  freeReaders.push_back(cell.readers);
  cell.readers = -1;
}
