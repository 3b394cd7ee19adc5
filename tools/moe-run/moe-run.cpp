//===- moe-run.cpp - Run a layer on tensors from files --------------------===//

#include "../CommandLine.h"
#include "../LoadLayer.h"
#include "Report.h"
#include "RunLayer.h"
#include "moe/Checkpoint/SafetensorsWriter.h"
#include "moe/Execute/Comparison.h"
#include "moe/Execute/FirstError.h"
#include "moe/InitAll.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;
using namespace mlir::moe;
namespace cl = llvm::cl;

static cl::OptionCategory category("moe-run options");
static cl::opt<std::string> layerPath(cl::Positional, cl::Required,
                                      cl::desc("LAYER.mlir|CONFIG.json"),
                                      cl::cat(category));
static cl::list<std::string> weightPaths(
    "weights", cl::CommaSeparated, cl::value_desc("FILE,..."),
    cl::desc("Checkpoint: safetensors files, an index, or a directory"),
    cl::cat(category));
static cl::opt<std::string>
    inputPath("input", cl::Required, cl::value_desc("FILE"),
              cl::desc("Input tensors (hidden_states, ...)"),
              cl::cat(category));
static cl::opt<std::string> outputPath("output", cl::value_desc("FILE"),
                                       cl::desc("Where to write hidden_states"),
                                       cl::cat(category));
static cl::opt<std::string>
    expectPath("expect", cl::value_desc("FILE"),
               cl::desc("Fail unless the results are these"),
               cl::cat(category));
static cl::opt<std::string> layerNumber(
    "layer", cl::value_desc("N"),
    cl::desc("Which layer of the checkpoint (default: the only one)"),
    cl::cat(category));
static cl::opt<std::string> target("target", cl::init("cpu"),
                                   cl::value_desc("NAME"),
                                   cl::desc("What to run on: cpu, cuda, the "
                                            "GPU of this machine, or "
                                            "sim-sm_90a, a simulated one"),
                                   cl::cat(category));
static cl::opt<double>
    tolerance("tolerance", cl::value_desc("X"),
              cl::desc("Largest relative error of --expect and --check "
                       "(default: by element type)"),
              cl::cat(category));
static cl::opt<bool> fuse("fuse", cl::init(true),
                          cl::desc("Fuse ops into fewer kernels first"),
                          cl::cat(category));
static cl::opt<bool> reference("reference",
                               cl::desc("Evaluate in f64, without fusion"),
                               cl::cat(category));
static cl::opt<bool>
    check("check", cl::desc("Compare the results with those of --reference"),
          cl::cat(category));
static cl::opt<bool>
    dumpRouting("dump-routing",
                cl::desc("Also write topk_ids and topk_weights"),
                cl::cat(category));
static cl::opt<unsigned> repeat("repeat", cl::init(1), cl::value_desc("N"),
                                cl::desc("Run N times, for times"),
                                cl::cat(category));
static cl::opt<bool> json("json", cl::desc("Print times and shapes as JSON"),
                          cl::cat(category));

static cl::opt<unsigned>
    seed("seed", cl::init(0), cl::value_desc("N"),
         cl::desc("Decides the order of threads on a simulated GPU"),
         cl::cat(category));

/// Rounding of the element type, and for f32 the length of sums, set what to
/// expect.
static double getTolerance(const Signature &signature) {
  if (tolerance.getNumOccurrences())
    return tolerance;
  for (const Parameter &parameter : signature.results) {
    if (parameter.type == DataType::BF16)
      return 1e-2;
    if (parameter.type == DataType::F16)
      return 2e-3;
  }
  return 1e-5;
}

/// What the importer asks about the checkpoint: the type of a tensor of the
/// layer.
static auto findInLayer(const Checkpoint &weights) {
  return [&weights](int64_t, StringRef name) -> std::optional<DataType> {
    auto prefix = weights.findLayerPrefix({name.str()}, layerNumber);
    if (!prefix) {
      llvm::consumeError(prefix.takeError());
      return std::nullopt;
    }
    auto tensor = weights.get(*prefix + name.str());
    if (!tensor) {
      llvm::consumeError(tensor.takeError());
      return std::nullopt;
    }
    return tensor->type;
  };
}

static llvm::Expected<ImportOptions>
getImportOptions(const Checkpoint &input, const Checkpoint *weights) {
  ImportOptions options;
  if (!layerNumber.empty()) {
    int64_t number;
    if (StringRef(layerNumber).getAsInteger(10, number))
      return llvm::createStringError("--layer is '" + layerNumber +
                                     "', expected a number for a config");
    options.layer = number;
  }
  auto activation = input.get(activationName);
  if (!activation)
    return activation.takeError();
  if (!llvm::is_contained({DataType::F32, DataType::F16, DataType::BF16},
                          activation->type))
    return llvm::createStringError(
        input.getFile(activationName) + ": tensor 'hidden_states' is " +
        formatShape(*activation) + ", expected elements of F32, F16 or BF16");
  options.dtype = activation->type;
  if (weights)
    options.findTensor = findInLayer(*weights);
  return options;
}

static SmallVector<TensorView> getViews(ArrayRef<Tensor> tensors) {
  return SmallVector<TensorView>(tensors.begin(), tensors.end());
}

/// The results to write: the activation in the shape it came in, and the
/// routing.
static llvm::Error writeResults(const Binding &binding,
                                ArrayRef<Tensor> results) {
  SmallVector<TensorView> written;
  for (TensorView view : getViews(results)) {
    if (view.name == activationName) {
      TensorView asInput = view;
      asInput.shape = binding.getActivationShape();
      bool fits = asInput.shape.size() > 2 && view.shape.size() == 2 &&
                  asInput.getNumElements() == view.getNumElements() &&
                  asInput.shape.back() == view.shape.back();
      written.push_back(fits ? asInput : view);
    } else if (dumpRouting &&
               (view.name == idsName || view.name == idWeightsName)) {
      written.push_back(view);
    }
  }
  if (dumpRouting && llvm::none_of(written, [](const TensorView &view) {
        return view.name == idsName;
      }))
    return llvm::createStringError(layerPath +
                                   ": the layer has no result 'topk_ids'");
  return writeSafetensors(outputPath, written);
}

static llvm::Expected<double>
compareWithFile(StringRef path, ArrayRef<Tensor> results, double tolerance) {
  auto file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  auto error = compareResults(getViews(results), file->getTensors(), tolerance);
  if (!error)
    return llvm::createStringError(path + ": " +
                                   llvm::toString(error.takeError()));
  return error;
}

/// A line for people: what was run, how long it took, how far off it was.
static void print(const Report &report, llvm::json::Object object) {
  if (json) {
    llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(object)))
                 << '\n';
    return;
  }
  llvm::outs() << report.layer << ": ";
  if (auto tokens = object.getInteger("tokens"))
    llvm::outs() << *tokens << " tokens, ";
  llvm::outs() << llvm::formatv("{0:f3} ms", *object.getNumber("ms"));
  if (report.expectError)
    llvm::outs() << llvm::formatv(", relative error {0:e2}",
                                  *report.expectError);
  if (report.checkError)
    llvm::outs() << llvm::formatv(", {0:e2} from the reference",
                                  *report.checkError);
  if (report.rerouted)
    llvm::outs() << " (without " << report.rerouted
                 << " tokens routed otherwise)";
  llvm::outs() << '\n';
}

/// Makes the layer one that is evaluated in f64.
static llvm::Error widenLayer(ModuleOp module) {
  PassManager manager(module.getContext());
  manager.addNestedPass<func::FuncOp>(createWidenToF64Pass());
  FirstError error(module.getContext());
  if (failed(manager.run(module)))
    return error.take(layerPath + ": the layer cannot be evaluated in f64");
  return llvm::Error::success();
}

static llvm::Expected<std::vector<Tensor>>
runReference(ModuleOp module, ArrayRef<Argument> arguments) {
  if (llvm::Error error = widenLayer(module))
    return error;
  auto signature = Signature::get(module);
  if (!signature)
    return signature.takeError();
  auto layer = CompiledLayer::compile(module, *signature, {.fuse = false});
  if (!layer)
    return layer.takeError();
  return layer->run(arguments, /*poison=*/true);
}

/// Compares with the reference. Where logits have few bits, near ties may fall
/// either way: such tokens do not count.
static llvm::Error checkResults(ArrayRef<Tensor> results,
                                ArrayRef<Tensor> expected,
                                const Signature &signature, Report &report) {
  bool narrow =
      llvm::any_of(signature.arguments, [](const Parameter &parameter) {
        return getSize(parameter.type) == 2;
      });
  auto error = compareResults(getViews(results), getViews(expected),
                              getTolerance(signature),
                              narrow ? &report.rerouted : nullptr);
  if (!error)
    return llvm::createStringError(
        layerPath +
        ": differs from the reference: " + llvm::toString(error.takeError()));
  report.checkError = *error;
  return llvm::Error::success();
}

/// Compiles and runs the layer as often as was asked for.
static llvm::Error measure(ModuleOp module, const Signature &signature,
                           const Binding &binding, Report &report,
                           std::vector<Tensor> &results) {
  auto start = std::chrono::steady_clock::now();
  RunOptions options{.target = target,
                     .fuse = fuse && !reference,
                     .poison = check || !expectPath.empty(),
                     .seed = seed};
  auto runLayer = compileLayer(module, signature, binding, options);
  if (!runLayer)
    return runLayer.takeError();
  std::chrono::duration<double, std::milli> taken =
      std::chrono::steady_clock::now() - start;
  report.compileMs = taken.count();
  for (unsigned i = 0; i < repeat; ++i) {
    auto run = (*runLayer)();
    if (!run)
      return run.takeError();
    results = std::move(run->results);
    report.runMs.push_back(run->milliseconds);
  }
  return llvm::Error::success();
}

/// Refuses options that make no sense.
static llvm::Error checkOptions() {
  SmallVector<StringRef> known;
  runTargets.split(known, ", ");
  if (!llvm::is_contained(known, target))
    return llvm::createStringError("unknown target '" + target +
                                   "', known: " + runTargets);
  if (repeat == 0)
    return llvm::createStringError("--repeat is 0, expected at least 1");
  if (tolerance.getNumOccurrences() && !(tolerance >= 0))
    return llvm::createStringError(
        llvm::formatv("--tolerance is {0}, expected a number of at least 0",
                      double(tolerance)));
  if (dumpRouting && outputPath.empty())
    return llvm::createStringError("--dump-routing needs --output");
  return llvm::Error::success();
}

namespace {
/// The tensors that a layer is run on.
struct Files {
  Checkpoint input;
  std::optional<Checkpoint> weights;

  const Checkpoint *getWeights() const { return weights ? &*weights : nullptr; }
};
} // namespace

static llvm::Expected<Files> openFiles() {
  auto input = Checkpoint::open({inputPath});
  if (!input)
    return input.takeError();
  Files files{std::move(*input), std::nullopt};
  if (weightPaths.empty())
    return files;
  auto weights = Checkpoint::open(std::vector<std::string>(weightPaths));
  if (!weights)
    return weights.takeError();
  files.weights.emplace(std::move(*weights));
  return files;
}

/// The layer that is asked for, in the form in which it is to be evaluated.
static llvm::Expected<OwningOpRef<ModuleOp>> loadModule(MLIRContext &context,
                                                        const Files &files) {
  ImportOptions options;
  if (StringRef(layerPath).ends_with(".json")) {
    auto known = getImportOptions(files.input, files.getWeights());
    if (!known)
      return known.takeError();
    options = *known;
  }
  auto module = loadLayer(context, layerPath, options);
  if (module && reference)
    if (llvm::Error error = widenLayer(**module))
      return error;
  return module;
}

/// Everything that is asked of the results: checks, then the output file.
static llvm::Error judgeResults(ArrayRef<Tensor> results,
                                const Signature &signature,
                                const Binding &binding,
                                ModuleOp referenceModule, Report &report) {
  if (check) {
    auto expected = runReference(referenceModule, binding.getArguments());
    if (!expected)
      return expected.takeError();
    if (llvm::Error error = checkResults(results, *expected, signature, report))
      return error;
  }
  if (!expectPath.empty()) {
    auto error = compareWithFile(expectPath, results, getTolerance(signature));
    if (!error)
      return error.takeError();
    report.expectError = *error;
  }
  return outputPath.empty() ? llvm::Error::success()
                            : writeResults(binding, results);
}

static llvm::Error run() {
  if (llvm::Error error = checkOptions())
    return error;
  auto files = openFiles();
  if (!files)
    return files.takeError();
  DialectRegistry registry;
  moe::registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = loadModule(context, *files);
  if (!module)
    return module.takeError();
  auto signature = Signature::get(**module);
  if (!signature)
    return llvm::createStringError(layerPath + ": " +
                                   llvm::toString(signature.takeError()));
  auto binding = Binding::create(*signature, files->input, files->getWeights(),
                                 layerNumber);
  if (!binding)
    return binding.takeError();

  Report report;
  report.layer = layerPath;
  report.target = target;
  report.describe(**module);
  // Compiling changes the module.
  OwningOpRef<ModuleOp> referenceModule;
  if (check)
    referenceModule = (*module)->clone();
  std::vector<Tensor> results;
  if (llvm::Error error =
          measure(**module, *signature, *binding, report, results))
    return error;
  if (llvm::Error error =
          judgeResults(results, *signature, *binding, *referenceModule, report))
    return error;
  if (outputPath != "-")
    print(report, report.toJson(*binding, *signature, results));
  return llvm::Error::success();
}

int main(int argc, char **argv) {
  return runTool(argc, argv, "Run a Mixture-of-Experts layer\n", category, run);
}
