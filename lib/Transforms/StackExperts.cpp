//===- StackExperts.cpp - moe-stack-experts -------------------------------===//

#include "moe/IR/MoE.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::moe {
#define GEN_PASS_DEF_STACKEXPERTSPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

static bool isPerExpert(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa_and_nonnull<PerExpertAttr>(tensor.getEncoding());
}

namespace {
struct StackExpertsPass : moe::impl::StackExpertsPassBase<StackExpertsPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    auto stack = [](Value value) {
      if (isPerExpert(value.getType()))
        value.setType(cast<RankedTensorType>(value.getType()).dropEncoding());
    };
    function.walk([&](Operation *op) {
      for (Region &region : op->getRegions())
        for (Block &block : region)
          llvm::for_each(block.getArguments(), stack);
      // What the function makes a table of stays one.
      if (!isa<AppendExpertOp>(op))
        llvm::for_each(op->getResults(), stack);
    });
    // A name says where the tensor of each expert is.
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      if (isPerExpert(type))
        function.removeArgAttr(static_cast<unsigned>(i), "moe.name");
    if (!function.isExternal())
      function.setType(FunctionType::get(&getContext(),
                                         function.getBody().getArgumentTypes(),
                                         function.getResultTypes()));
  }
};
} // namespace
