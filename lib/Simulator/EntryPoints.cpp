//===- EntryPoints.cpp - What compiled kernels call -----------------------===//

#include "EntryPoints.h"
#include "Machine.h"
#include "NumberFormat.h"

#include <bit>

using namespace mlir::moe::sim;

/// In the order of the compiler's table.
uint64_t entry::specialRegister(uint32_t which, int32_t) {
  const Thread &thread = *self;
  const Cta &cta = *thread.cta;
  const Launch &launch = *cta.grid->launch;
  Dim3 block = launch.block, grid = launch.grid, cluster = launch.cluster;
  uint32_t lane = thread.lane;
  uint32_t shared =
      launch.kernel->staticSharedBytes + launch.dynamicSharedBytes;
  const uint64_t values[] = {
      thread.x,
      thread.y,
      thread.z, // tid
      block.x,
      block.y,
      block.z, // ntid
      cta.x,
      cta.y,
      cta.z, // ctaid
      grid.x,
      grid.y,
      grid.z, // nctaid
      cta.x / cluster.x,
      cta.y / cluster.y,
      cta.z / cluster.z, // clusterid
      grid.x / cluster.x,
      grid.y / cluster.y,
      grid.z / cluster.z, // nclusterid
      cta.x % cluster.x,
      cta.y % cluster.y,
      cta.z % cluster.z, // cluster_ctaid
      cluster.x,
      cluster.y,
      cluster.z, // cluster_nctaid
      cta.rank,
      cluster.count(), // cluster_ctarank, cluster_nctarank
      lane,
      32,
      thread.id / 32,
      (block.count() + 31) / 32,
      1u << lane,
      (2u << lane) - 1,
      (1u << lane) - 1, // eq, le, lt
      ~((1u << lane) - 1),
      ~((2u << lane) - 1), // ge, gt
      0,
      132,                   // smid, nsmid
      cta.grid->firstSerial, // gridid
      shared + SharedMemory::base,
      launch.dynamicSharedBytes,
      machine->statistics.switches, // clocks
  };
  return values[which];
}

uint32_t entry::encodeF8x2(uint32_t high, uint32_t low, uint32_t format,
                           uint32_t relu, int32_t) {
  auto encode = [&](uint32_t bits) {
    auto value = std::bit_cast<float>(bits);
    return encodeF8(NumberFormat(format), relu && value < 0 ? 0.0f : value);
  };
  return uint32_t(encode(high)) << 8 | encode(low);
}

uint32_t entry::decodeF8(uint32_t pair, uint32_t index, uint32_t format,
                         int32_t) {
  auto bits = static_cast<uint8_t>(pair >> index * 8);
  return std::bit_cast<uint32_t>(decode(NumberFormat(format), &bits));
}

uint32_t entry::encodeTF32(uint32_t bits, uint32_t rounding, uint32_t relu,
                           int32_t) {
  if (relu && bits >> 31)
    return 0;
  // Of the 13 bits dropped the first is a half.
  if (rounding == 0)
    bits += 0xfff + (bits >> 13 & 1);
  else if (rounding == 1)
    bits += 0x1000;
  return bits & ~0x1fffu;
}

uint32_t entry::permute(uint32_t low, uint32_t high, uint32_t selector,
                        int32_t) {
  uint64_t bytes = low | uint64_t(high) << 32;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t choice = selector >> 4 * i & 15;
    auto byte = static_cast<uint32_t>(bytes >> 8 * (choice & 7) & 0xff);
    if (choice & 8) // Its sign in all bits.
      byte = byte & 0x80 ? 0xff : 0;
    result |= byte << 8 * i;
  }
  return result;
}

void entry::exitThread(int32_t location) {
  self->location = location;
  machine->exitThread();
}

void entry::trap(int32_t location) {
  fail(HazardKind::Trap, machine->describeLocation(location), " by ",
       describe(*self));
}

void entry::sleep(int32_t location) {
  self->location = location;
  machine->poll(
      [=] { return "sleeps, " + machine->describeLocation(location); });
}

std::span<const EntryPoint> mlir::moe::sim::getEntryPoints() {
#define ENTRY(name, function)                                                  \
  {                                                                            \
    "moe_sim_" name, reinterpret_cast<void *>(&entry::function)                \
  }
  static const EntryPoint table[] = {
      ENTRY("load", load),
      ENTRY("store", store),
      ENTRY("load_constant", loadConstant),
      ENTRY("check_alignment", checkAlignment),
      ENTRY("atomic", atomic),
      ENTRY("fence", fence),
      ENTRY("fence_proxy_async", fenceProxyAsync),
      ENTRY("to_generic", toGeneric),
      ENTRY("from_generic", fromGeneric),
      ENTRY("map_to_rank", mapToRank),
      ENTRY("special_register", specialRegister),
      ENTRY("exit", exitThread),
      ENTRY("trap", trap),
      ENTRY("sleep", sleep),
      ENTRY("encode_f8x2", encodeF8x2),
      ENTRY("decode_f8", decodeF8),
      ENTRY("encode_tf32", encodeTF32),
      ENTRY("permute", permute),
      ENTRY("barrier_sync", barrierSync),
      ENTRY("barrier_arrive", barrierArrive),
      ENTRY("cluster_arrive", clusterArrive),
      ENTRY("cluster_wait", clusterWait),
      ENTRY("set_max_registers", setMaxRegisters),
      ENTRY("grid_wait", gridWait),
      ENTRY("grid_launch_dependents", gridLaunchDependents),
      ENTRY("mbarrier_init", mbarrierInit),
      ENTRY("mbarrier_invalidate", mbarrierInvalidate),
      ENTRY("fence_mbarrier_init", fenceMbarrierInit),
      ENTRY("mbarrier_arrive", mbarrierArrive),
      ENTRY("mbarrier_expect", mbarrierExpect),
      ENTRY("mbarrier_complete", mbarrierComplete),
      ENTRY("mbarrier_wait", mbarrierWait),
      ENTRY("mbarrier_test", mbarrierTest),
      ENTRY("shuffle", shuffle),
      ENTRY("vote", vote),
      ENTRY("match", match),
      ENTRY("reduce", reduce),
      ENTRY("elect", elect),
      ENTRY("sync_warp", syncWarp),
      ENTRY("async_copy", asyncCopy),
      ENTRY("async_commit", asyncCommit),
      ENTRY("async_wait", asyncWait),
      ENTRY("async_arrive", asyncArrive),
      ENTRY("bulk_load", bulkLoad),
      ENTRY("bulk_store", bulkStore),
      ENTRY("bulk_send", bulkSend),
      ENTRY("bulk_reduce", bulkReduce),
      ENTRY("bulk_commit", bulkCommit),
      ENTRY("bulk_wait", bulkWait),
      ENTRY("prefetch_map", prefetchMap),
      ENTRY("tensor_load", tensorLoad),
      ENTRY("tensor_store", tensorStore),
      ENTRY("load_matrix", loadMatrix),
      ENTRY("store_matrix", storeMatrix),
      ENTRY("mma", mma),
      ENTRY("wgmma_fence", wgmmaFence),
      ENTRY("wgmma", wgmma),
      ENTRY("wgmma_commit", wgmmaCommit),
      ENTRY("wgmma_wait", wgmmaWait),
      ENTRY("read_accumulator", readAccumulator),
  };
#undef ENTRY
  return table;
}
