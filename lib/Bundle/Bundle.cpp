//===- Bundle.cpp - From a layer to the files of a bundle -----------------===//

#include "moe/Bundle/Bundle.h"
#include "Contents.h"
#include "moe/Bundle/ObjectCode.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/Execute/FirstError.h"
#include "moe/IR/MoE.h"
#include "moe/InitAll.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// What can be bundled
//===----------------------------------------------------------------------===//

/// The tables of the C files hold tensors of that many dimensions.
static constexpr size_t maxRank = 4;

static llvm::Error checkParameter(const Parameter &parameter) {
  size_t rank = parameter.getTensorShape().size();
  if (rank > maxRank)
    return llvm::createStringError(
        "'" + parameter.name + "' has " + llvm::Twine(rank) +
        " dimensions, expected at most " + llvm::Twine(maxRank));
  for (auto [d, extent] : llvm::enumerate(parameter.shape))
    if (ShapedType::isDynamic(extent) && !(d == 0 && parameter.perToken))
      return llvm::createStringError(
          "'" + parameter.name + "' has an extent in dimension " +
          llvm::Twine(d) +
          " that is neither fixed nor the number of tokens, as a bundle needs");
  return llvm::Error::success();
}

static llvm::Error checkSignature(Signature &signature) {
  if (signature.arguments.empty() || signature.results.empty())
    return llvm::createStringError(
        "the layer has no arguments or no results, expected both");
  // What other dynamic extents results have, moe-plan-workspace refuses.
  for (Parameter &result : signature.results)
    result.perToken = true;
  for (auto *parameters : {&signature.arguments, &signature.results})
    for (const Parameter &parameter : *parameters)
      if (llvm::Error error = checkParameter(parameter))
        return error;
  return llvm::Error::success();
}

static llvm::json::Object describeProblem(ModuleOp module) {
  llvm::json::Object problem;
  module.walk([&](GroupByExpertOp op) {
    problem["experts"] = op.getNumExperts();
    problem["top_k"] = op.getIndices().getType().getDimSize(1);
    return WalkResult::interrupt();
  });
  return problem;
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

namespace {
/// What is computed alike, and compiled once.
struct Code {
  /// The IR at level 2.
  std::string text;
  std::string symbol, object;
  /// The first error of its compilation.
  std::string error;
};
} // namespace

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo();
  module.print(stream, flags);
  return text;
}

/// The schedule of each kernel, in order.
static std::string describeSchedules(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.walk([&](GroupedGemmOp op) {
    if (auto schedule = op.getScheduleAttr())
      stream << (text.empty() ? "" : "; ") << schedule;
  });
  return text;
}

/// Chooses the kernels for a range of token counts. Layers as different as the
/// schedules become different texts.
static llvm::Error planVariant(ModuleOp layer, const CpuTarget &target,
                               Variant &variant, std::vector<Code> &codes) {
  OwningOpRef<ModuleOp> module = layer.clone();
  FirstError error(layer.getContext());
  PassManager manager(layer.getContext());
  manager.addPass(createInlinerPass());
  PlanKernelsOptions options;
  options.target = target.target.name;
  options.tokens = getTypicalTokens(variant.tokens);
  buildPlanKernelsPipeline(manager, options);
  if (failed(manager.run(*module)))
    return error.take("the layer cannot be fused");
  variant.schedule = describeSchedules(*module);
  std::string text = print(*module);
  auto code = llvm::find_if(
      codes, [&](const Code &known) { return known.text == text; });
  if (code == codes.end())
    code = codes.insert(
        code, {text, "moe_kernel_" + std::to_string(codes.size()), "", ""});
  variant.symbol = code->symbol;
  return llvm::Error::success();
}

/// A context of its own, so that several codes can be compiled at the same
/// time.
static llvm::Expected<std::string> compileCode(const Code &code,
                                               const CpuTarget &target) {
  DialectRegistry registry;
  moe::registerAllDialects(registry);
  registerAllToLLVMIRTranslations(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  FirstError error(&context);
  auto module = parseSourceString<ModuleOp>(code.text, &context);
  if (!module)
    return error.take("the layer cannot be read again");
  PassManager manager(&context);
  // A third of the passes' time; tests run them one by one and verify.
  manager.enableVerifier(false);
  LowerToBundleOptions options;
  options.symbol = code.symbol;
  buildLowerToBundlePipeline(manager, options);
  if (failed(manager.run(*module)))
    return error.take("the layer cannot be lowered to this target");
  return emitObject(*module, target);
}

static llvm::Error compileCodes(std::vector<Code> &codes,
                                const CpuTarget &target) {
  llvm::DefaultThreadPool pool;
  for (Code &code : codes)
    pool.async([&code, &target] {
      auto object = compileCode(code, target);
      if (object)
        code.object = std::move(*object);
      else
        code.error = llvm::toString(object.takeError());
    });
  pool.wait();
  for (const Code &code : codes)
    if (!code.error.empty())
      return llvm::createStringError(code.error);
  return llvm::Error::success();
}

/// Links in a directory that is gone afterwards.
static llvm::Expected<std::string> link(const std::vector<Code> &codes,
                                        StringRef fileName) {
  SmallString<128> folder;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("moe-compile", folder))
    return llvm::createStringError("cannot make a temporary directory: " +
                                   code.message());
  auto cleanUp =
      llvm::scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  SmallString<128> path(folder);
  llvm::sys::path::append(path, fileName);
  std::vector<std::string> objects;
  for (const Code &code : codes)
    objects.push_back(code.object);
  if (llvm::Error error = linkSharedObject(objects, path))
    return error;
  auto linked = llvm::MemoryBuffer::getFile(path);
  if (!linked)
    return llvm::createStringError(
        path + ": cannot read: " + linked.getError().message());
  return (*linked)->getBuffer().str();
}

llvm::Expected<std::vector<BundleFile>>
mlir::moe::compileBundle(ModuleOp module, const BundleOptions &options) {
  auto signature = Signature::get(module);
  if (!signature)
    return signature.takeError();
  if (llvm::Error error = checkSignature(*signature))
    return error;
  BundleContents contents{options, *signature, {}, describeProblem(module), ""};
  std::vector<Code> codes;
  for (TokenRange tokens : splitTokenRange(options.tokens)) {
    contents.variants.push_back({tokens, "", ""});
    if (llvm::Error error = planVariant(module, options.target,
                                        contents.variants.back(), codes))
      return error;
  }
  if (llvm::Error error = compileCodes(codes, options.target))
    return error;
  auto object = link(codes, contents.getFileName(".so"));
  if (!object)
    return object.takeError();
  contents.object = std::move(*object);

  std::string header = writeHeader(contents);
  std::string source =
      writeSource(contents, writeManifest(contents, header, noDigest));
  return std::vector<BundleFile>{
      {contents.getFileName(".so"), contents.object},
      {contents.getFileName(".h"), header},
      {contents.getFileName(".c"), source},
      {"manifest.json",
       writeManifest(contents, header, computeSha256(source))}};
}
