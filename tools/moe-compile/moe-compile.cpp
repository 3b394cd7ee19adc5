//===- moe-compile.cpp - Compile a layer to a bundle ----------------------===//

#include "../CommandLine.h"
#include "../LoadLayer.h"
#include "moe/Bundle/Bundle.h"
#include "moe/InitAll.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::moe;
namespace cl = llvm::cl;

static cl::OptionCategory category("moe-compile options");
static cl::opt<std::string> layerPath(cl::Positional, cl::Required,
                                      cl::desc("LAYER.mlir|CONFIG.json"),
                                      cl::cat(category));
static cl::opt<std::string> targetName(
    "target", cl::init("native"), cl::value_desc("NAME"),
    cl::desc("Processor, level of x86-64 or GPU to run on, or native "
             "(default)"),
    cl::cat(category));
static cl::opt<std::string>
    tokens("tokens", cl::init("1:32768"), cl::value_desc("FIRST:LAST"),
           cl::desc("Numbers of tokens to run with (default: 1:32768)"),
           cl::cat(category));
static cl::opt<std::string>
    dtype("dtype", cl::value_desc("bf16|f16|f32"),
          cl::desc("Element type of activations (default: the config's)"),
          cl::cat(category));
static cl::opt<std::string>
    layerNumber("layer", cl::value_desc("N"),
                cl::desc("Which layer of the model (default: the first that "
                         "is MoE)"),
                cl::cat(category));
static cl::opt<std::string>
    name("name", cl::value_desc("NAME"),
         cl::desc("Of the layer in C (default: the directory's)"),
         cl::cat(category));
static cl::opt<std::string> outputPath("o", cl::Required, cl::value_desc("DIR"),
                                       cl::desc("Directory to make"),
                                       cl::cat(category));

static llvm::Expected<ImportOptions> getImportOptions() {
  ImportOptions options;
  bool isConfig = StringRef(layerPath).ends_with(".json");
  for (const auto *option : {&dtype, &layerNumber})
    if (option->getNumOccurrences() && !isConfig)
      return llvm::createStringError("--" + option->ArgStr +
                                     " needs a config, and " + layerPath +
                                     " is none");
  auto type = getActivationType(dtype);
  if (!type)
    return type.takeError();
  options.dtype = *type;
  auto number = getNumber(layerNumber);
  if (!number)
    return number.takeError();
  options.layer = *number;
  return options;
}

/// An identifier of C, once "moe_" is before it.
static llvm::Expected<std::string> getName() {
  StringRef directory = llvm::StringRef(outputPath).rtrim('/');
  std::string found = name.getNumOccurrences()
                          ? name.getValue()
                          : llvm::sys::path::filename(directory).str();
  bool fits =
      !found.empty() && found.size() <= 64 &&
      llvm::all_of(found, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (fits)
    return found;
  return llvm::createStringError(
      "the layer's name is '" + found +
      "', expected up to 64 letters, digits and underscores; --name gives one");
}

static llvm::Error run() {
  auto importOptions = getImportOptions();
  if (!importOptions)
    return importOptions.takeError();
  auto target = findBundleTarget(targetName);
  if (!target)
    return target.takeError();
  auto range = parseTokenRange(tokens);
  if (!range)
    return llvm::createStringError("--tokens is " +
                                   llvm::toString(range.takeError()));
  auto layerName = getName();
  if (!layerName)
    return layerName.takeError();
  DialectRegistry registry;
  moe::registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = loadLayer(context, layerPath, *importOptions);
  if (!module)
    return module.takeError();
  auto files =
      compileBundle(**module, BundleOptions{*target, *range, *layerName});
  if (!files)
    return llvm::createStringError(layerPath + ": " +
                                   llvm::toString(files.takeError()));
  return writeBundle(outputPath, *files);
}

int main(int argc, char **argv) {
  return runTool(argc, argv,
                 "Compile a Mixture-of-Experts layer to a bundle that any "
                 "program can load\n",
                 category, run);
}
