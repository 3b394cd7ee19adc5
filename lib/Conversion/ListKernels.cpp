//===- ListKernels.cpp - The kernels that launches count ------------------===//

#include "moe/Conversion/ListKernels.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

std::vector<std::string> mlir::moe::listKernels(Operation *op) {
  std::vector<std::string> names;
  op->walk([&](FunctionOpInterface function) {
    if (function->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()))
      names.push_back(function.getName().str());
  });
  return names;
}
