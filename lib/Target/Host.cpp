//===- Host.cpp - The machine that this runs on ---------------------------===//

#include "Host.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir::moe;

/// The first line of a file of sysfs, empty if there is no such file.
static std::string readLine(const llvm::Twine &path) {
  // Such files have no size to map them by.
  auto file = llvm::MemoryBuffer::getFileAsStream(path);
  return file ? (*file)->getBuffer().split('\n').first.trim().str() : "";
}

std::optional<int64_t> mlir::moe::parseCacheSize(llvm::StringRef text) {
  int64_t unit = 1;
  if (text.consume_back("K"))
    unit = 1 << 10;
  else if (text.consume_back("M"))
    unit = 1 << 20;
  int64_t count;
  if (text.getAsInteger(10, count) || count <= 0 || count > (1 << 30))
    return std::nullopt;
  return count * unit;
}

static void readCaches(Host &host) {
  for (int index = 0;; ++index) {
    std::string path = "/sys/devices/system/cpu/cpu0/cache/index" +
                       std::to_string(index) + "/";
    std::string level = readLine(path + "level");
    if (level.empty())
      return;
    if (readLine(path + "type") == "Instruction")
      continue;
    std::optional<int64_t> bytes = parseCacheSize(readLine(path + "size"));
    if (level == "1")
      host.l1Bytes = bytes;
    else if (level == "2")
      host.l2Bytes = bytes;
    else if (level == "3")
      host.l3Bytes = bytes;
  }
}

Host mlir::moe::detectHost() {
  Host host;
  host.cpu = llvm::sys::getHostCPUName().str();
  host.features = llvm::sys::getHostCPUFeatures();
  // Threads of one core share its multipliers.
  host.cores = llvm::heavyweight_hardware_concurrency().compute_thread_count();
  readCaches(host);
  // The highest clock, which does not change; the current one would make
  // schedules depend on the moment.
  double kilohertz;
  if (!llvm::StringRef(
           readLine("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"))
           .getAsDouble(kilohertz) &&
      kilohertz > 0)
    host.gigahertz = kilohertz / 1e6;
  return host;
}
