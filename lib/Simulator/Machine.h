//===- Machine.h - Threads, CTAs and grids that run -------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_MACHINE_H
#define MOE_LIB_SIMULATOR_MACHINE_H

#include "Fiber.h"
#include "Memory.h"

#include <deque>
#include <functional>
#include <random>
#include <sstream>
#include <unordered_map>

namespace mlir::moe::sim {

struct Cluster;
struct Cta;
struct Grid;
struct Warp;
struct Warpgroup;

/// A copy that a thread waits for by group, and what it does when it completes.
struct GroupedCopy {
  /// Its number among those of the thread, from 1.
  uint32_t number = 0;
  /// Reads the source; empty once done, as the next.
  std::function<void()> read;
  /// Writes the target.
  std::function<void()> write;
};

/// The copies of one kind of a thread: those committed, by group, oldest first,
/// and those to commit.
struct CopyGroups {
  using Group = std::vector<GroupedCopy>;

  std::deque<Group> committed;
  Group open;
  uint32_t issued = 0;
  /// As whom they read and write.
  std::optional<Agent> readAgent, writeAgent;
};

/// Which threads an operation on memory reaches: those of the CTA, of the
/// cluster, all.
static constexpr uint32_t numScopes = 3;

struct Thread {
  Context context;
  Cta *cta = nullptr;
  Warp *warp = nullptr;
  uint32_t lane = 0, x = 0, y = 0, z = 0;
  /// Its number in the CTA, and who it is for memory.
  uint32_t id = 0;
  Agent agent;

  /// Its accesses from now on are those of the knowledge's time.
  Knowledge knowledge;
  /// What asynchronous operations were told last; nothing once the thread has
  /// done or learned something since.
  std::shared_ptr<const Knowledge> snapshot;
  /// What fences before relaxed atomics release and after them acquire, for
  /// each scope.
  std::array<Knowledge, numScopes> fenced, unfenced;

  bool exited = false;
  /// Loads since it last let others run.
  uint32_t loads = 0;
  /// Where it is in the program, by number of location.
  int32_t location = 0;
  /// What it waits for; empty while it can run.
  std::function<std::string()> waitsFor;
  /// The result of the operation of its warp that it took part in.
  uint64_t result = 0;
  bool resultFlag = false;

  CopyGroups asyncCopies, bulkCopies;
  /// wgmma operations issued and waited for, and the last of each group.
  uint32_t wgmmaIssued = 0, wgmmaWaited = 0;
  std::deque<uint32_t> wgmmaGroups;
  bool wgmmaFenced = false;
  /// Whether it arrived at the barrier of the cluster and has not waited.
  bool clusterArrived = false;
  uint32_t clusterPhase = 0;
};

/// Lanes that wait for others in order to execute an instruction together.
struct Rendezvous {
  const char *name = "";
  uint32_t mask = 0;
  uint32_t arrived = 0;
  int32_t location = 0;
  void *operands[32];
  /// What the last lane to arrive does for all.
  std::function<void(Rendezvous &)> perform;
};

struct Warp {
  Cta *cta = nullptr;
  uint32_t id = 0;
  std::vector<Thread *> lanes;
  std::vector<Rendezvous> meetings;
  uint32_t registers = 0;

  uint32_t getLiveMask() const {
    uint32_t mask = 0;
    for (const Thread *thread : lanes)
      mask |= thread->exited ? 0 : 1u << thread->lane;
    return mask;
  }
};

struct NamedBarrier {
  uint32_t expected = 0;
  uint32_t arrived = 0;
  int32_t location = 0;
  Knowledge knowledge;
  std::vector<Thread *> waiters;
  uint32_t votes = 0;
  uint32_t predicates = 0;
};

struct Cta {
  Cluster *cluster = nullptr;
  Grid *grid = nullptr;
  uint32_t serial = 0;
  uint32_t x = 0, y = 0, z = 0;
  /// Its number in the cluster.
  uint32_t rank = 0;
  std::unique_ptr<SharedMemory> shared;
  std::vector<std::unique_ptr<Thread>> threads;
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<std::unique_ptr<Warpgroup>> warpgroups;
  NamedBarrier barriers[16];
  uint32_t liveThreads = 0;
  uint32_t agents = 0;
  bool triggered = false;
  /// Accesses of other CTAs to its shared memory, the last of each thread.
  std::map<std::pair<uint32_t, uint32_t>, Stamp> visitors;
  /// setmaxnreg: registers that warps gave back, and who waits for some. The
  /// CTA never has more than at its launch.
  uint32_t freeRegisters = 0;
  std::vector<Thread *> registerWaiters;

  Agent makeAgent() { return {serial, agents++}; }
};

struct Cluster {
  std::vector<std::unique_ptr<Cta>> ctas;
  uint32_t phase = 0;
  uint32_t arrived = 0;
  Knowledge arriving, over;
  /// The numbers of its CTAs.
  std::vector<uint32_t> serials;
  std::vector<Thread *> waiters;

  uint32_t getLiveThreads() const {
    uint32_t count = 0;
    for (const auto &cta : ctas)
      count += cta->liveThreads;
    return count;
  }
};

struct Grid {
  const Launch *launch = nullptr;
  uint32_t firstSerial = 0;
  uint32_t size = 0;
  std::vector<uint32_t> clustersToStart;
  std::vector<std::unique_ptr<Cluster>> clusters;
  uint32_t endedCtas = 0, triggeredCtas = 0;
  bool dependentsMayStart = false;
  std::vector<Thread *> waiters; ///< griddepcontrol.wait of the next grid.
  Grid *prerequisite = nullptr;

  bool isOver() const { return endedCtas == size; }
};

/// An operation that completes on an mbarrier.
struct PendingOp {
  std::function<void()> complete;
  /// Whose shared memory it writes, and where.
  Cta *target;
  Flight flight;
};

/// Runs grids. There is one at a time, and its thread that runs is `self`.
class Machine {
public:
  Machine(std::span<const Launch> launches, std::span<const Buffer> buffers,
          const Options &options);

  Outcome run();

  //===--- For code that runs on a fiber ---------------------------------===//

  /// Ends the run.
  [[noreturn]] void fail(HazardKind kind, const std::string &text);

  /// Lets other threads run until someone wakes this one.
  void block(std::function<std::string()> waitsFor);
  void wake(Thread *thread);
  void wakeAll(std::vector<Thread *> &threads);
  /// Lets other threads run; this one asks again later.
  void poll(std::function<std::string()> waitsFor);
  /// Something changed for which threads may poll.
  void noteProgress() { idlePolls = 0; }
  [[noreturn]] void exitThread();

  void addPending(std::unique_ptr<PendingOp> op);

  uint32_t random(uint32_t bound) {
    return std::uniform_int_distribution<uint32_t>(0, bound - 1)(generator);
  }

  //===--- Texts
  //-----------------------------------------------------------===//

  std::string describeLocation(int32_t location) const;
  std::string describe(const Stamp &stamp) const;

  GlobalMemory global;
  std::vector<std::unique_ptr<Grid>> grids;
  const Options options;
  Statistics statistics;
  /// What atomics release to those that acquire at the same address, by scope
  /// and the first CTA in it.
  using Released = std::map<std::pair<uint32_t, uint32_t>, Knowledge>;
  std::unordered_map<const void *, Released> atomics;

private:
  bool startClusters();
  void startCluster(Grid &grid, uint32_t number);
  void startGrid();
  bool completePending();
  void resume(Thread *thread);
  void reportDeadlock();
  static void runThread(void *thread);
  static void runEngine(void *machine);

  std::span<const Launch> launches;
  std::mt19937_64 generator;
  StackPool stacks;
  Context scheduler, engine;
  PendingOp *engineWork = nullptr;
  bool stopped = false;
  std::optional<Hazard> hazard;
  std::vector<Thread *> runnable, polling;
  std::vector<std::unique_ptr<PendingOp>> pending;
  uint32_t residentCtas = 0;
  uint64_t idlePolls = 0;
  Context *running = nullptr;
};

extern Machine *machine;
extern Thread *self;

/// The concatenation of what a stream prints of the values.
template <typename... Values> std::string text(const Values &...values) {
  std::ostringstream stream;
  (stream << ... << values);
  return stream.str();
}

inline std::string hex(uint64_t value) {
  std::ostringstream stream;
  stream << "0x" << std::hex << value;
  return stream.str();
}

template <typename... Values>
[[noreturn]] void fail(HazardKind kind, const Values &...values) {
  machine->fail(kind, text(values...));
}

/// "thread 5 of CTA 0".
std::string describe(const Thread &thread);

//===--- Happened before -------------------------------------------------===//

/// Adds what the running thread knows, itself included. Its later accesses are
/// not part of it.
void release(Knowledge &knowledge);
/// The running thread, or another that is stopped, learns.
void acquire(Thread &thread, const Knowledge &knowledge);

/// What an asynchronous operation of the running thread may rely on.
Knowledge getKnowledge();
/// The same, shared by operations without anything in between.
std::shared_ptr<const Knowledge> getSnapshot();

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_MACHINE_H
