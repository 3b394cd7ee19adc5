//===- moe-import.cpp - From a config.json to the moe dialect -------------===//

#include "moe/Import/Import.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::moe;

static cl::OptionCategory category("moe-import options");
static cl::opt<std::string> configPath(cl::Positional, cl::desc("CONFIG.json"),
                                       cl::init("-"), cl::cat(category));
static cl::opt<int64_t>
    layer("layer",
          cl::desc("Number of the layer (default: the first MoE layer)"),
          cl::init(-1), cl::cat(category));
static cl::opt<unsigned>
    tokens("tokens", cl::desc("A fixed number of tokens (default: dynamic)"),
           cl::cat(category));
static cl::opt<DataType>
    dtype("dtype",
          cl::desc("Element type of activations (default: the config's)"),
          cl::values(clEnumValN(DataType::BF16, "bf16", ""),
                     clEnumValN(DataType::F16, "f16", ""),
                     clEnumValN(DataType::F32, "f32", "")),
          cl::cat(category));
static cl::opt<TensorNames>
    names("names", cl::desc("Names of the weights"),
          cl::init(TensorNames::published),
          cl::values(clEnumValN(TensorNames::published, "published",
                                "as first released (default)"),
                     clEnumValN(TensorNames::fused, "fused",
                                "as transformers 5 saves them")),
          cl::cat(category));
static cl::opt<std::string> outputPath("o", cl::desc("Output file"),
                                       cl::value_desc("FILE"), cl::init("-"),
                                       cl::cat(category));

static Error run() {
  ImportOptions options;
  if (layer.getNumOccurrences())
    options.layer = layer;
  if (dtype.getNumOccurrences())
    options.dtype = dtype;
  if (tokens.getNumOccurrences())
    options.tokens = tokens;
  options.names = names;

  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = importLayer(context, configPath, options);
  if (!module)
    return module.takeError();
  Error error = writeToOutput(outputPath, [&](raw_ostream &stream) {
    // Arguments are called as their tensors are.
    (*module)->print(stream, mlir::OpPrintingFlags().printNameLocAsPrefix());
    stream << '\n';
    return Error::success();
  });
  if (error)
    return createStringError(outputPath + ": " + toString(std::move(error)));
  return Error::success();
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter(
      [](raw_ostream &stream) { stream << "moe-import " MOE_VERSION "\n"; });
  std::string messages;
  raw_string_ostream stream(messages);
  if (!cl::ParseCommandLineOptions(
          argc, argv, "Import an MoE layer into the moe dialect\n", &stream)) {
    WithColor::error() << StringRef(messages).split('\n').first << '\n';
    return 1;
  }
  if (Error error = run()) {
    WithColor::error() << toString(std::move(error)) << '\n';
    return 1;
  }
  return 0;
}
