//===- Bundle.cpp - From a layer to the files of a bundle -----------------===//

#include "moe/Bundle/Bundle.h"
#include "Contents.h"
#include "RunProgram.h"
#include "moe/Bundle/ObjectCode.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/Execute/FirstError.h"
#include "moe/IR/MoE.h"
#include "moe/InitAll.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"
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
static llvm::Error planVariant(ModuleOp layer, TokenRange tokens,
                               BundleContents &contents) {
  const BundleTarget &target = contents.options.target;
  OwningOpRef<ModuleOp> module = layer.clone();
  FirstError error(layer.getContext());
  PassManager manager(layer.getContext());
  manager.addPass(createInlinerPass());
  if (target.gpu)
    manager.addNestedPass<func::FuncOp>(createStackExpertsPass());
  PlanKernelsOptions options;
  options.target = target.gpu ? target.gpu->name : target.host.target.name;
  options.tokens = getTypicalTokens(tokens);
  buildPlanKernelsPipeline(manager, options);
  if (failed(manager.run(*module)))
    return error.take("the layer cannot be fused");
  std::string text = print(*module);
  std::vector<VariantCode> &codes = contents.codes;
  auto code = llvm::find_if(
      codes, [&](const VariantCode &known) { return known.text == text; });
  contents.variants.push_back({tokens, describeSchedules(*module),
                               static_cast<size_t>(code - codes.begin())});
  if (code == codes.end())
    codes.push_back(
        {text, "moe_kernel_" + std::to_string(codes.size()), tokens});
  return llvm::Error::success();
}

static void buildLowering(PassManager &manager, const VariantCode &code,
                          const BundleTarget &target) {
  if (target.gpu) {
    LowerToCudaBundleOptions options;
    options.symbol = code.symbol;
    options.tokens = getTypicalTokens(code.tokens);
    buildLowerToCudaBundlePipeline(manager, options);
    return;
  }
  LowerToBundleOptions options;
  options.symbol = code.symbol;
  buildLowerToBundlePipeline(manager, options);
}

/// A context of its own, so that several codes can be compiled at the same
/// time.
static llvm::Error lowerCode(VariantCode &code, const BundleTarget &target) {
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
  buildLowering(manager, code, target);
  if (failed(manager.run(*module)))
    return error.take("the layer cannot be lowered to this target");
  if (target.gpu) {
    auto kernels = takeCudaCode(*module, target);
    if (!kernels)
      return kernels.takeError();
    code.kernels = std::move(*kernels);
  }
  auto parts = splitTasks(*module);
  if (!parts)
    return parts.takeError();
  code.parts = std::move(*parts);
  return llvm::Error::success();
}

/// Calls `body` for all items on all cores, and gives its first error.
template <typename Item>
static llvm::Error runInParallel(std::vector<Item> &items,
                                 function_ref<llvm::Error(Item &)> body) {
  std::vector<std::string> errors(items.size());
  llvm::DefaultThreadPool pool;
  for (auto [item, error] : llvm::zip_equal(items, errors))
    pool.async([&item, &error, &body] {
      if (llvm::Error failure = body(item))
        error = llvm::toString(std::move(failure));
    });
  pool.wait();
  for (const std::string &error : errors)
    if (!error.empty())
      return llvm::createStringError(error);
  return llvm::Error::success();
}

namespace {
struct Object {
  CodePart part;
  std::string bytes = {};
};
} // namespace

/// The parts of all codes, each once; long ones first, for threads that take
/// them one by one end together then.
static std::vector<Object> collectParts(std::vector<VariantCode> &codes) {
  std::vector<Object> objects;
  llvm::StringSet<> tasks;
  for (VariantCode &code : codes)
    for (CodePart &part : code.parts)
      if (part.task.empty() || tasks.insert(part.task).second)
        objects.push_back({std::move(part)});
  llvm::sort(objects, [](const Object &a, const Object &b) {
    auto order = [](const Object &it) {
      return std::tuple(it.part.bitcode.size(), StringRef(it.part.bitcode));
    };
    return order(a) > order(b);
  });
  return objects;
}

static llvm::Error link(const std::vector<Object> &objects,
                        BundleContents &contents) {
  return withTemporaryDirectory([&](StringRef folder) -> llvm::Error {
    std::string path = (folder + "/" + contents.getFileName(".so")).str();
    std::vector<std::string> files;
    for (const Object &object : objects)
      files.push_back(object.bytes);
    if (llvm::Error error = linkSharedObject(files, path))
      return error;
    auto linked = readFile(path);
    if (!linked)
      return linked.takeError();
    contents.sharedObject = std::move(*linked);
    return llvm::Error::success();
  });
}

static llvm::Error compileCodes(BundleContents &contents) {
  const BundleTarget &target = contents.options.target;
  if (llvm::Error error =
          runInParallel<VariantCode>(contents.codes, [&](VariantCode &code) {
            return lowerCode(code, target);
          }))
    return error;
  std::vector<Object> objects = collectParts(contents.codes);
  if (llvm::Error error =
          runInParallel<Object>(objects, [&](Object &object) -> llvm::Error {
            auto bytes = emitObject(object.part, target.host);
            if (!bytes)
              return bytes.takeError();
            object.bytes = std::move(*bytes);
            return llvm::Error::success();
          }))
    return error;
  return link(objects, contents);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

std::vector<BundleFile> BundleContents::getKernelFiles(size_t code) const {
  std::vector<BundleFile> files;
  for (const auto &[extension, content] : codes[code].kernels.forms)
    files.push_back(
        {getFileName("_" + std::to_string(code) + "." + extension), content});
  return files;
}

std::vector<BundleFile> BundleContents::getLoadedFiles() const {
  std::vector<BundleFile> files = {{getFileName(".so"), sharedObject}};
  for (size_t code = 0; code < codes.size(); ++code)
    llvm::append_range(files, getKernelFiles(code));
  return files;
}

llvm::Expected<std::vector<BundleFile>>
mlir::moe::compileBundle(ModuleOp module, const BundleOptions &options) {
  auto signature = Signature::get(module);
  if (!signature)
    return signature.takeError();
  if (llvm::Error error = checkSignature(*signature))
    return error;
  BundleContents contents{options, *signature, {}, {}, describeProblem(module),
                          ""};
  for (TokenRange tokens : splitTokenRange(options.tokens))
    if (llvm::Error error = planVariant(module, tokens, contents))
      return error;
  if (llvm::Error error = compileCodes(contents))
    return error;

  std::string header = writeHeader(contents);
  std::string source =
      writeSource(contents, writeManifest(contents, header, noDigest));
  std::vector<BundleFile> files = contents.getLoadedFiles();
  files.push_back({contents.getFileName(".h"), header});
  files.push_back({contents.getFileName(".c"), source});
  files.push_back({"manifest.json",
                   writeManifest(contents, header, computeSha256(source))});
  return files;
}
