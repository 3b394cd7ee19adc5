//===- HostEngine.cpp - LLVM dialect to code for this machine -------------===//

#include "moe/Execute/HostEngine.h"
#include "moe/Execute/OptimizeCode.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace mlir::moe;

llvm::Expected<std::unique_ptr<ExecutionEngine>> mlir::moe::createHostEngine(
    ModuleOp module,
    llvm::function_ref<llvm::orc::SymbolMap(llvm::orc::MangleAndInterner)>
        symbols) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  DialectRegistry translations;
  registerAllToLLVMIRTranslations(translations);
  module.getContext()->appendDialectRegistry(translations);

  auto machineBuilder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!machineBuilder)
    return machineBuilder.takeError();
  auto machine = machineBuilder->createTargetMachine();
  if (!machine)
    return machine.takeError();
  llvm::TargetMachine &target = **machine;
  auto optimize = [&](llvm::Module *code) {
    return optimizeCode(*code, target);
  };
  ExecutionEngineOptions options;
  options.transformer = optimize;
  // It would leave a file of each program under $HOME or the system's temporary
  // directory.
  options.enablePerfNotificationListener = false;
  auto engine = ExecutionEngine::create(module, options, std::move(*machine));
  if (engine)
    (*engine)->registerSymbols(symbols);
  return engine;
}
