//===- Graphs.cpp - Launches, streams, events and graphs ------------------===//

#include "Driver.h"
#include "moe/Simulator/TensorMap.h"

#include <chrono>

using namespace mlir::moe;
using driver::LaunchShape;

/// From MOE_SIM_SEED: decides the order of threads.
static uint64_t getSeed() {
  const char *seed = std::getenv("MOE_SIM_SEED");
  return seed ? std::strtoull(seed, nullptr, 10) : 0;
}

unsigned driver::launch(const Function &function, const LaunchShape &shape,
                        void *const *arguments) {
  const SimulatedKernels::Entry &entry = *function.entry;
  sim::Launch launch;
  launch.kernel = &entry.kernel;
  launch.grid.x = shape.blocks;
  launch.block.x = shape.threads;
  launch.cluster = entry.cluster.value_or(sim::Dim3());
  launch.dynamicSharedBytes = shape.sharedBytes;
  std::vector<sim::Buffer> buffers = listBuffers();
  // Compiled for the host, a kernel takes the address of what it is given by
  // value.
  std::vector<void *> objects(arguments, arguments + entry.arguments.size());
  for (size_t i = 0; i < objects.size(); ++i) {
    auto [bytes, byValue] = entry.arguments[i];
    launch.arguments.push_back(byValue ? &objects[i] : arguments[i]);
    if (byValue)
      buffers.push_back({"tensor map", arguments[i], bytes, false});
  }
  sim::Options options;
  options.seed = getSeed();
  // Rows that no tile has are multiplied, and dropped.
  options.allowUnwrittenOperands = true;
  sim::Outcome outcome = sim::run({&launch, 1}, buffers, options);
  if (!outcome.hazard)
    return noError;
  fprintf(stderr, "moe-sim-driver: kernel %s: %s: %s\n",
          entry.kernel.name.c_str(), sim::getName(outcome.hazard->kind),
          outcome.hazard->text.c_str());
  return launchFailed;
}

unsigned driver::submit(Stream *stream, std::function<unsigned()> work) {
  if (!stream || !stream->capture)
    return work();
  stream->capture->work.push_back(std::move(work));
  return noError;
}

/// Of an argument, no larger than a tensor map.
struct alignas(64) Copy {
  char bytes[sim::TensorMap::encodedSize];
};

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
  Stream *stream;
  void *attributes;
  unsigned numAttributes;
};

/// Attributes only say what may overlap, and here nothing does.
CUDA_API unsigned cuLaunchKernelEx(const LaunchConfig *config,
                                   Function *function, void **arguments,
                                   void **extra) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!driver::hasContext())
    return invalidContext;
  if (config->gridX == 0 || config->gridY != 1 || config->gridZ != 1 ||
      config->blockX == 0 || config->blockX > 1024 || config->blockY != 1 ||
      config->blockZ != 1 || extra ||
      static_cast<int>(config->sharedBytes) > function->maxDynamicShared)
    return invalidValue;
  // The arguments are gone once this returns.
  std::vector<Copy> copies;
  for (size_t i = 0; i < function->entry->arguments.size(); ++i) {
    size_t bytes = function->entry->arguments[i].bytes;
    if (bytes > sizeof(Copy))
      return notSupported;
    std::memcpy(copies.emplace_back().bytes, arguments[i], bytes);
  }
  LaunchShape shape{config->gridX, config->blockX, config->sharedBytes};
  return driver::submit(
      config->stream, [function, shape, copies = std::move(copies)]() mutable {
        std::vector<void *> addresses;
        for (Copy &copy : copies)
          addresses.push_back(copy.bytes);
        return driver::launch(*function, shape, addresses.data());
      });
}

//===----------------------------------------------------------------------===//
// Streams and graphs
//===----------------------------------------------------------------------===//

CUDA_API unsigned cuStreamCreate(Stream **stream, unsigned) {
  *stream = new Stream;
  return noError;
}

CUDA_API unsigned cuStreamDestroy_v2(Stream *stream) {
  delete stream;
  return noError;
}

CUDA_API unsigned cuStreamSynchronize(Stream *stream) {
  return stream && stream->capture ? captureInvalid : noError;
}

CUDA_API unsigned cuStreamBeginCapture_v2(Stream *stream, unsigned) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!stream || stream->capture)
    return invalidValue;
  stream->capture = std::make_unique<Graph>();
  return noError;
}

CUDA_API unsigned cuStreamEndCapture(Stream *stream, Graph **graph) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!stream || !stream->capture)
    return invalidValue;
  *graph = stream->capture.release();
  return noError;
}

/// An executable graph is a copy of a graph.
CUDA_API unsigned cuGraphInstantiateWithFlags(Graph **executable, Graph *graph,
                                              unsigned long long) {
  *executable = new Graph(*graph);
  return noError;
}

CUDA_API unsigned cuGraphLaunch(Graph *executable, Stream *) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  for (const std::function<unsigned()> &work : executable->work)
    if (unsigned result = work())
      return result;
  return noError;
}

CUDA_API unsigned cuGraphDestroy(Graph *graph) {
  delete graph;
  return noError;
}

CUDA_API unsigned cuGraphExecDestroy(Graph *executable) {
  delete executable;
  return noError;
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

struct Event {
  std::chrono::steady_clock::time_point time;
};

CUDA_API unsigned cuEventCreate(Event **event, unsigned) {
  *event = new Event;
  return noError;
}

CUDA_API unsigned cuEventDestroy_v2(Event *event) {
  delete event;
  return noError;
}

CUDA_API unsigned cuEventRecord(Event *event, Stream *) {
  event->time = std::chrono::steady_clock::now();
  return noError;
}

CUDA_API unsigned cuEventSynchronize(Event *) { return noError; }

CUDA_API unsigned cuEventElapsedTime(float *milliseconds, Event *begin,
                                     Event *end) {
  *milliseconds =
      std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return noError;
}
