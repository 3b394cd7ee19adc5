//===- EmitObject.cpp - From LLVM's bitcode to object code ----------------===//

#include "HalfFunctions.h"
#include "moe/Bundle/ObjectCode.h"
#include "moe/Execute/OptimizeCode.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace mlir::moe;

llvm::Expected<std::string> mlir::moe::emitObject(const CodePart &part,
                                                  const CpuTarget &target) {
  llvm::LLVMContext context;
  auto parsed = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(part.bitcode, "layer"), context);
  if (!parsed)
    return parsed.takeError();
  std::unique_ptr<llvm::Module> code = std::move(*parsed);
  if (!part.task.empty())
    code->getFunction("task")->setName(part.task);
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
