//===- CudaCode.cpp - Kernels for CUDA's driver ---------------------------===//

#include "moe/Bundle/CudaCode.h"
#include "RunProgram.h"
#include "moe/Checkpoint/OutputFile.h"
#include "moe/Conversion/ListKernels.h"
#include "moe/Execute/FirstError.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace mlir::moe;

/// The path of ptxas, or "".
static std::string findPtxas() {
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  std::vector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"})
    if (auto toolkit = llvm::sys::Process::GetEnv(variable))
      folders.push_back(*toolkit + "/bin");
  folders.push_back("/usr/local/cuda/bin");
  llvm::SmallVector<StringRef> paths(folders.begin(), folders.end());
  auto found = llvm::sys::findProgramByName("ptxas", paths);
  return found ? *found : "";
}

static llvm::Expected<std::string> assemble(StringRef ptxas, StringRef ptx,
                                            StringRef architecture) {
  std::string cubin;
  llvm::Error error =
      withTemporaryDirectory([&](StringRef folder) -> llvm::Error {
        auto in = [&](const char *name) { return (folder + "/" + name).str(); };
        if (llvm::Error error =
                writeFile(in("kernels.ptx"), [&](raw_ostream &stream) {
                  stream << ptx;
                  return llvm::Error::success();
                }))
          return error;
        if (llvm::Error error =
                runProgram({ptxas.str(), "-O3", ("-arch=" + architecture).str(),
                            "-o", in("cubin"), in("kernels.ptx")},
                           in("log")))
          return error;
        return readFile(in("cubin")).moveInto(cubin);
      });
  if (error)
    return error;
  return cubin;
}

/// Replaces the gpu.module by its text.
static std::string takeText(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (auto kernels :
       llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>())) {
    // Locations behind the short form of a barrier are not read again.
    kernels.print(stream,
                  OpPrintingFlags().enableDebugInfo().printGenericOpForm());
    kernels.erase();
  }
  return text;
}

/// Replaces the gpu.module by its PTX.
static llvm::Expected<std::string> takePtx(ModuleOp module) {
  FirstError error(module.getContext());
  PassManager manager(module.getContext());
  // Some instructions of NVVM are text within PTX.
  OpPassManager &device = manager.nest<gpu::GPUModuleOp>();
  device.addPass(createConvertNVVMToLLVMPass());
  device.addPass(createReconcileUnrealizedCastsPass());
  GpuModuleToBinaryPassOptions options;
  options.compilationTarget = "isa";
  manager.addPass(createGpuModuleToBinaryPass(options));
  if (failed(manager.run(module)))
    return error.take("the kernels cannot be compiled");
  std::string ptx;
  for (auto binary :
       llvm::make_early_inc_range(module.getOps<gpu::BinaryOp>())) {
    auto object = cast<gpu::ObjectAttr>(binary.getObjects()[0]);
    // What is in a string of C's library ends with a zero.
    ptx = object.getObject().getValue().rtrim('\0').str();
    binary.erase();
  }
  return ptx;
}

llvm::Expected<CudaCode> mlir::moe::takeCudaCode(ModuleOp module,
                                                 const BundleTarget &target) {
  CudaCode code;
  code.kernels = listKernels(module);
  if (code.kernels.empty())
    return llvm::createStringError("the layer has no kernels");
  if (target.simulated) {
    code.forms.push_back({"mlir", takeText(module)});
    return code;
  }
  auto ptx = takePtx(module);
  if (!ptx)
    return ptx.takeError();
  if (std::string ptxas = findPtxas(); !ptxas.empty()) {
    auto cubin = assemble(ptxas, *ptx, target.gpu->cpu);
    if (!cubin)
      return cubin.takeError();
    code.forms.push_back({"cubin", std::move(*cubin)});
  }
  code.forms.push_back({"ptx", std::move(*ptx)});
  return code;
}
