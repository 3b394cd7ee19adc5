//===- EntryPoints.h - What compiled kernels call ---------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_ENTRYPOINTS_H
#define MOE_LIB_SIMULATOR_ENTRYPOINTS_H

#include <cstdint>

/// Functions `moe_sim_<name>` of compiled code. Pointers are numbers: those
/// into shared memory are no addresses of this process. Each takes the number
/// of its place in the program last.
namespace mlir::moe::sim::entry {

// Accesses: give the address in this process.
void *load(uint64_t pointer, uint32_t space, uint64_t size, uint64_t alignment,
           int32_t location);
void *store(uint64_t pointer, uint32_t space, uint64_t size, uint64_t alignment,
            int32_t location);
void *loadConstant(uint64_t pointer, uint32_t space, uint64_t size,
                   uint64_t alignment, int32_t location);
void checkAlignment(uint64_t pointer, uint64_t alignment, int32_t location);
/// Bits of `flags`: reads, writes, acquires, releases; above them the scope:
/// CTA, cluster, GPU, system.
void *atomic(uint64_t pointer, uint32_t space, uint64_t size, uint32_t flags,
             int32_t location);
void fence(uint32_t scope, int32_t location);
/// Bits of `spaces`: shared memory, global memory.
void fenceProxyAsync(uint32_t spaces, int32_t location);
uint64_t toGeneric(uint64_t pointer, uint32_t space, int32_t location);
uint64_t fromGeneric(uint64_t pointer, uint32_t space, int32_t location);
uint64_t mapToRank(uint64_t pointer, uint32_t space, uint32_t rank,
                   int32_t location);

// Threads
uint64_t specialRegister(uint32_t which, int32_t location);
void exitThread(int32_t location);
void trap(int32_t location);
void sleep(int32_t location);

// Number formats; f32 are passed as bits
uint32_t encodeF8x2(uint32_t high, uint32_t low, uint32_t format, uint32_t relu,
                    int32_t location);
uint32_t decodeF8(uint32_t pair, uint32_t index, uint32_t format,
                  int32_t location);
/// Rounding: to even, away, down.
uint32_t encodeTF32(uint32_t bits, uint32_t rounding, uint32_t relu,
                    int32_t location);
uint32_t permute(uint32_t low, uint32_t high, uint32_t selector,
                 int32_t location);

// Barriers
uint32_t barrierSync(uint32_t id, uint32_t count, uint32_t reduction,
                     uint32_t predicate, int32_t location);
void barrierArrive(uint32_t id, uint32_t count, int32_t location);
void clusterArrive(uint32_t relaxed, int32_t location);
void clusterWait(int32_t location);
void setMaxRegisters(uint32_t count, uint32_t increase, int32_t location);
void gridWait(int32_t location);
void gridLaunchDependents(int32_t location);

// Mbarriers
void mbarrierInit(uint64_t pointer, uint32_t space, uint32_t count,
                  int32_t location);
void mbarrierInvalidate(uint64_t pointer, uint32_t space, int32_t location);
void fenceMbarrierInit(int32_t location);
/// Bits of `flags`: drop, relaxed, may not complete the phase.
uint64_t mbarrierArrive(uint64_t pointer, uint32_t space, uint32_t count,
                        uint32_t bytes, uint32_t flags, int32_t location);
void mbarrierExpect(uint64_t pointer, uint32_t space, uint32_t bytes,
                    int32_t location);
void mbarrierComplete(uint64_t pointer, uint32_t space, uint32_t bytes,
                      int32_t location);
void mbarrierWait(uint64_t pointer, uint32_t space, uint32_t parity,
                  int32_t location);
uint32_t mbarrierTest(uint64_t pointer, uint32_t space, uint64_t state,
                      uint32_t isParity, int32_t location);

// Warps
uint64_t shuffle(uint32_t mask, uint32_t value, uint32_t offset, uint32_t clamp,
                 uint32_t kind, int32_t location);
uint32_t vote(uint32_t mask, uint32_t predicate, uint32_t kind,
              int32_t location);
uint64_t match(uint32_t mask, uint64_t value, uint32_t all, int32_t location);
uint32_t reduce(uint32_t mask, uint32_t value, uint32_t kind, int32_t location);
uint32_t elect(uint32_t mask, int32_t location);
void syncWarp(uint32_t mask, int32_t location);

// Copies
void asyncCopy(uint64_t target, uint64_t source, uint32_t size, uint32_t valid,
               int32_t location);
void asyncCommit(int32_t location);
void asyncWait(uint32_t left, int32_t location);
void asyncArrive(uint64_t pointer, uint32_t space, uint32_t noinc,
                 int32_t location);
void bulkLoad(uint64_t target, uint32_t space, uint64_t source,
              uint64_t barrier, uint32_t size, uint32_t multicast,
              int32_t location);
void bulkStore(uint64_t target, uint64_t source, uint32_t size,
               int32_t location);
/// `source` and `barrier` are of the running CTA and of another.
void bulkSend(uint64_t target, uint64_t source, uint64_t barrier, uint32_t size,
              int32_t location);
void bulkReduce(uint64_t target, uint64_t source, uint32_t size, uint32_t kind,
                uint32_t type, int32_t location);
void bulkCommit(int32_t location);
void bulkWait(uint32_t left, uint32_t onlyRead, int32_t location);
void prefetchMap(uint64_t map, int32_t location);
void tensorLoad(uint64_t target, uint32_t space, const void *map,
                const int32_t *coordinates, uint32_t rank, uint64_t barrier,
                uint32_t multicast, int32_t location);
/// `reduction` is -1 or that of a reducing store.
void tensorStore(const void *map, uint64_t source, const int32_t *coordinates,
                 uint32_t rank, int32_t reduction, int32_t location);

// Matrices
void loadMatrix(uint64_t pointer, uint32_t *registers, uint32_t count,
                uint32_t transposed, int32_t location);
void storeMatrix(uint64_t pointer, const uint32_t *registers, uint32_t count,
                 uint32_t transposed, int32_t location);
void mma(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *d,
         uint32_t n, uint32_t k, uint32_t typeA, uint32_t typeB,
         uint32_t halfAccumulator, int32_t location);
void wgmmaFence(int32_t location);
/// Bits of `flags`: A is of registers, A's rows are contiguous, B's columns
/// are, A is negated, B is, the accumulator counts, it is f16.
void wgmma(const uint32_t *a, uint64_t descriptorA, uint64_t descriptorB,
           uint32_t *accumulators, uint32_t n, uint32_t typeA, uint32_t typeB,
           uint32_t flags, int32_t location);
void wgmmaCommit(int32_t location);
void wgmmaWait(uint32_t left, int32_t location);
/// The value of a register that a wgmma may have given.
uint32_t readAccumulator(uint32_t bits, int32_t location);

} // namespace mlir::moe::sim::entry

#endif // MOE_LIB_SIMULATOR_ENTRYPOINTS_H
