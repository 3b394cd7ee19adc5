//===- SplitTasks.cpp - Parts of code that are compiled one by one --------===//
//
// Each long function becomes a part of its own, whose name is the digest of its
// content: what several codes have in common is compiled once, and the rest is
// spread evenly over the threads of the compiler.
//
//===----------------------------------------------------------------------===//

#include "Contents.h"
#include "moe/Bundle/ObjectCode.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;
using namespace mlir::moe;

/// A part takes some milliseconds beside those for its instructions.
static constexpr unsigned fewestInstructions = 200;

static std::string writeBitcode(const llvm::Module &code) {
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::WriteBitcodeToFile(code, stream);
  return bytes.str().str();
}

/// Whether all that the function uses and that is defined here may be there
/// more than once.
static bool usesOnlyConstants(const llvm::Function &function) {
  SmallVector<const llvm::Constant *> worklist;
  auto add = [&](const llvm::User &user) {
    for (const llvm::Use &operand : user.operands())
      if (auto *constant = dyn_cast<llvm::Constant>(operand))
        worklist.push_back(constant);
  };
  for (const llvm::Instruction &instruction : llvm::instructions(function))
    add(instruction);
  while (!worklist.empty()) {
    const llvm::Constant *constant = worklist.pop_back_val();
    if (auto *variable = dyn_cast<llvm::GlobalVariable>(constant)) {
      if (!variable->isDeclaration() && !variable->isConstant())
        return false;
    } else if (auto *callee = dyn_cast<llvm::Function>(constant)) {
      if (!callee->isDeclaration())
        return false;
    }
    add(*constant);
  }
  return true;
}

static bool isPart(const llvm::Function &function) {
  return !function.isDeclaration() && function.hasLocalLinkage() &&
         function.getInstructionCount() >= fewestInstructions &&
         usesOnlyConstants(function);
}

static void makeVisibleToParts(llvm::Function &function) {
  function.setLinkage(llvm::GlobalValue::ExternalLinkage);
  function.setVisibility(llvm::GlobalValue::HiddenVisibility);
  function.setDSOLocal(true);
}

/// Moves the body of `task` to a module of its own.
static CodePart takePart(llvm::Function &task) {
  llvm::Module &code = *task.getParent();
  task.setName("task");
  makeVisibleToParts(task);
  llvm::ValueToValueMapTy mapping;
  std::unique_ptr<llvm::Module> own =
      llvm::CloneModule(code, mapping, [&](const llvm::GlobalValue *value) {
        return value == &task || isa<llvm::GlobalVariable>(value);
      });
  // Equal functions must not differ in what else their codes have.
  auto *copy = cast<llvm::Function>(mapping[&task]);
  for (llvm::GlobalValue &value :
       llvm::make_early_inc_range(own->global_values()))
    if (&value != copy && value.use_empty())
      value.eraseFromParent();
  own->setModuleIdentifier("");
  CodePart part;
  part.bitcode = writeBitcode(*own);
  part.task = "moe_task_" + computeSha256(part.bitcode).substr(0, 32);
  task.deleteBody();
  makeVisibleToParts(task);
  task.setName(part.task);
  return part;
}

llvm::Expected<std::vector<CodePart>> mlir::moe::splitTasks(ModuleOp module) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context);
  if (!code)
    return llvm::createStringError("the layer cannot be made LLVM IR");
  SmallVector<llvm::Function *> tasks;
  for (llvm::Function &function : *code)
    if (isPart(function))
      tasks.push_back(&function);
  std::vector<CodePart> parts;
  for (llvm::Function *task : tasks) {
    CodePart part = takePart(*task);
    // Two of a code may be equal, too: then they are one function.
    llvm::Function *declared = code->getFunction(part.task);
    if (declared != task)
      task->replaceAllUsesWith(declared);
    parts.push_back(std::move(part));
  }
  parts.push_back({writeBitcode(*code), ""});
  return parts;
}
