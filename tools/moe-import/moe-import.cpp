//===- moe-import.cpp - From a config.json to the moe dialect -------------===//

#include "../CommandLine.h"
#include "moe/Checkpoint/OutputFile.h"
#include "moe/Import/Import.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::moe;

// Values are strings, so that all errors say what was expected.
static cl::OptionCategory category("moe-import options");
static cl::opt<std::string> configPath(cl::Positional, cl::desc("CONFIG.json"),
                                       cl::init("-"), cl::cat(category));
static cl::opt<std::string>
    layer("layer", cl::value_desc("N"),
          cl::desc("Which layer of the model (default: the first that is MoE)"),
          cl::cat(category));
static cl::opt<std::string>
    tokens("tokens", cl::value_desc("N"),
           cl::desc("A fixed number of tokens (default: any)"),
           cl::cat(category));
static cl::opt<std::string>
    dtype("dtype", cl::value_desc("bf16|f16|f32"),
          cl::desc("Element type of activations (default: the config's)"),
          cl::cat(category));
static cl::opt<std::string>
    names("names", cl::value_desc("published|fused"), cl::init("published"),
          cl::desc("Names of the weights: as first released, or as "
                   "transformers 5 saves them (default: published)"),
          cl::cat(category));
static cl::opt<std::string> outputPath("o", cl::desc("Output file"),
                                       cl::value_desc("FILE"), cl::init("-"),
                                       cl::cat(category));

static Expected<ImportOptions> getOptions() {
  ImportOptions options;
  for (auto [option, number] :
       {std::pair(&layer, &options.layer), {&tokens, &options.tokens}}) {
    auto value = getNumber(*option);
    if (!value)
      return value.takeError();
    *number = *value;
  }
  auto type = getActivationType(dtype);
  if (!type)
    return type.takeError();
  options.dtype = *type;
  options.names = StringSwitch<std::optional<TensorNames>>(names)
                      .Case("published", TensorNames::published)
                      .Case("fused", TensorNames::fused)
                      .Default(std::nullopt);
  if (!options.names)
    return makeError(names, "published or fused");
  return options;
}

static Error run() {
  Expected<ImportOptions> options = getOptions();
  if (!options)
    return options.takeError();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = importLayer(context, configPath, *options);
  if (!module)
    return module.takeError();
  return writeFile(outputPath, [&](raw_ostream &stream) {
    // Arguments are called as their tensors are.
    (*module)->print(stream, mlir::OpPrintingFlags().printNameLocAsPrefix());
    return Error::success();
  });
}

int main(int argc, char **argv) {
  return runTool(argc, argv, "Import an MoE layer into the moe dialect\n",
                 category, run);
}
