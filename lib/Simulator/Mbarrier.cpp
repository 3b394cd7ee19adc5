//===- Mbarrier.cpp - The state of an mbarrier object ---------------------===//

#include "moe/Simulator/Mbarrier.h"

using namespace mlir::moe::sim;

Mbarrier::Fault Mbarrier::arrive(uint32_t count, bool drop) {
  if (count == 0 || count > maxCount)
    return Fault::CountRange;
  if (count > pending || (drop && count > expected))
    return Fault::TooManyArrivals;
  if (drop)
    expected -= count;
  pending -= count;
  return finish();
}

Mbarrier::Fault Mbarrier::expectArrival() {
  if (pending == maxCount)
    return Fault::CountRange;
  ++pending;
  return Fault::None;
}

Mbarrier::Fault Mbarrier::expectBytes(uint32_t announced) {
  if (announced > maxCount)
    return Fault::CountRange;
  bytes += static_cast<int32_t>(announced);
  return bytes > static_cast<int32_t>(maxCount) ? Fault::CountRange : finish();
}

Mbarrier::Fault Mbarrier::completeBytes(uint32_t arrived) {
  if (arrived > maxCount)
    return Fault::CountRange;
  bytes -= static_cast<int32_t>(arrived);
  return bytes < -static_cast<int32_t>(maxCount) ? Fault::CountRange : finish();
}

Mbarrier::Fault Mbarrier::finish() {
  if (pending != 0)
    return Fault::None;
  // All threads have arrived, so no one is left to announce these bytes.
  if (bytes < 0)
    return Fault::TooManyBytes;
  if (bytes == 0) {
    ++phase;
    pending = expected;
  }
  return Fault::None;
}
