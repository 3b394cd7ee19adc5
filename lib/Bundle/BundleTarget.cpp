//===- BundleTarget.cpp - What bundles are compiled for -------------------===//

#include "moe/Bundle/BundleTarget.h"
#include "moe/Execute/KernelHost.h"

using namespace mlir::moe;

std::string BundleTarget::getName() const {
  if (!gpu)
    return host.target.name;
  return ((simulated ? simulatedPrefix : "") + gpu->name).str();
}

static llvm::Expected<BundleTarget> findGpuTarget(llvm::StringRef name,
                                                  bool simulated) {
  auto gpu = findTarget(name);
  if (!gpu)
    return gpu.takeError();
  if (!gpu->gpu)
    return llvm::createStringError("target '" + name +
                                   "' is a processor, expected a GPU");
  Target any;
  any.name = any.cpu = "x86-64";
  auto host = getCpuTarget(any);
  if (!host)
    return host.takeError();
  return BundleTarget{*host, *gpu, simulated};
}

llvm::Expected<BundleTarget> mlir::moe::findBundleTarget(llvm::StringRef name) {
  if (llvm::StringRef gpu = name; gpu.consume_front(simulatedPrefix))
    return findGpuTarget(gpu, /*simulated=*/true);
  auto target = findTarget(name);
  if (!target)
    return target.takeError();
  if (target->gpu)
    return findGpuTarget(name, /*simulated=*/false);
  auto host = getCpuTarget(*target);
  if (!host)
    return host.takeError();
  return BundleTarget{*host, std::nullopt};
}
