//===- Machine.cpp - Threads take turns -----------------------------------===//

#include "Machine.h"
#include "Barriers.h"
#include "Copies.h"
#include "Wgmma.h"

#include <algorithm>
#include <cstdlib>
#include <set>

using namespace mlir::moe::sim;

Machine *mlir::moe::sim::machine = nullptr;
Thread *mlir::moe::sim::self = nullptr;

Machine::Machine(std::span<const Launch> launches,
                 std::span<const Buffer> buffers, const Options &options)
    : global(buffers), options(options), launches(launches),
      generator(options.seed) {}

//===----------------------------------------------------------------------===//
// Grids and clusters
//===----------------------------------------------------------------------===//

/// CTAs are numbered through the runs of a process; 0 is the host.
static uint32_t nextSerial = 1;

void Machine::startGrid() {
  const Launch &launch = launches[grids.size()];
  auto grid = std::make_unique<Grid>();
  grid->launch = &launch;
  grid->size = launch.grid.count();
  grid->firstSerial = nextSerial;
  nextSerial += grid->size;
  if (launch.dependent && !grids.empty() && !grids.back()->isOver())
    grid->prerequisite = grids.back().get();
  uint32_t clusters = grid->size / launch.cluster.count();
  for (uint32_t i = 0; i < clusters; ++i)
    grid->clustersToStart.push_back(i);
  std::shuffle(grid->clustersToStart.begin(), grid->clustersToStart.end(),
               generator);
  grids.push_back(std::move(grid));
}

bool Machine::startClusters() {
  bool started = false;
  if (grids.size() < launches.size()) {
    Grid *last = grids.empty() ? nullptr : grids.back().get();
    bool olderOver = grids.size() < 2 || grids[grids.size() - 2]->isOver();
    if (!last || last->isOver() ||
        (launches[grids.size()].dependent && last->dependentsMayStart &&
         olderOver)) {
      startGrid();
      started = true;
    }
  }
  for (auto &grid : grids)
    while (!grid->clustersToStart.empty() &&
           (residentCtas == 0 || residentCtas + grid->launch->cluster.count() <=
                                     options.residentCtas)) {
      startCluster(*grid, grid->clustersToStart.back());
      grid->clustersToStart.pop_back();
      started = true;
    }
  return started;
}

/// At the time before, a thread started.
static constexpr uint32_t firstTime = 2;

void Machine::startCluster(Grid &grid, uint32_t number) {
  const Launch &launch = *grid.launch;
  const Kernel &kernel = *launch.kernel;
  Dim3 size = launch.cluster;
  uint32_t across = launch.grid.x / size.x, down = launch.grid.y / size.y;
  uint32_t threads = launch.block.count();
  uint32_t registers = kernel.registers
                           ? kernel.registers
                           : std::min(256u, 65536 / threads / 8 * 8);
  auto cluster = std::make_unique<Cluster>();
  for (uint32_t rank = 0; rank < size.count(); ++rank) {
    auto cta = std::make_unique<Cta>();
    cta->cluster = cluster.get();
    cta->grid = &grid;
    cta->rank = rank;
    cta->x = number % across * size.x + rank % size.x;
    cta->y = number / across % down * size.y + rank / size.x % size.y;
    cta->z = number / across / down * size.z + rank / size.x / size.y;
    cta->serial = grid.firstSerial + cta->x +
                  launch.grid.x * (cta->y + launch.grid.y * cta->z);
    cta->shared = std::make_unique<SharedMemory>(kernel.staticSharedBytes +
                                                 launch.dynamicSharedBytes);
    cta->liveThreads = threads;
    cta->agents = threads;
    uint32_t firstKnown =
        grid.prerequisite ? grid.prerequisite->firstSerial : grid.firstSerial;
    for (uint32_t id = 0; id < threads; ++id) {
      if (id % 32 == 0) {
        cta->warps.push_back(std::make_unique<Warp>());
        cta->warps.back()->cta = cta.get();
        cta->warps.back()->id = id / 32;
        cta->warps.back()->registers = registers;
      }
      auto thread = std::make_unique<Thread>();
      thread->cta = cta.get();
      thread->warp = cta->warps.back().get();
      thread->warp->lanes.push_back(thread.get());
      thread->id = id;
      thread->agent = {cta->serial, id};
      thread->lane = id % 32;
      thread->x = id % launch.block.x;
      thread->y = id / launch.block.x % launch.block.y;
      thread->z = id / launch.block.x / launch.block.y;
      thread->knowledge.raiseFloor(firstKnown);
      thread->knowledge.own = thread->agent;
      thread->knowledge.time = firstTime;
      thread->context.start(stacks.take(), runThread, thread.get());
      runnable.push_back(thread.get());
      cta->threads.push_back(std::move(thread));
    }
    cluster->serials.push_back(cta->serial);
    cluster->ctas.push_back(std::move(cta));
  }
  residentCtas += size.count();
  grid.clusters.push_back(std::move(cluster));
}

//===----------------------------------------------------------------------===//
// Taking turns
//===----------------------------------------------------------------------===//

Outcome Machine::run() {
  machine = this;
  engine.start(stacks.take(), runEngine, this);
  while (!stopped) {
    startClusters();
    if (!runnable.empty()) {
      size_t pick = random(static_cast<uint32_t>(runnable.size()));
      std::swap(runnable[pick], runnable.back());
      Thread *thread = runnable.back();
      runnable.pop_back();
      resume(thread);
      continue;
    }
    if (completePending())
      continue;
    if (!polling.empty() &&
        idlePolls < uint64_t(options.maxIdlePolls) * polling.size()) {
      runnable.swap(polling);
      continue;
    }
    // Perhaps the device has room for more, and those bring the others on.
    bool started = false;
    for (auto &grid : grids)
      if (!grid->clustersToStart.empty() && !started) {
        startCluster(*grid, grid->clustersToStart.back());
        grid->clustersToStart.pop_back();
        started = true;
      }
    if (started)
      continue;
    if (grids.size() == launches.size() &&
        std::all_of(grids.begin(), grids.end(),
                    [](const auto &grid) { return grid->isOver(); }))
      break;
    reportDeadlock();
  }
  for (auto &grid : grids)
    for (auto &cluster : grid->clusters)
      for (auto &cta : cluster->ctas)
        for (auto &thread : cta->threads)
          if (!thread->exited)
            stacks.give(thread->context.getStack());
  stacks.give(engine.getStack());
  machine = nullptr;
  self = nullptr;
  Outcome outcome{hazard, statistics, {}};
  for (auto &grid : grids)
    if (!grid->isOver())
      outcome.running.push_back(grid->launch->kernel->name);
  return outcome;
}

void Machine::resume(Thread *thread) {
  self = thread;
  running = &thread->context;
  thread->waitsFor = nullptr;
  thread->loads = 0;
  ++statistics.switches;
  scheduler.switchTo(thread->context);
  self = nullptr;
  if (!thread->exited)
    return;
  stacks.give(thread->context.getStack());
  Cta &cta = *thread->cta;
  if (cta.liveThreads)
    return;
  --residentCtas;
  cta.shared.reset();
  if (std::all_of(cta.cluster->ctas.begin(), cta.cluster->ctas.end(),
                  [](const auto &cta) { return cta->liveThreads == 0; }))
    for (auto &ended : cta.cluster->ctas) {
      ended->warpgroups.clear();
      ended->warps.clear();
      ended->threads.clear();
    }
}

void Machine::runThread(void *argument) {
  auto *thread = static_cast<Thread *>(argument);
  const Launch &launch = *thread->cta->grid->launch;
  launch.kernel->function(const_cast<void **>(launch.arguments.data()));
  machine->exitThread();
}

void Machine::exitThread() {
  checkCopiesAtExit();
  self->exited = true;
  Cta &cta = *self->cta;
  --cta.liveThreads;
  noteProgress();
  noteExit();
  if (cta.liveThreads == 0)
    endCta(cta);
  self->context.switchTo(scheduler);
  std::abort();
}

void Machine::block(std::function<std::string()> waitsFor) {
  self->waitsFor = std::move(waitsFor);
  self->context.switchTo(scheduler);
}

void Machine::wake(Thread *thread) { runnable.push_back(thread); }

void Machine::wakeAll(std::vector<Thread *> &threads) {
  runnable.insert(runnable.end(), threads.begin(), threads.end());
  threads.clear();
  noteProgress();
}

void Machine::poll(std::function<std::string()> waitsFor) {
  ++idlePolls;
  polling.push_back(self);
  block(std::move(waitsFor));
}

void Machine::addPending(std::unique_ptr<PendingOp> op) {
  op->target->shared->addFlight(op->flight);
  pending.push_back(std::move(op));
}

/// Copies complete in any order, and only when no thread can go on without.
bool Machine::completePending() {
  if (pending.empty())
    return false;
  size_t pick = random(static_cast<uint32_t>(pending.size()));
  std::swap(pending[pick], pending.back());
  std::unique_ptr<PendingOp> op = std::move(pending.back());
  pending.pop_back();
  engineWork = op.get();
  running = &engine;
  scheduler.switchTo(engine);
  noteProgress();
  return true;
}

void Machine::runEngine(void *argument) {
  auto *self = static_cast<Machine *>(argument);
  while (true) {
    PendingOp &op = *self->engineWork;
    op.target->shared->removeFlight(op.flight);
    op.complete();
    self->engine.switchTo(self->scheduler);
  }
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

void Machine::fail(HazardKind kind, const std::string &text) {
  hazard = {kind, text};
  stopped = true;
  running->switchTo(scheduler);
  std::abort();
}

void Machine::reportDeadlock() {
  // Warps that wait for the same are named once.
  std::map<std::string, std::map<uint32_t, std::set<uint32_t>>> waits;
  for (auto &grid : grids)
    for (auto &cluster : grid->clusters)
      for (auto &cta : cluster->ctas)
        for (auto &thread : cta->threads)
          if (!thread->exited && thread->waitsFor)
            waits[thread->waitsFor()][cta->serial - grid->firstSerial].insert(
                thread->warp->id);
  std::string text = "no thread can go on";
  size_t lines = 0;
  for (const auto &[what, ctas] : waits) {
    if (++lines > 8) {
      text += "; ...";
      break;
    }
    text += "; ";
    const auto &[cta, warps] = *ctas.begin();
    text += sim::text(warps.size() == 1 ? "warp " : "warps ");
    bool first = true;
    for (uint32_t warp : warps) {
      text += sim::text(first ? "" : ",", warp);
      first = false;
    }
    text += sim::text(" of CTA ", cta);
    if (ctas.size() > 1)
      text += sim::text(" (and of ", ctas.size() - 1, " more)");
    text += ": " + what;
  }
  hazard = {HazardKind::Deadlock, text};
  stopped = true;
}

std::string Machine::describeLocation(int32_t location) const {
  for (const Launch &launch : launches) {
    const auto &locations = launch.kernel->locations;
    if (location >= 0 && static_cast<size_t>(location) < locations.size())
      return locations[static_cast<size_t>(location)];
  }
  return "?";
}

std::string Machine::describe(const Stamp &stamp) const {
  std::string result = describeLocation(stamp.location);
  for (const auto &grid : grids)
    if (stamp.cta >= grid->firstSerial &&
        stamp.cta < grid->firstSerial + grid->size) {
      uint32_t threads = grid->launch->block.count();
      result += stamp.index < threads
                    ? sim::text(" by thread ", stamp.index, " of CTA ",
                                stamp.cta - grid->firstSerial)
                    : sim::text(" in CTA ", stamp.cta - grid->firstSerial);
      if (grids.size() > 1)
        result += " of @" + grid->launch->kernel->name;
    }
  return result;
}

std::string mlir::moe::sim::describe(const Thread &thread) {
  return text("thread ", thread.id, " of CTA ",
              thread.cta->serial - thread.cta->grid->firstSerial);
}

//===----------------------------------------------------------------------===//
// Happened before
//===----------------------------------------------------------------------===//

void mlir::moe::sim::release(Knowledge &knowledge) {
  knowledge.join(self->knowledge);
  ++self->knowledge.time;
}

void mlir::moe::sim::acquire(Thread &thread, const Knowledge &knowledge) {
  thread.knowledge.join(knowledge);
  thread.snapshot.reset();
}

Knowledge mlir::moe::sim::getKnowledge() {
  Knowledge result = self->knowledge;
  ++self->knowledge.time;
  return result;
}

std::shared_ptr<const Knowledge> mlir::moe::sim::getSnapshot() {
  if (!self->snapshot)
    self->snapshot = std::make_shared<const Knowledge>(getKnowledge());
  return self->snapshot;
}

Outcome mlir::moe::sim::run(std::span<const Launch> launches,
                            std::span<const Buffer> buffers,
                            const Options &options) {
  Machine machine(launches, buffers, options);
  return machine.run();
}
