//===- Machine.h - How fast this machine computes and reads -----*- C++ -*-===//

#ifndef MOE_BENCHMARKS_MACHINE_H
#define MOE_BENCHMARKS_MACHINE_H

#include <cstddef>
#include <memory>

namespace moe {

/// Measures what a program can reach on all cores at once. Other load on the
/// machine only ever makes a measurement smaller, so the best of several is the
/// one to believe.
class Machine {
public:
  Machine();

  unsigned getNumThreads() const { return numThreads; }

  /// One short measurement: f32 operations per second of independent
  /// multiply-adds on the widest vectors of the CPU.
  double measureCompute();

  /// The same of multiplications of pairs of bf16 that are added to f32, if the
  /// CPU has an instruction for these.
  double measurePairs();

  /// One short measurement: bytes per second that all threads together read
  /// from memory that no cache holds, one line after the other or, every other
  /// time, as several streams that are prefetched.
  double measureRead();

  /// Measures each many times, for about a second.
  void measure();

  /// The best so far.
  double getPeakCompute() const { return peakCompute; }
  double getPeakPairs() const { return peakPairs; }
  double getPeakRead() const { return peakRead; }

private:
  struct alignas(64) Line {
    float values[16];
  };
  Line *getSlice(unsigned thread, size_t index) const;

  unsigned numThreads;
  /// What `measureRead` reads: the slices of the first thread, of the second,
  /// ...
  std::unique_ptr<Line[]> buffer;
  size_t linesPerSlice;
  /// The slice of each thread that was read last.
  size_t slice = 0;
  bool inStreams = false;
  double peakCompute = 0, peakPairs = 0, peakRead = 0;
};

} // namespace moe

#endif // MOE_BENCHMARKS_MACHINE_H
