//===- LayerKernel.cpp - One kernel of a layer, by itself -----------------===//

#include "LayerKernel.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/Execute/FirstError.h"
#include "moe/IR/MoE.h"
#include "moe/InitAll.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr llvm::StringLiteral nameAttr = "moe.name";

llvm::StringRef mlir::moe::getName(KernelKind kind) {
  switch (kind) {
  case KernelKind::routing:
    return "routing";
  case KernelKind::gate_up:
    return "gate_up";
  case KernelKind::down:
    return "down";
  case KernelKind::combine:
    return "combine";
  }
  llvm_unreachable("a kind that is not listed");
}

//===----------------------------------------------------------------------===//
// Taking a layer apart
//===----------------------------------------------------------------------===//

namespace {
/// Ops of a layer that follow each other, though not at once.
struct KernelOps {
  llvm::SetVector<Operation *> ops;
  /// What they take and do not compute, and what others take from them.
  llvm::SetVector<Value> operands;
  SmallVector<Value> results;
};
} // namespace

static SmallVector<GroupedGemmOp> findExpertGemms(func::FuncOp layer) {
  SmallVector<GroupedGemmOp> gemms;
  layer.walk([&](GroupedGemmOp op) {
    if (op.getOffsets())
      gemms.push_back(op);
  });
  return gemms;
}

/// All ops that `gemms` need, but none that needs one of them.
static void addRouting(ArrayRef<GroupedGemmOp> gemms,
                       llvm::SetVector<Operation *> &ops) {
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.filter = [](Operation *op) {
    auto gemm = dyn_cast<GroupedGemmOp>(op);
    return !gemm || !gemm.getOffsets();
  };
  for (GroupedGemmOp gemm : gemms)
    for (Value operand : gemm->getOperands())
      if (Operation *op = operand.getDefiningOp(); op && options.filter(op)) {
        (void)getBackwardSlice(op, &ops, options);
        ops.insert(op);
      }
  ops = topologicalSort(ops);
}

static std::optional<KernelOps> findOps(func::FuncOp layer, KernelKind kind) {
  SmallVector<GroupedGemmOp> gemms = findExpertGemms(layer);
  if (gemms.size() != 2)
    return std::nullopt;
  KernelOps kernel;
  switch (kind) {
  case KernelKind::routing:
    addRouting(gemms, kernel.ops);
    break;
  case KernelKind::gate_up:
    kernel.ops.insert(gemms[0]);
    break;
  case KernelKind::down:
    kernel.ops.insert(gemms[1]);
    break;
  case KernelKind::combine: {
    ForwardSliceOptions options;
    // The slice of an op has the ops of its regions.
    options.filter = [&](Operation *op) {
      return op->getBlock() == &layer.front() &&
             !op->hasTrait<OpTrait::IsTerminator>();
    };
    getForwardSlice(gemms[1].getOperation(), &kernel.ops, options);
    kernel.ops = topologicalSort(kernel.ops);
    break;
  }
  }
  for (Operation *op : kernel.ops) {
    llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), used);
    for (Value value : used)
      if (!kernel.ops.contains(value.getDefiningOp()))
        kernel.operands.insert(value);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !kernel.ops.contains(
                layer.front().findAncestorOpInBlock(*user));
          }))
        kernel.results.push_back(result);
  }
  return kernel;
}

static NamedAttribute getNameAttr(OpBuilder &builder, StringRef stem,
                                  size_t number) {
  return builder.getNamedAttr(
      nameAttr, builder.getStringAttr(stem + "." + Twine(number)));
}

/// The operands that the layer computes before it comes to the kernel.
static SmallVector<Value> getComputed(const KernelOps &kernel) {
  return llvm::filter_to_vector(
      kernel.operands, [](Value value) { return !isa<BlockArgument>(value); });
}

/// A layer of `kernel` alone: arguments of the layer keep their names.
static OwningOpRef<ModuleOp> isolate(func::FuncOp layer,
                                     const KernelOps &kernel) {
  OpBuilder builder(layer.getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, layer.getLoc());
  builder.setInsertionPointToStart(module->getBody());
  auto getType = [](Value value) { return value.getType(); };
  auto function = func::FuncOp::create(
      builder, layer.getLoc(), layerFunctionName,
      builder.getFunctionType(llvm::map_to_vector(kernel.operands, getType),
                              llvm::map_to_vector(kernel.results, getType)));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  size_t numComputed = 0;
  for (auto [value, argument] :
       llvm::zip_equal(kernel.operands, body->getArguments())) {
    mapping.map(value, argument);
    unsigned number = argument.getArgNumber();
    if (auto original = dyn_cast<BlockArgument>(value))
      function.setArgAttrs(number,
                           layer.getArgAttrDict(original.getArgNumber()));
    else
      function.setArgAttrs(number,
                           getNameAttr(builder, "operand", numComputed++));
  }
  for (Operation *op : kernel.ops)
    builder.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value result : kernel.results) {
    function.setResultAttrs(results.size(),
                            getNameAttr(builder, "result", results.size()));
    results.push_back(mapping.lookup(result));
  }
  func::ReturnOp::create(builder, layer.getLoc(), results);
  return module;
}

/// Makes the layer compute what the kernel takes instead of its results.
static void stopBefore(func::FuncOp layer, const KernelOps &kernel) {
  SmallVector<Value> computed = getComputed(kernel);
  Operation *end = layer.front().getTerminator();
  end->setOperands(computed);
  SmallVector<Type> types = llvm::map_to_vector(
      computed, [](Value value) -> Type { return value.getType(); });
  layer.setAllResultAttrs(ArrayRef<DictionaryAttr>());
  layer.setType(
      FunctionType::get(layer.getContext(), layer.getArgumentTypes(), types));
  OpBuilder builder(layer.getContext());
  for (size_t i = 0; i < computed.size(); ++i)
    layer.setResultAttrs(i, getNameAttr(builder, "operand", i));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(layer.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

static llvm::Expected<CompiledLayer> compile(ModuleOp module, int64_t tokens) {
  auto signature = Signature::get(module);
  if (!signature)
    return signature.takeError();
  return CompiledLayer::compile(module, *signature, {.tokens = tokens});
}

/// The part of the experts that have rows, by the ends of their rows.
static double getTouchedPart(const TensorView &offsets) {
  int64_t touched = 0, experts = offsets.getNumElements() - 1;
  for (int64_t i = 0; i < experts; ++i)
    touched += offsets.getInteger(i + 1) > offsets.getInteger(i);
  return static_cast<double>(touched) / static_cast<double>(experts);
}

static double countBytes(const Argument &argument) {
  double bytes = 0;
  for (const TensorView &tensor : argument)
    bytes += static_cast<double>(tensor.getSizeInBytes());
  return bytes;
}

static double countOperations(const LayerSpec &spec, KernelKind kind,
                              int64_t tokens) {
  int64_t matrix = spec.hidden * spec.inner;
  switch (kind) {
  case KernelKind::routing:
    return 2.0 * static_cast<double>(tokens * spec.experts * spec.hidden);
  case KernelKind::gate_up:
    return 2.0 *
           static_cast<double>(tokens * spec.topK * matrix * (1 + spec.gated));
  case KernelKind::down:
    return 2.0 * static_cast<double>(tokens * spec.topK * matrix);
  case KernelKind::combine:
    return 0;
  }
  llvm_unreachable("a kind that is not listed");
}

static llvm::Error setSchedule(GroupedGemmOp gemm, StringRef schedule,
                               FirstError &error) {
  Attribute attribute = parseAttribute(schedule, gemm.getContext());
  if (!attribute)
    return error.take("no schedule: " + schedule.str());
  gemm->setAttr(gemm.getScheduleAttrName(), attribute);
  return llvm::Error::success();
}

/// What a kernel takes, before its ops are lowered.
struct OperandSource {
  /// Of the layer; nothing if the layer computes the operand.
  std::optional<unsigned> argument;
  bool isOffsets = false;
};

static SmallVector<OperandSource> getSources(const KernelOps &kernel) {
  auto gemm = dyn_cast<GroupedGemmOp>(kernel.ops.front());
  SmallVector<OperandSource> sources;
  for (Value value : kernel.operands) {
    OperandSource &source = sources.emplace_back();
    if (auto argument = dyn_cast<BlockArgument>(value))
      source.argument = argument.getArgNumber();
    source.isOffsets = gemm && gemm.getOffsets() == value;
  }
  return sources;
}

llvm::Expected<std::unique_ptr<LayerKernel>>
LayerKernel::create(const RandomLayer &layer, KernelKind kind,
                    StringRef schedule) {
  DialectRegistry registry;
  mlir::moe::registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = layer.build(context);
  if (!module)
    return module.takeError();
  FirstError error(&context);
  PassManager manager(&context);
  buildFusePipeline(manager, PlanKernelsOptions());
  if (failed(manager.run(**module)))
    return error.take("the layer cannot be fused");
  auto function = (*module)->lookupSymbol<func::FuncOp>(layerFunctionName);
  std::optional<KernelOps> ops = findOps(function, kind);
  if (!ops)
    return llvm::createStringError("expected two grouped GEMMs over experts");
  bool isGemm = kind == KernelKind::gate_up || kind == KernelKind::down;
  if (isGemm && !schedule.empty())
    if (llvm::Error failure =
            setSchedule(cast<GroupedGemmOp>(ops->ops.front()), schedule, error))
      return failure;

  SmallVector<OperandSource> sources = getSources(*ops);
  OwningOpRef<ModuleOp> alone = isolate(function, *ops);
  auto code = compile(*alone, layer.getTokens());
  if (!code)
    return code.takeError();
  std::unique_ptr<LayerKernel> kernel(new LayerKernel(std::move(*code)));
  if (!getComputed(*ops).empty()) {
    stopBefore(function, *ops);
    auto before = compile(**module, layer.getTokens());
    if (!before)
      return before.takeError();
    kernel->operands = before->run(layer.getArguments());
  }

  double weights = 0, activations = 0, touched = 1;
  auto computed = kernel->operands.begin();
  for (const OperandSource &source : sources) {
    if (source.argument)
      kernel->arguments.push_back(layer.getArguments()[*source.argument]);
    else
      kernel->arguments.push_back({computed++->getView()});
    const Argument &argument = kernel->arguments.back();
    bool isWeight =
        source.argument && *source.argument != layer.getInputNumber();
    (isWeight ? weights : activations) += ::countBytes(argument);
    if (source.isOffsets)
      touched = getTouchedPart(argument[0]);
  }
  for (const Tensor &result : kernel->run())
    activations += static_cast<double>(result.getView().getSizeInBytes());
  kernel->bytes = isGemm ? weights * touched : weights + activations;
  kernel->operations =
      ::countOperations(layer.getSpec(), kind, layer.getTokens());
  return kernel;
}
