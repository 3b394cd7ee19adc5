//===- BundleTarget.cpp - What bundles are compiled for -------------------===//

#include "moe/Bundle/BundleTarget.h"

using namespace mlir::moe;

llvm::Expected<BundleTarget> mlir::moe::findBundleTarget(llvm::StringRef name) {
  auto target = findTarget(name);
  if (!target)
    return target.takeError();
  if (!target->gpu) {
    auto host = getCpuTarget(*target);
    if (!host)
      return host.takeError();
    return BundleTarget{*host, std::nullopt};
  }
  Target any;
  any.name = any.cpu = "x86-64";
  auto host = getCpuTarget(any);
  if (!host)
    return host.takeError();
  return BundleTarget{*host, *target};
}
