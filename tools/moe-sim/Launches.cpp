//===- Launches.cpp - What a file says to launch --------------------------===//

#include "Launches.h"
#include "moe/Simulator/TensorMap.h"

using namespace mlir;
using namespace mlir::moe;

template <typename... Values>
static llvm::Error makeError(const char *format, const Values &...values) {
  return llvm::createStringError(llvm::formatv(format, values...).str());
}

static sim::Dim3 getDim3(DictionaryAttr launch, StringRef name) {
  sim::Dim3 result;
  uint32_t *sizes[] = {&result.x, &result.y, &result.z};
  if (auto array = launch.getAs<DenseI32ArrayAttr>(name))
    for (auto [size, value] : llvm::zip(sizes, array.asArrayRef()))
      *size = static_cast<uint32_t>(value);
  return result;
}

static std::optional<sim::ElementType> getElementType(Type type) {
  if (type.isF32())
    return sim::ElementType::F32;
  if (type.isBF16())
    return sim::ElementType::BF16;
  if (type.isF16())
    return sim::ElementType::F16;
  if (type.isInteger(32))
    return sim::ElementType::S32;
  if (type.getIntOrFloatBitWidth() == 8)
    return sim::ElementType::U8;
  return std::nullopt;
}

static llvm::Expected<const HostBuffer *>
getBuffer(int64_t number, ArrayRef<HostBuffer> buffers) {
  if (number < 0 || static_cast<size_t>(number) >= buffers.size())
    return makeError("buffer {0}, but @reference has {1} arguments", number,
                     buffers.size());
  return &buffers[static_cast<size_t>(number)];
}

static llvm::Error makeTensorMap(DictionaryAttr attribute,
                                 ArrayRef<HostBuffer> buffers, void *object) {
  auto of = attribute.getAs<IntegerAttr>("of");
  auto box = attribute.getAs<DenseI64ArrayAttr>("box");
  if (!of || !box)
    return makeError("a tensor map needs 'of' and 'box'");
  auto buffer = getBuffer(of.getInt(), buffers);
  if (!buffer)
    return buffer.takeError();
  MemRefType type = (*buffer)->type;
  auto element = getElementType(type.getElementType());
  // A map may have dimensions of size 1 that the buffer lacks.
  if (!element || box.size() < type.getRank() || box.size() > 5)
    return makeError("a tensor map of {0} numbers for {1}", box.size(), type);
  sim::TensorMap map;
  map.address = reinterpret_cast<uint64_t>((*buffer)->data);
  map.type = *element;
  map.rank = static_cast<uint32_t>(box.size());
  auto rank = static_cast<uint32_t>(type.getRank());
  uint64_t stride = sim::getBytes(*element);
  for (uint32_t dim = 0; dim < map.rank; ++dim) {
    map.dims[dim] =
        dim < rank ? static_cast<uint64_t>(type.getDimSize(rank - 1 - dim)) : 1;
    map.strides[dim] = stride;
    stride *= map.dims[dim];
    map.box[dim] = static_cast<uint32_t>(box[dim]);
  }
  if (auto swizzle = attribute.getAs<IntegerAttr>("swizzle"))
    map.swizzle = static_cast<sim::Swizzle>(
        llvm::Log2_64(static_cast<uint64_t>(swizzle.getInt())) - 4);
  if (auto fault = map.findFault())
    return makeError("a tensor map with {0}", *fault);
  map.encode(object);
  return llvm::Error::success();
}

static llvm::Error addArgument(Attribute attribute,
                               ArrayRef<HostBuffer> buffers, Launches &result,
                               sim::Launch &launch) {
  uint64_t &value = result.values.emplace_back(0);
  launch.arguments.push_back(&value);
  if (auto map = dyn_cast<DictionaryAttr>(attribute)) {
    result.maps.emplace_back();
    value = reinterpret_cast<uint64_t>(result.maps.back().bytes);
    return makeTensorMap(map, buffers, result.maps.back().bytes);
  }
  if (auto real = dyn_cast<FloatAttr>(attribute)) {
    value = real.getValue().bitcastToAPInt().getZExtValue();
    return llvm::Error::success();
  }
  auto integer = dyn_cast<IntegerAttr>(attribute);
  if (!integer)
    return makeError("an argument that is no number and no tensor map");
  if (!integer.getType().isIndex()) {
    value = integer.getValue().getZExtValue();
    return llvm::Error::success();
  }
  auto buffer = getBuffer(integer.getInt(), buffers);
  if (!buffer)
    return buffer.takeError();
  value = reinterpret_cast<uint64_t>((*buffer)->data);
  return llvm::Error::success();
}

static llvm::Error addLaunch(DictionaryAttr attribute,
                             const SimulatedKernels &kernels,
                             ArrayRef<HostBuffer> buffers, Launches &result) {
  auto name = attribute.getAs<FlatSymbolRefAttr>("kernel");
  const auto *entry = name ? kernels.find(name.getValue()) : nullptr;
  if (!entry)
    return makeError("a launch of no kernel of the file");
  auto arguments = attribute.getAs<ArrayAttr>("args");
  if (!arguments || arguments.size() != entry->arguments.size())
    return makeError("@{0} takes {1} arguments, found {2}", name.getValue(),
                     entry->arguments.size(), arguments ? arguments.size() : 0);
  sim::Launch launch;
  launch.kernel = &entry->kernel;
  launch.grid = getDim3(attribute, "grid");
  launch.block = entry->block.value_or(getDim3(attribute, "block"));
  launch.cluster = entry->cluster.value_or(getDim3(attribute, "cluster"));
  launch.dependent = attribute.contains("dependent");
  if (auto shared = attribute.getAs<IntegerAttr>("shared"))
    launch.dynamicSharedBytes = static_cast<uint32_t>(shared.getInt());
  if (launch.grid.x % launch.cluster.x || launch.grid.y % launch.cluster.y ||
      launch.grid.z % launch.cluster.z)
    return makeError("the grid of @{0} is no multiple of its cluster",
                     name.getValue());
  if (launch.block.count() == 0 || launch.block.count() > 1024)
    return makeError("@{0} with {1} threads, expected 1 to 1024",
                     name.getValue(), launch.block.count());
  for (Attribute argument : arguments)
    if (llvm::Error error = addArgument(argument, buffers, result, launch))
      return error;
  result.launches.push_back(std::move(launch));
  return llvm::Error::success();
}

llvm::Expected<Launches>
mlir::moe::readLaunches(ArrayAttr list, const SimulatedKernels &kernels,
                        ArrayRef<HostBuffer> buffers) {
  Launches result;
  for (Attribute launch : list) {
    auto dictionary = dyn_cast<DictionaryAttr>(launch);
    if (!dictionary)
      return makeError("sim.launches holds something else than dictionaries");
    if (llvm::Error error = addLaunch(dictionary, kernels, buffers, result))
      return error;
  }
  return std::move(result);
}
