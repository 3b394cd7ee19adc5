//===- Machine.cpp - How fast this machine computes and reads -------------===//

#include "Machine.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Threading.h"
#include <algorithm>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>
#ifdef __x86_64__
#include <immintrin.h>
#endif

using namespace moe;

//===----------------------------------------------------------------------===//
// What each thread does, once for each width of vectors
//===----------------------------------------------------------------------===//

template <size_t bytes>
using Vector __attribute__((vector_size(bytes))) = float;

/// Enough independent chains to hide the latency of any operation of any CPU,
/// and few enough for 16 registers.
static constexpr size_t numChains = 12;
/// About a millisecond, so that some runs fall between two time slices of other
/// programs.
static constexpr int64_t numRounds = 1 << 19;
static constexpr size_t bufferBytes = size_t(1) << 30;
/// One measurement reads the next slice, for a few milliseconds; when it comes
/// round to the same one, the caches have long lost it.
static constexpr size_t numSlices = 16;
/// What is read as several streams at once: as much is on its way meanwhile.
static constexpr size_t numStreams = 8, streamBytes = 8 << 10;

/// Numbers that the compiler does not know.
static volatile float unknownFactor = 0.999F, unknownAddend = 0.001F;
/// Keeps results alive.
static volatile float sink;

template <size_t bytes>
[[gnu::always_inline]] static inline void computeWith() {
#pragma clang fp contract(fast)
  Vector<bytes> factor = Vector<bytes>{} + unknownFactor;
  Vector<bytes> addend = Vector<bytes>{} + unknownAddend;
  Vector<bytes> chains[numChains];
  for (size_t i = 0; i < numChains; ++i)
    chains[i] = addend * static_cast<float>(i);
  for (int64_t round = 0; round < numRounds; ++round)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < numChains; ++i)
      chains[i] = chains[i] * factor + addend;
  for (size_t i = 1; i < numChains; ++i)
    chains[0] += chains[i];
  sink = chains[0][0];
}

/// In streams, or else one vector after the other.
template <size_t bytes>
[[gnu::always_inline]] static inline void
readWith(const void *data, size_t size, bool inStreams) {
  using Sum = Vector<bytes>;
  Sum sums[numStreams] = {};
  auto *begin = static_cast<const char *>(data), *end = begin + size;
  size_t step = inStreams ? streamBytes : bytes;
  for (size_t block = numStreams * step; begin < end; begin += block)
    for (const char *line = begin; line < begin + step; line += bytes)
#pragma clang loop unroll(full)
      for (size_t i = 0; i < numStreams; ++i) {
        const char *vector = line + i * step;
        if (inStreams)
          __builtin_prefetch(std::min(vector + block, end - 1), 0, 2);
        sums[i] += *reinterpret_cast<const Sum *>(vector);
      }
  for (size_t i = 1; i < numStreams; ++i)
    sums[0] += sums[i];
  sink = sums[0][0];
}

namespace {
struct Kernels {
  size_t lanes;
  void (*compute)();
  void (*read)(const void *data, size_t size, bool inStreams);
  /// The same as `compute` on pairs of bf16, if the CPU can.
  void (*computePairs)() = nullptr;
};
} // namespace

#ifdef __x86_64__
[[gnu::target("avx512f")]] static void compute64() { computeWith<64>(); }
[[gnu::target("avx512f")]] static void read64(const void *data, size_t size,
                                              bool inStreams) {
  readWith<64>(data, size, inStreams);
}
[[gnu::target("avx512f,avx512bf16")]] static void computePairs() {
  __m512 sums[numChains];
  __m512bh factor = (__m512bh)_mm512_set1_ps(unknownFactor);
  for (size_t i = 0; i < numChains; ++i)
    sums[i] = _mm512_set1_ps(unknownAddend);
  for (int64_t round = 0; round < numRounds; ++round)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < numChains; ++i)
      sums[i] = _mm512_dpbf16_ps(sums[i], factor, factor);
  for (size_t i = 1; i < numChains; ++i)
    sums[0] = _mm512_add_ps(sums[0], sums[i]);
  sink = _mm512_cvtss_f32(sums[0]);
}
[[gnu::target("avx2,fma")]] static void compute32() { computeWith<32>(); }
[[gnu::target("avx2,fma")]] static void read32(const void *data, size_t size,
                                               bool inStreams) {
  readWith<32>(data, size, inStreams);
}
#endif
static void compute16() { computeWith<16>(); }
static void read16(const void *data, size_t size, bool inStreams) {
  readWith<16>(data, size, inStreams);
}

static Kernels getKernels() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f"))
    return {16, compute64, read64,
            __builtin_cpu_supports("avx512bf16") ? computePairs : nullptr};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {8, compute32, read32};
#endif
  return {4, compute16, read16};
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

/// Seconds from the first start to the last end of `work` on all threads, which
/// begin together.
static double timeThreads(unsigned numThreads,
                          llvm::function_ref<void(unsigned)> work) {
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> starts(numThreads), ends(numThreads);
  std::latch ready(numThreads);
  auto body = [&](unsigned thread) {
    ready.arrive_and_wait();
    starts[thread] = Clock::now();
    work(thread);
    ends[thread] = Clock::now();
  };
  std::vector<std::thread> threads;
  for (unsigned thread = 1; thread < numThreads; ++thread)
    threads.emplace_back(body, thread);
  body(0);
  for (std::thread &thread : threads)
    thread.join();
  return std::chrono::duration<double>(
             *std::max_element(ends.begin(), ends.end()) -
             *std::min_element(starts.begin(), starts.end()))
      .count();
}

Machine::Machine()
    : numThreads(llvm::hardware_concurrency().compute_thread_count()),
      linesPerSlice(bufferBytes / numSlices / numThreads /
                    (numStreams * streamBytes) * (numStreams * streamBytes) /
                    sizeof(Line)) {
  buffer = std::make_unique_for_overwrite<Line[]>(numThreads * numSlices *
                                                  linesPerSlice);
  // Each thread writes what it will read, so that it lies in memory near its
  // core.
  timeThreads(numThreads, [&](unsigned thread) {
    std::fill_n(getSlice(thread, 0), numSlices * linesPerSlice, Line{});
  });
}

Machine::Line *Machine::getSlice(unsigned thread, size_t index) const {
  return buffer.get() + (thread * numSlices + index) * linesPerSlice;
}

/// Operations per second of `compute`, each lane of which does so many.
static double measureOperations(unsigned numThreads, void (*compute)(),
                                size_t perRound) {
  double seconds = timeThreads(numThreads, [&](unsigned) { compute(); });
  return static_cast<double>(numThreads * perRound * numChains) *
         static_cast<double>(numRounds) / seconds;
}

double Machine::measureCompute() {
  Kernels kernels = getKernels();
  double rate =
      measureOperations(numThreads, kernels.compute, 2 * kernels.lanes);
  peakCompute = std::max(peakCompute, rate);
  return rate;
}

double Machine::measurePairs() {
  Kernels kernels = getKernels();
  double rate = kernels.computePairs
                    ? measureOperations(numThreads, kernels.computePairs,
                                        4 * kernels.lanes)
                    : measureCompute();
  peakPairs = std::max(peakPairs, rate);
  return rate;
}

double Machine::measureRead() {
  Kernels kernels = getKernels();
  slice = (slice + 1) % numSlices;
  inStreams = !inStreams;
  double seconds = timeThreads(numThreads, [&](unsigned thread) {
    kernels.read(getSlice(thread, slice), linesPerSlice * sizeof(Line),
                 inStreams);
  });
  double bytes = static_cast<double>(numThreads * linesPerSlice * sizeof(Line));
  peakRead = std::max(peakRead, bytes / seconds);
  return bytes / seconds;
}

void Machine::measure() {
  for (int i = 0; i < 100; ++i) {
    measureCompute();
    measurePairs();
    measureRead();
  }
}
