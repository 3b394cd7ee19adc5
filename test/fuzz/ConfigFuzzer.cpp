//===- ConfigFuzzer.cpp - Any bytes as a config.json ----------------------===//

#include "moe/Import/Import.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir::moe;

/// What the reader accepts must become valid IR under either name of the
/// tensors. What it refuses must be named in a line.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  llvm::Expected<LayerSpec> spec = readLayerSpec(text, "input");
  if (!spec) {
    std::string message = llvm::toString(spec.takeError());
    if (!llvm::StringRef(message).starts_with("input: ") ||
        llvm::StringRef(message).contains('\n'))
      llvm::report_fatal_error("not one line that names the file");
    return 0;
  }

  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  for (TensorNames names : {TensorNames::published, TensorNames::fused}) {
    ImportOptions options;
    options.names = names;
    if (auto module = buildLayer(context, *spec, options); !module)
      llvm::report_fatal_error(module.takeError());
  }
  return 0;
}
