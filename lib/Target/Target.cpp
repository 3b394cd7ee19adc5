//===- Target.cpp - Facts about the machines that kernels run on ----------===//

#include "moe/Target/Target.h"
#include "Host.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Known machines
//===----------------------------------------------------------------------===//

static Target makeLevel2(llvm::StringRef name) {
  Target target;
  target.name = target.cpu = name.str();
  target.l2Bytes = 256 << 10;
  return target;
}

static Target makeLevel3(llvm::StringRef name) {
  Target target = makeLevel2(name);
  target.vectorBits = 256;
  target.hasFma = true;
  target.fmaPerCycle = 2;
  target.l2Bytes = 512 << 10;
  return target;
}

static Target makeLevel4(llvm::StringRef name) {
  Target target = makeLevel3(name);
  target.vectorBits = 512;
  target.vectorRegisters = getVectorRegisters(target.vectorBits);
  target.l2Bytes = 1 << 20;
  // LLVM would rather not use the widest vectors of some of these processors.
  target.features = "-prefer-256-bit";
  return target;
}

/// A vector of 512 bits passes through this core in two halves.
static Target makeZen4(llvm::StringRef name) {
  Target target = makeLevel4(name);
  target.hasAvx512Bf16 = true;
  target.fmaPerCycle = 1;
  target.loadsPerCycle = 1;
  target.l3Bytes = 32 << 20;
  return target;
}

static Target makeSapphireRapids(llvm::StringRef name) {
  Target target = makeLevel4(name);
  target.hasAvx512Bf16 = target.hasAmxBf16 = true;
  target.l1Bytes = 48 << 10;
  target.l2Bytes = 2 << 20;
  return target;
}

/// H100 and H200, which differ in their memory.
static Target makeHopper(llvm::StringRef name) {
  Target target;
  target.name = target.cpu = name.str();
  target.features = "+ptx80";
  target.gigahertz = 1.755;
  target.memoryBandwidth = 3.35e12;
  target.launchSeconds = 3e-6;
  target.gpu = Gpu{.major = 9,
                   .minor = 0,
                   .multiprocessors = 132,
                   .sharedBytesPerBlock = 227 << 10,
                   .flopsPerCycle = 4096,
                   .sharedBytesPerCycle = 128,
                   .cacheBytesPerCycle = 48,
                   .cacheBytes = 50 << 20};
  return target;
}

namespace {
struct KnownTarget {
  llvm::StringLiteral name;
  Target (*make)(llvm::StringRef name);
};
} // namespace

static constexpr KnownTarget knownTargets[] = {
    {"x86-64-v2", makeLevel2},
    {"x86-64-v3", makeLevel3},
    {"x86-64-v4", makeLevel4},
    {"znver4", makeZen4},
    {"sapphirerapids", makeSapphireRapids},
    {"sm_90a", makeHopper},
};

static const KnownTarget *findKnown(llvm::StringRef name) {
  const KnownTarget *found = llvm::find_if(
      knownTargets, [&](const KnownTarget &it) { return it.name == name; });
  return found == std::end(knownTargets) ? nullptr : found;
}

//===----------------------------------------------------------------------===//
// The host
//===----------------------------------------------------------------------===//

/// The known machine that is most like the host.
static Target makeLikeHost(const Host &host) {
  if (const KnownTarget *known = findKnown(host.cpu))
    return known->make(host.cpu);
  if (llvm::all_of(llvm::ArrayRef<llvm::StringRef>{"avx512f", "avx512bw",
                                                   "avx512dq", "avx512vl"},
                   [&](llvm::StringRef name) { return host.has(name); }))
    return makeLevel4(host.cpu);
  return host.has("avx2") && host.has("fma") ? makeLevel3(host.cpu)
                                             : makeLevel2(host.cpu);
}

/// What a core of a server gets from memory when all read, and what a socket
/// gives at most: nothing tells the true numbers but a measurement.
static constexpr double bandwidthPerCore = 16e9, bandwidthOfSocket = 200e9;

static Target makeNative() {
  Host host = detectHost();
  Target target = makeLikeHost(host);
  target.name = "native";
  llvm::SmallVector<std::string> features;
  for (const auto &feature : host.features)
    features.push_back((feature.second ? "+" : "-") + feature.first().str());
  llvm::sort(features);
  if (target.vectorBits == 512)
    features.push_back("-prefer-256-bit");
  target.features = llvm::join(features, ",");
  target.hasAvx512Bf16 = target.vectorBits == 512 && host.has("avx512bf16");
  target.hasAmxBf16 = host.has("amx-bf16");
  target.cores = host.cores;
  target.l1Bytes = host.l1Bytes.value_or(target.l1Bytes);
  target.l2Bytes = host.l2Bytes.value_or(target.l2Bytes);
  // Without a third level the second is the last before memory.
  target.l3Bytes = host.l3Bytes.value_or(host.l2Bytes.value_or(target.l3Bytes));
  target.gigahertz = host.gigahertz.value_or(target.gigahertz);
  target.memoryBandwidth = std::min(
      bandwidthPerCore * static_cast<double>(host.cores), bandwidthOfSocket);
  return target;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

llvm::Expected<Target> mlir::moe::findTarget(llvm::StringRef name) {
  if (name == "native")
    return makeNative();
  if (const KnownTarget *known = findKnown(name))
    return known->make(name);
  return llvm::createStringError("unknown target '" + name + "', expected " +
                                 listTargets());
}

llvm::Expected<Target> mlir::moe::findGpu(int major, int minor) {
  std::string known;
  for (const KnownTarget &it : knownTargets) {
    Target target = it.make(it.name);
    if (!target.gpu)
      continue;
    if (target.gpu->major == major && target.gpu->minor == minor)
      return target;
    known += llvm::formatv("{0}{1}.{2} as target {3} has",
                           known.empty() ? "" : ", or ", target.gpu->major,
                           target.gpu->minor, target.name);
  }
  return llvm::createStringError(llvm::formatv(
      "compute capability {0}.{1}, expected {2}", major, minor, known));
}

std::string mlir::moe::listTargets() {
  std::string names;
  for (const KnownTarget &known : knownTargets)
    names += known.name.str() + ", ";
  return names + "native";
}
