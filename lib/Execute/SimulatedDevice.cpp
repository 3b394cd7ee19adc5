//===- SimulatedDevice.cpp - What the host of kernels calls ---------------===//

#include "SimulatedDevice.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::moe;

void *const *SimulatedDevice::getFunctions() {
  static void *const functions[] = {reinterpret_cast<void *>(launch),
                                    reinterpret_cast<void *>(encodeTensorMap)};
  return functions;
}

void SimulatedDevice::launch(SimulatedDevice *device, int32_t kernel,
                             int32_t blocks, int32_t threads,
                             int32_t sharedBytes, void **arguments) {
  if (!device->error.empty())
    return;
  device->launches.emplace_back(*device->kernels[static_cast<size_t>(kernel)],
                                static_cast<uint32_t>(blocks),
                                static_cast<uint32_t>(threads),
                                static_cast<uint32_t>(sharedBytes), arguments);
}

void SimulatedDevice::run() {
  if (!error.empty())
    return;
  std::vector<sim::Launch> all;
  for (KernelLaunch &launch : launches) {
    all.push_back(launch.get());
    all.back().dependent = true;
    launch.addBuffers(buffers);
  }
  sim::Outcome outcome = sim::run(all, buffers, options);
  if (outcome.hazard)
    error = "kernel " + llvm::join(outcome.running, ", ") + ": " +
            std::string(sim::getName(outcome.hazard->kind)) + ": " +
            outcome.hazard->text;
}

void SimulatedDevice::encodeTensorMap(SimulatedDevice *device, void *object,
                                      void *address, int32_t type,
                                      int64_t size0, int64_t size1,
                                      int64_t size2, int64_t stride1,
                                      int64_t stride2, int32_t box0,
                                      int32_t box1) {
  // CU_TENSOR_MAP_DATA_TYPE_FLOAT16; the other type that is used is bf16.
  constexpr int32_t float16 = 6;
  sim::TensorMap map;
  map.address = reinterpret_cast<uint64_t>(address);
  map.type = type == float16 ? sim::ElementType::F16 : sim::ElementType::BF16;
  map.rank = 3;
  map.dims = {static_cast<uint64_t>(size0), static_cast<uint64_t>(size1),
              static_cast<uint64_t>(size2)};
  map.strides = {2, static_cast<uint64_t>(stride1),
                 static_cast<uint64_t>(stride2)};
  map.box = {static_cast<uint32_t>(box0), static_cast<uint32_t>(box1), 1};
  map.swizzle = sim::Swizzle::B128;
  if (auto fault = map.findFault(); fault && device->error.empty())
    device->error = "a tensor map with " + *fault;
  map.encode(object);
}
