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
  const SimulatedKernels::Entry &entry =
      *device->kernels[static_cast<size_t>(kernel)];
  sim::Launch launch;
  launch.kernel = &entry.kernel;
  launch.grid.x = static_cast<uint32_t>(blocks);
  launch.block.x = static_cast<uint32_t>(threads);
  launch.cluster = entry.cluster.value_or(sim::Dim3());
  launch.dynamicSharedBytes = static_cast<uint32_t>(sharedBytes);
  launch.dependent = true;
  for (auto [i, argument] : llvm::enumerate(entry.arguments)) {
    Copy &copy = device->copies.emplace_back();
    assert(argument.bytes <= sizeof copy.bytes && "no larger than a map");
    std::memcpy(copy.bytes, arguments[i], argument.bytes);
    copy.address = copy.bytes;
    if (!argument.byValue) {
      launch.arguments.push_back(copy.bytes);
      continue;
    }
    launch.arguments.push_back(&copy.address);
    device->buffers.push_back(
        {"tensor map", copy.bytes, argument.bytes, /*writable=*/false});
  }
  device->launches.push_back(std::move(launch));
}

void SimulatedDevice::run() {
  if (!error.empty())
    return;
  sim::Outcome outcome = sim::run(launches, buffers, options);
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
