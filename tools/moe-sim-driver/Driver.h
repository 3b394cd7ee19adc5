//===- Driver.h - A driver of CUDA that simulates its device ----*- C++ -*-===//
//
// One device, on which all work is done at once, in the thread that asks for
// it. The functions have the names and types of cuda.h; what a program may
// call beyond those that are here it does not find.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_TOOLS_MOESIMDRIVER_DRIVER_H
#define MOE_TOOLS_MOESIMDRIVER_DRIVER_H

#include "moe/Execute/SimulatedKernels.h"

#include <functional>
#include <map>
#include <mutex>

/// Values of CUresult.
enum Result : unsigned {
  noError = 0,
  invalidValue = 1,
  outOfMemory = 2,
  invalidImage = 200,
  invalidContext = 201,
  notFound = 500,
  launchFailed = 719,
  notSupported = 801,
  captureInvalid = 901,
};

using Address = unsigned long long;

struct Module {
  mlir::moe::SimulatedKernels kernels;
  /// By name, made when they are asked for.
  std::map<std::string, std::unique_ptr<struct Function>> functions;
};

struct Function {
  const mlir::moe::SimulatedKernels::Entry *entry;
  int maxDynamicShared = 48 << 10;
};

struct Graph {
  std::vector<std::function<unsigned()>> work;
};

struct Stream {
  /// What is captured, while something is.
  std::unique_ptr<Graph> capture;
};

namespace driver {

/// Of everything that the driver holds; functions of cuda.h take it.
std::mutex &getLock();

/// All memory of the device.
std::vector<mlir::moe::sim::Buffer> listBuffers();

/// Does `work` now, or adds it to what `stream` captures.
unsigned submit(Stream *stream, std::function<unsigned()> work);

/// Whether the calling thread has a context.
bool hasContext();

} // namespace driver

/// Marks what programs find.
#define CUDA_API extern "C" __attribute__((visibility("default")))

#endif // MOE_TOOLS_MOESIMDRIVER_DRIVER_H
