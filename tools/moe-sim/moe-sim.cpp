//===- moe-sim.cpp - Run CUDA kernels without a GPU -----------------------===//

#include "../CommandLine.h"
#include "../LoadLayer.h"
#include "Launches.h"
#include "moe/Execute/FirstError.h"
#include "moe/InitAll.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;
using namespace mlir::moe;
namespace cl = llvm::cl;

static cl::OptionCategory category("moe-sim options");
static cl::opt<std::string> path(cl::Positional, cl::Required,
                                 cl::desc("KERNELS.mlir"), cl::cat(category));
static cl::opt<unsigned>
    seed("seed", cl::init(0), cl::value_desc("N"),
         cl::desc("Decides the order of threads and copies"),
         cl::cat(category));
static cl::opt<unsigned> seeds("seeds", cl::init(1), cl::value_desc("N"),
                               cl::desc("Run with so many seeds, from --seed"),
                               cl::cat(category));
static cl::opt<double> tolerance("tolerance", cl::init(1e-5),
                                 cl::value_desc("X"),
                                 cl::desc("Largest relative error of a buffer"),
                                 cl::cat(category));
static cl::opt<bool>
    allowUnwritten("allow-unwritten-operands",
                   cl::desc("Matrix instructions may read shared memory that "
                            "was never written"),
                   cl::cat(category));

/// Moves what the host runs into a module of its own.
static OwningOpRef<ModuleOp> takeHostFunctions(ModuleOp module) {
  OwningOpRef<ModuleOp> host = ModuleOp::create(module.getLoc());
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    function->moveBefore(host->getBody(), host->getBody()->end());
  return host;
}

static llvm::Error runOnce(const Launches &launches,
                           MutableArrayRef<HostBuffer> buffers,
                           ArrayRef<HostBuffer> expected, unsigned seed) {
  std::vector<sim::Buffer> ranges;
  for (auto [i, buffer] : llvm::enumerate(buffers))
    ranges.push_back({("buffer " + Twine(i)).str(), buffer.data, buffer.size,
                      /*writable=*/buffer.result, buffer.written});
  for (const Launches::MapObject &map : launches.maps)
    ranges.push_back({"tensor map", const_cast<char *>(map.bytes),
                      sizeof(map.bytes), /*writable=*/false});
  sim::Options options;
  options.seed = seed;
  options.allowUnwrittenOperands = allowUnwritten;
  auto start = std::chrono::steady_clock::now();
  sim::Outcome outcome = sim::run(launches.launches, ranges, options);
  double milliseconds = std::chrono::duration<double, std::milli>(
                            std::chrono::steady_clock::now() - start)
                            .count();
  if (outcome.hazard)
    return llvm::createStringError(Twine(sim::getName(outcome.hazard->kind)) +
                                   ": " + outcome.hazard->text);
  double worst = 0;
  for (auto [i, pair] : llvm::enumerate(llvm::zip(buffers, expected))) {
    auto &[found, reference] = pair;
    if (!found.result)
      continue;
    double error = getError(found, reference);
    if (!(error <= tolerance))
      return llvm::createStringError(llvm::formatv(
          "wrong-result: buffer {0} has relative error {1:e2}, expected at "
          "most {2:e2}",
          i, error, double(tolerance)));
    worst = std::max(worst, error);
  }
  llvm::outs() << llvm::formatv(
      "seed {0}: relative error {1:e2}, {2} matrix ops, {3} bytes copied, "
      "{4} switches, {5:f1} ms\n",
      seed, worst, outcome.statistics.matrixOps, outcome.statistics.copiedBytes,
      outcome.statistics.switches, milliseconds);
  return llvm::Error::success();
}

static llvm::Error run() {
  DialectRegistry registry;
  mlir::moe::registerAllDialects(registry);
  MLIRContext context(registry);
  auto module = parseModule(context, path);
  if (!module)
    return module.takeError();
  auto list = (**module)->getAttrOfType<ArrayAttr>("sim.launches");
  if (!list)
    return llvm::createStringError(path +
                                   ": the module has no list 'sim.launches'");
  OwningOpRef<ModuleOp> host = takeHostFunctions(**module);
  auto reference = host->lookupSymbol<func::FuncOp>("reference");
  if (!reference)
    return llvm::createStringError(path + ": there is no @reference");
  auto buffers = makeBuffers(reference);
  if (!buffers)
    return buffers.takeError();
  std::vector<HostBuffer> expected;
  if (!reference.isExternal()) {
    expected = copyBuffers(*buffers);
    if (llvm::Error error = runReference(*host, expected))
      return error;
  }
  auto kernels = SimulatedKernels::compile(**module);
  if (!kernels)
    return kernels.takeError();
  for (unsigned i = 0; i < seeds; ++i) {
    std::vector<HostBuffer> fresh = copyBuffers(*buffers);
    auto launches = readLaunches(list, *kernels, fresh);
    if (!launches)
      return launches.takeError();
    if (llvm::Error error = runOnce(*launches, fresh, expected, seed + i))
      return error;
  }
  return llvm::Error::success();
}

int main(int argc, char **argv) {
  return runTool(argc, argv,
                 "Runs CUDA kernels on the CPU and checks what they do\n",
                 category, run);
}
