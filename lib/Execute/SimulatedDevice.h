//===- SimulatedDevice.h - What the host of kernels calls -------*- C++ -*-===//

#ifndef MOE_LIB_EXECUTE_SIMULATEDDEVICE_H
#define MOE_LIB_EXECUTE_SIMULATEDDEVICE_H

#include "moe/Execute/SimulatedKernels.h"

namespace mlir::moe {

/// The device of moe-lower-launches, with a stream that launches kernels while
/// those before them run.
class SimulatedDevice {
public:
  SimulatedDevice(ArrayRef<const SimulatedKernels::Entry *> kernels,
                  uint64_t seed)
      : kernels(kernels) {
    options.seed = seed;
    // Rows that no tile has are multiplied, and dropped.
    options.allowUnwrittenOperands = true;
  }

  /// Memory that kernels may access.
  void addBuffer(sim::Buffer buffer) { buffers.push_back(std::move(buffer)); }

  /// The table of functions that compiled code calls.
  static void *const *getFunctions();

  /// Executes what has been launched.
  void run();

  /// What went wrong first, or "".
  const std::string &getError() const { return error; }

private:
  static void launch(SimulatedDevice *device, int32_t kernel, int32_t blocks,
                     int32_t threads, int32_t sharedBytes, void **arguments);
  static void encodeTensorMap(SimulatedDevice *device, void *map, void *address,
                              int32_t type, int64_t size0, int64_t size1,
                              int64_t size2, int64_t stride1, int64_t stride2,
                              int32_t box0, int32_t box1);

  ArrayRef<const SimulatedKernels::Entry *> kernels;
  std::vector<sim::Buffer> buffers;
  std::vector<KernelLaunch> launches;
  sim::Options options;
  std::string error;
};

} // namespace mlir::moe

#endif // MOE_LIB_EXECUTE_SIMULATEDDEVICE_H
