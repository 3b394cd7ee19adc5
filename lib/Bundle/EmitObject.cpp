//===- EmitObject.cpp - From the LLVM dialect to object code --------------===//

#include "HalfFunctions.h"
#include "moe/Bundle/ObjectCode.h"
#include "moe/Execute/OptimizeCode.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace mlir::moe;

llvm::Expected<std::string> mlir::moe::emitObject(ModuleOp module,
                                                  const CpuTarget &target) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context);
  if (!code)
    return llvm::createStringError("the layer cannot be made LLVM IR");
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target);
  code->setDataLayout(machine->createDataLayout());
  code->setTargetTriple(machine->getTargetTriple());
  bool convertsHalf = llvm::any_of(
      target.features, [](const CpuFeature &f) { return f.name == "f16c"; });
  if (!convertsHalf)
    addHalfFunctions(*code);
  for (llvm::Function &function : *code)
    function.addFnAttr("tune-cpu", target.target.cpu);

  if (llvm::Error error = optimizeCode(*code, *machine))
    return error;
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("LLVM cannot emit object code for target '" +
                                   target.target.name + "'");
  passes.run(*code);
  return bytes.str().str();
}
