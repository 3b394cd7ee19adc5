//===- Memory.cpp - Memory of the device ----------------------------------===//

#include "Driver.h"

using mlir::moe::sim::Buffer;

/// By their beginning. Memory of the device is the host's.
static std::map<Address, Buffer> &getBuffers() {
  static std::map<Address, Buffer> buffers;
  return buffers;
}

static void *toPointer(Address address) {
  return reinterpret_cast<void *>(address);
}

/// Whether all of a range belongs to one allocation.
static bool isMemory(Address address, size_t bytes) {
  auto behind = getBuffers().upper_bound(address);
  if (behind == getBuffers().begin())
    return bytes == 0;
  const Buffer &buffer = std::prev(behind)->second;
  Address begin = std::prev(behind)->first;
  return address + bytes <= begin + buffer.size;
}

std::vector<Buffer> driver::listBuffers() {
  std::vector<Buffer> buffers;
  for (const auto &[address, buffer] : getBuffers())
    buffers.push_back(buffer);
  return buffers;
}

static void addBuffer(void *data, size_t bytes) {
  auto address = reinterpret_cast<Address>(data);
  getBuffers()[address] = {"memory of " + std::to_string(bytes) + " bytes",
                           data, bytes};
}

CUDA_API unsigned cuMemAlloc_v2(Address *address, size_t bytes) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!driver::hasContext())
    return invalidContext;
  if (bytes == 0)
    return invalidValue;
  // As the driver aligns it.
  constexpr size_t alignment = 512;
  void *data = std::aligned_alloc(alignment, (bytes + alignment - 1) /
                                                 alignment * alignment);
  if (!data)
    return outOfMemory;
  addBuffer(data, bytes);
  *address = reinterpret_cast<Address>(data);
  return noError;
}

CUDA_API unsigned cuMemFree_v2(Address address) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!getBuffers().erase(address))
    return invalidValue;
  std::free(toPointer(address));
  return noError;
}

CUDA_API unsigned cuMemHostRegister_v2(void *data, size_t bytes, unsigned) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!data || bytes == 0)
    return invalidValue;
  addBuffer(data, bytes);
  return noError;
}

CUDA_API unsigned cuMemHostUnregister(void *data) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  bool known = getBuffers().erase(reinterpret_cast<Address>(data)) > 0;
  return known ? noError : invalidValue;
}

CUDA_API unsigned cuMemcpyHtoD_v2(Address to, const void *from, size_t bytes) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!isMemory(to, bytes))
    return invalidValue;
  std::memcpy(toPointer(to), from, bytes);
  return noError;
}

CUDA_API unsigned cuMemcpyDtoH_v2(void *to, Address from, size_t bytes) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!isMemory(from, bytes))
    return invalidValue;
  std::memcpy(to, toPointer(from), bytes);
  return noError;
}

CUDA_API unsigned cuMemsetD8Async(Address to, unsigned char value, size_t bytes,
                                  Stream *stream) {
  std::lock_guard<std::mutex> guard(driver::getLock());
  if (!isMemory(to, bytes))
    return invalidValue;
  return driver::submit(stream, [=]() -> unsigned {
    std::memset(toPointer(to), value, bytes);
    return noError;
  });
}
