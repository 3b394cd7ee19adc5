//===- OptimizeCode.cpp - LLVM's passes for compiled layers ---------------===//

#include "moe/Execute/OptimizeCode.h"

#include "llvm/Passes/PassBuilder.h"

using namespace mlir::moe;

/// Structures into registers, loops with their test at the end and without what
/// does not change, and addresses that are computed once.
static constexpr llvm::StringLiteral pipeline =
    "function(sroa,early-cse<memssa>,simplifycfg,"
    "loop-simplify,loop(loop-rotate),loop-mssa(licm),"
    "instcombine<no-verify-fixpoint>,gvn,simplifycfg,"
    "instcombine<no-verify-fixpoint>),globaldce";

llvm::Error mlir::moe::optimizeCode(llvm::Module &code,
                                    llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(passes, pipeline))
    return error;
  passes.run(code, modules);
  return llvm::Error::success();
}
