//===- Wgmma.cpp - Asynchronous products of a warpgroup -------------------===//

#include "Wgmma.h"
#include "Accesses.h"
#include "EntryPoints.h"
#include "Fragment.h"
#include "Multiply.h"
#include "NumberFormat.h"
#include "moe/Simulator/MatrixDescriptor.h"

#include <algorithm>
#include <bit>

using namespace mlir::moe::sim;

namespace {
enum Flag : uint32_t {
  AInRegisters = 1,
  ARowsContiguous = 2,
  BColumnsContiguous = 4,
  NegateA = 8,
  NegateB = 16,
  Accumulate = 32,
  HalfAccumulator = 64
};
} // namespace

static std::string here() {
  return text(machine->describeLocation(self->location), " by ",
              describe(*self));
}

static Warpgroup &getWarpgroup() {
  Cta &cta = *self->cta;
  uint32_t id = self->id / 128;
  if (cta.threads.size() < (id + 1) * 128)
    fail(HazardKind::DivergentWarp, here(),
         ": the thread is not in a whole warpgroup, the CTA has ",
         cta.threads.size(), " threads");
  if (cta.warpgroups.empty())
    cta.warpgroups.resize(cta.threads.size() / 128);
  auto &warpgroup = cta.warpgroups[id];
  if (!warpgroup) {
    warpgroup = std::make_unique<Warpgroup>();
    warpgroup->id = id;
    warpgroup->agent = cta.makeAgent();
  }
  return *warpgroup;
}

//===----------------------------------------------------------------------===//
// Handles
//===----------------------------------------------------------------------===//

// 11 ones; bit 20 is 0, so that memory filled with ones is no handle.
static constexpr uint32_t handlePrefix = 0x7ff;

static uint32_t makeHandle(uint32_t slot, uint32_t generation, uint32_t reg) {
  return handlePrefix << 21 | slot << 13 | (generation & 63) << 7 | reg;
}

/// The accumulators that the value of a register stands for, and which register
/// it is, or nothing for an ordinary value.
static std::optional<std::pair<uint32_t, uint32_t>>
parseHandle(const Warpgroup &warpgroup, uint32_t bits) {
  uint32_t slot = bits >> 13 & 0xff;
  if (bits >> 21 != handlePrefix || slot >= warpgroup.accumulators.size() ||
      (warpgroup.accumulators[slot].generation & 63) != (bits >> 7 & 63))
    return std::nullopt;
  return std::pair{slot, bits & 127};
}

/// Element `i` of a thread's accumulators.
static float &getElement(Accumulators &accumulators, uint32_t i) {
  Place place = getAccumulatorPlace(self->lane, i);
  uint32_t row = self->id % 128 / 32 * 16 + place.row;
  return accumulators.values[row * accumulators.columns + place.column];
}

uint32_t entry::readAccumulator(uint32_t bits, int32_t location) {
  if (bits >> 21 != handlePrefix || self->cta->threads.size() < 128)
    return bits;
  self->location = location;
  Warpgroup &warpgroup = getWarpgroup();
  auto handle = parseHandle(warpgroup, bits);
  if (!handle)
    return bits;
  auto [slot, reg] = *handle;
  Accumulators &accumulators = warpgroup.accumulators[slot];
  uint32_t last = accumulators.lastOp[self->id % 128];
  if (self->wgmmaWaited < last)
    fail(HazardKind::MissingWait, here(),
         ": it uses an accumulator of a wgmma that nothing waited for");
  return std::bit_cast<uint32_t>(getElement(accumulators, reg));
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

/// Reads an operand: `out[row][k]`, or `out[k][row]` if `transposed`.
static void readOperand(const WgmmaOp &op, const Warpgroup &warpgroup,
                        uint64_t bits, uint32_t rows, NumberFormat format,
                        bool rowsContiguous, bool transposed, uint32_t number,
                        float *out) {
  MatrixDescriptor descriptor = MatrixDescriptor::decode(bits);
  Stamp stamp = {warpgroup.agent.cta,
                 static_cast<uint16_t>(warpgroup.agent.index), 0, number,
                 op.location};
  Access access = makeAsyncAccess(false, stamp, op.knowledge, true);
  access.allowUnwritten = machine->options.allowUnwrittenOperands;
  uint32_t perChunk = 16 / getBytes(format);
  // How far apart rows and elements along K are in the result.
  uint32_t rowStep = transposed ? 1 : op.depth, kStep = transposed ? rows : 1;
  auto read = [&](uint32_t address, uint32_t row, uint32_t k, uint32_t step) {
    decodeChunk(format, accessShared({self->cta, address}, 16, 16, access),
                out + row * rowStep + k * kStep, step);
  };
  if (rowsContiguous) {
    for (uint32_t chunk = 0; chunk < rows / perChunk; ++chunk)
      for (uint32_t k = 0; k < op.depth; ++k)
        read(descriptor.locateAlongRows(chunk, k), chunk * perChunk, k,
             rowStep);
    return;
  }
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t chunk = 0; chunk < op.depth / perChunk; ++chunk)
      read(descriptor.locateAlongK(row, chunk), row, chunk * perChunk, kStep);
}

static void execute(Warpgroup &warpgroup, WgmmaOp &op, uint32_t number) {
  std::vector<float> b(op.depth * op.columns);
  if (!(op.flags & AInRegisters)) {
    op.a.resize(64 * op.depth);
    readOperand(op, warpgroup, op.descriptorA, 64, NumberFormat(op.typeA),
                op.flags & ARowsContiguous, /*transposed=*/false, number,
                op.a.data());
  }
  readOperand(op, warpgroup, op.descriptorB, op.columns, NumberFormat(op.typeB),
              op.flags & BColumnsContiguous, /*transposed=*/true, number,
              b.data());
  if (bool(op.flags & NegateA) != bool(op.flags & NegateB))
    for (float &value : b)
      value = -value;
  std::vector<float> &values = warpgroup.accumulators[op.slot].values;
  if (!(op.flags & Accumulate))
    std::fill(values.begin(), values.end(), 0.0f);
  multiply(values.data(), op.a.data(), b.data(), 64, op.columns, op.depth);
  ++machine->statistics.matrixOps;
}

//===----------------------------------------------------------------------===//
// Issue
//===----------------------------------------------------------------------===//

static uint32_t makeSlot(Warpgroup &warpgroup, uint32_t columns) {
  uint32_t slot = warpgroup.nextSlot++ % Warpgroup::slots;
  if (slot == warpgroup.accumulators.size())
    warpgroup.accumulators.emplace_back();
  Accumulators &accumulators = warpgroup.accumulators[slot];
  ++accumulators.generation;
  accumulators.columns = columns;
  accumulators.values.assign(64 * columns, 0.0f);
  accumulators.lastOp = {};
  return slot;
}

/// The operation that the thread issues: its own first, or one that other
/// threads of the warpgroup have issued before and that must be the same.
static WgmmaOp &getOp(Warpgroup &warpgroup, const WgmmaOp &issued,
                      std::optional<uint32_t> slot) {
  uint32_t index = self->wgmmaIssued - 1 - warpgroup.executed;
  if (index == warpgroup.ops.size()) {
    warpgroup.ops.push_back(issued);
    WgmmaOp &op = warpgroup.ops.back();
    op.slot = slot ? *slot : makeSlot(warpgroup, op.columns);
    op.knowledge = self->knowledge;
    op.knowledge.own = {};
    return op;
  }
  WgmmaOp &op = warpgroup.ops[index];
  auto same = [&](auto member) { return op.*member == issued.*member; };
  if (!same(&WgmmaOp::descriptorA) || !same(&WgmmaOp::descriptorB) ||
      !same(&WgmmaOp::columns) || !same(&WgmmaOp::typeA) ||
      !same(&WgmmaOp::typeB) || !same(&WgmmaOp::flags) ||
      (slot && *slot != op.slot))
    fail(HazardKind::DivergentWarp, here(),
         ": its operands differ from those of other threads of the "
         "warpgroup at ",
         machine->describeLocation(op.location));
  op.knowledge.meet(self->knowledge);
  return op;
}

static void checkDescriptor(uint64_t bits) {
  if (auto fault = MatrixDescriptor::decode(bits).findFault())
    fail(HazardKind::BadDescriptor, here(), ": a matrix descriptor with ",
         *fault);
}

/// Takes the thread's accumulators, and gives it handles in their place.
static void exchangeAccumulators(Accumulators &accumulators, const WgmmaOp &op,
                                 uint32_t *registers, bool plain) {
  uint32_t first = makeHandle(op.slot, accumulators.generation, 0);
  if (!plain) {
    bool inPlace = true;
    for (uint32_t reg = 0; reg < op.columns / 2; ++reg)
      inPlace &= registers[reg] == first + reg;
    if (!inPlace)
      fail(HazardKind::Unsupported, here(),
           ": its accumulators are those of a wgmma in another order");
  } else {
    for (uint32_t reg = 0; reg < op.columns / 2; ++reg) {
      if (op.flags & Accumulate) {
        if (registers[reg] == ~0u)
          fail(HazardKind::NeverWritten, here(), ": accumulator register ", reg,
               " has no value");
        getElement(accumulators, reg) = std::bit_cast<float>(registers[reg]);
      }
      registers[reg] = first + reg;
    }
  }
  accumulators.lastOp[self->id % 128] = self->wgmmaIssued;
}

static void takeA(WgmmaOp &op, const uint32_t *registers) {
  auto format = NumberFormat(op.typeA);
  uint32_t perRegister = 4 / getBytes(format);
  op.a.resize(64 * op.depth);
  for (uint32_t reg = 0; reg < 4; ++reg)
    for (uint32_t i = 0; i < perRegister; ++i) {
      Place place = getAPlace(self->lane, reg, i, perRegister);
      op.a[(self->id % 128 / 32 * 16 + place.row) * op.depth + place.column] =
          decode(format, reinterpret_cast<const char *>(registers + reg) +
                             i * getBytes(format));
    }
}

void entry::wgmma(const uint32_t *a, uint64_t descriptorA, uint64_t descriptorB,
                  uint32_t *accumulators, uint32_t n, uint32_t typeA,
                  uint32_t typeB, uint32_t flags, int32_t location) {
  self->location = location;
  Warpgroup &warpgroup = getWarpgroup();
  ++self->wgmmaIssued;
  if (flags & HalfAccumulator)
    fail(HazardKind::Unsupported, here(), ": wgmma with f16 accumulators");
  if (n % 8 || n == 0 || n > 256)
    fail(HazardKind::BadDescriptor, here(), ": ", n, " columns");
  if (!(flags & AInRegisters))
    checkDescriptor(descriptorA);
  checkDescriptor(descriptorB);
  if (getBytes(NumberFormat(typeA)) != 2 &&
      flags & (ARowsContiguous | BColumnsContiguous))
    fail(HazardKind::BadDescriptor, here(),
         ": only 16-bit operands may be contiguous along rows");
  WgmmaOp issued;
  issued.descriptorA = flags & AInRegisters ? 0 : descriptorA;
  issued.descriptorB = descriptorB;
  issued.columns = n;
  issued.depth = 32 / getBytes(NumberFormat(typeA));
  issued.typeA = typeA;
  issued.typeB = typeB;
  issued.flags = flags;
  issued.location = location;

  // Registers of a wgmma before stay where they are, other values must be
  // ordered by a fence.
  auto handle = parseHandle(warpgroup, accumulators[0]);
  bool chained = handle && handle->second == 0 &&
                 warpgroup.accumulators[handle->first].columns == n;
  if ((!chained || flags & AInRegisters) && !self->wgmmaFenced)
    fail(HazardKind::MissingWgmmaFence, here(),
         ": no wgmma.fence since the last group, but registers were written");
  WgmmaOp &op = getOp(warpgroup, issued,
                      chained ? std::optional(handle->first) : std::nullopt);
  if (flags & AInRegisters)
    takeA(op, a);
  exchangeAccumulators(warpgroup.accumulators[op.slot], op, accumulators,
                       !chained);
  if (++op.arrived == 128)
    machine->wakeAll(warpgroup.waiters);
}

void entry::wgmmaFence(int32_t location) {
  self->location = location;
  self->wgmmaFenced = true;
}

void entry::wgmmaCommit(int32_t location) {
  self->location = location;
  self->wgmmaGroups.push_back(self->wgmmaIssued);
  self->wgmmaFenced = false;
}

void entry::wgmmaWait(uint32_t left, int32_t location) {
  self->location = location;
  Warpgroup &warpgroup = getWarpgroup();
  uint32_t last = 0;
  while (self->wgmmaGroups.size() > left) {
    last = self->wgmmaGroups.front();
    self->wgmmaGroups.pop_front();
  }
  while (warpgroup.executed < last) {
    WgmmaOp &op = warpgroup.ops.front();
    if (op.arrived < 128) {
      warpgroup.waiters.push_back(self);
      machine->block([&op, location] {
        return text("wgmma of ", 128 - op.arrived,
                    " other threads of its warpgroup, ",
                    machine->describeLocation(location));
      });
      continue;
    }
    execute(warpgroup, op, warpgroup.executed + 1);
    warpgroup.ops.pop_front();
    ++warpgroup.executed;
  }
  self->wgmmaWaited = std::max(self->wgmmaWaited, last);
  self->knowledge.known.raise(warpgroup.agent, last);
  self->snapshot.reset();
}
