//===- Graphs.cpp - Launches, streams, events and graphs ------------------===//

#include "Driver.h"

#include <chrono>

using namespace mlir::moe;

/// From MOE_SIM_SEED: decides the order of threads.
static uint64_t getSeed() {
  const char *seed = std::getenv("MOE_SIM_SEED");
  return seed ? std::strtoull(seed, nullptr, 10) : 0;
}

/// Executes a kernel. What goes wrong is told on standard error.
static unsigned execute(KernelLaunch &launch) {
  std::vector<sim::Buffer> buffers = driver::listBuffers();
  launch.addBuffers(buffers);
  sim::Options options;
  options.seed = getSeed();
  // Rows that no tile has are multiplied, and dropped.
  options.allowUnwrittenOperands = true;
  sim::Launch only = launch.get();
  sim::Outcome outcome = sim::run({&only, 1}, buffers, options);
  if (!outcome.hazard)
    return noError;
  fprintf(stderr, "moe-sim-driver: kernel %s: %s: %s\n",
          launch.getEntry().kernel.name.c_str(),
          sim::getName(outcome.hazard->kind), outcome.hazard->text.c_str());
  return launchFailed;
}

unsigned driver::submit(Stream *stream, std::function<unsigned()> work) {
  if (!stream || !stream->capture)
    return work();
  stream->capture->work.push_back(std::move(work));
  return noError;
}

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
  for (const auto &argument : function->entry->arguments)
    if (argument.bytes > KernelLaunch::maxArgumentBytes)
      return notSupported;
  KernelLaunch launch(*function->entry, config->gridX, config->blockX,
                      config->sharedBytes, arguments);
  return driver::submit(config->stream,
                        [launch]() mutable { return execute(launch); });
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
