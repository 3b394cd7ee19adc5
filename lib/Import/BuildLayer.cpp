//===- BuildLayer.cpp - From a LayerSpec to @moe_layer --------------------===//

#include "LayerBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr StringRef hiddenStatesName = "hidden_states";

LayerBuilder::LayerBuilder(ModuleOp module, const LayerSpec &spec,
                           const TensorForm &form, const ImportOptions &options)
    : b(module.getLoc(), module.getContext()), spec(spec), form(form),
      options(options) {
  b.setInsertionPointToStart(module.getBody());
  function = func::FuncOp::create(b, "moe_layer", b.getFunctionType({}, {}));
  block = function.addEntryBlock();
  b.setInsertionPointToStart(block);
}

//===----------------------------------------------------------------------===//
// Types and arguments
//===----------------------------------------------------------------------===//

Type LayerBuilder::getType(DataType type) {
  switch (type) {
  case DataType::F64:
    return b.getF64Type();
  case DataType::F32:
    return b.getF32Type();
  case DataType::F16:
    return b.getF16Type();
  case DataType::BF16:
    return b.getBF16Type();
  case DataType::F8E4M3:
    return Float8E4M3FNType::get(b.getContext());
  case DataType::U8:
    return b.getI8Type();
  case DataType::I32:
    return b.getI32Type();
  default:
    llvm_unreachable("no layer has tensors of this type");
  }
}

RankedTensorType LayerBuilder::getRows(int64_t width, DataType type) {
  return RankedTensorType::get(
      {options.tokens.value_or(ShapedType::kDynamic), width}, getType(type));
}

/// What an argument is called in the IR: the name of its tensor, shortened.
static std::string getArgumentName(StringRef name, StringRef block) {
  name.consume_front(block);
  name.consume_back(".weight");
  auto [before, after] = name.split("{expert}");
  return (before.rtrim("._") + after).str();
}

Value LayerBuilder::addArgument(Type type, StringRef name) {
  argumentNames.push_back(name.str());
  StringAttr shortName = b.getStringAttr(getArgumentName(name, form.block));
  return block->addArgument(type, NameLoc::get(shortName));
}

std::string mlir::moe::getSampleName(StringRef name) {
  auto [before, after] = name.split("{expert}");
  return before.size() == name.size() ? name.str()
                                      : (before + "0" + after).str();
}

DataType LayerBuilder::findType(StringRef name, DataType expected) {
  if (!options.findTensor)
    return expected;
  std::string sample = getSampleName(form.block.str() + name.str());
  std::optional<DataType> found = options.findTensor(spec.layer, sample);
  if (!found) {
    if (message.empty())
      message = "layer " + std::to_string(spec.layer) + ": tensor " + sample +
                " is missing";
    return expected;
  }
  auto isFloat = [](DataType type) {
    return llvm::is_contained(
        {DataType::F64, DataType::F32, DataType::F16, DataType::BF16}, type);
  };
  if (*found == expected || (isFloat(*found) && isFloat(expected)))
    return *found;
  if (message.empty())
    message = ("layer " + std::to_string(spec.layer) + ": tensor " + sample +
               " is " + getName(*found) + ", expected " + getName(expected))
                  .str();
  return expected;
}

Value LayerBuilder::addWeight(StringRef name, ArrayRef<int64_t> shape,
                              DataType type) {
  Attribute encoding;
  if (name.contains("{expert}"))
    encoding = PerExpertAttr::get(b.getContext());
  Type element = getType(findType(name, type));
  return addArgument(RankedTensorType::get(shape, element, encoding),
                     form.block.str() + name.str());
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

llvm::Error LayerBuilder::build() {
  Value x = hiddenStates =
      addArgument(getRows(spec.hidden, spec.dtype), hiddenStatesName);
  RoutingValues routing = buildRouter(x);
  Value rows = x;
  if (!spec.extra.expertNorm.empty())
    rows = buildRmsNorm(
        x, addWeight(spec.extra.expertNorm, {spec.hidden}, spec.dtype));
  Value y = buildExperts(rows, routing);
  if (spec.shared) {
    Value shared = buildShared(x);
    Value coefficient;
    if (spec.shared->gated) {
      Value weight =
          addWeight(spec.extra.sharedGate, {1, spec.hidden}, spec.dtype);
      coefficient = GateOp::create(
          b, getRows(1, spec.dtype), GateKind::linear, x, weight,
          /*bias=*/Value(), /*scale=*/Value(), MatrixLayout::out_in,
          /*softcap=*/FloatAttr(), llvm::APFloat(0.0), EpsMode::none);
    }
    y = MixOp::create(b, coefficient ? MixMode::sigmoid : MixMode::add, y,
                      shared, coefficient, llvm::APFloat(1.0),
                      llvm::APFloat(1.0));
  }
  if (!message.empty())
    return llvm::createStringError(message);

  Value results[] = {y, routing.ids, routing.weights};
  func::ReturnOp::create(b, results);
  function.setFunctionType(
      b.getFunctionType(block->getArgumentTypes(), ValueRange(results)));
  for (auto [index, name] : llvm::enumerate(argumentNames))
    function.setArgAttr(index, "moe.name", b.getStringAttr(name));
  StringRef resultNames[] = {hiddenStatesName, "topk_ids", "topk_weights"};
  for (auto [index, name] : llvm::enumerate(resultNames))
    function.setResultAttr(index, "moe.name", b.getStringAttr(name));
  return llvm::Error::success();
}

/// The names that the checkpoint has, told by the first tensor of router and
/// experts.
static llvm::Expected<const TensorForm *>
chooseForm(const LayerSpec &spec, const ImportOptions &options) {
  if (options.names)
    return *options.names == TensorNames::fused ? &spec.fused : &spec.published;
  if (!options.findTensor)
    return &spec.published;
  auto getSamples = [](const TensorForm &form) {
    return std::array{
        form.block.str() + form.router.str(),
        getSampleName(form.block.str() + form.experts.down.str())};
  };
  auto exists = [&](const std::string &name) {
    return options.findTensor(spec.layer, name).has_value() ||
           options.findTensor(spec.layer, getCodesName(spec, name)).has_value();
  };
  for (const TensorForm *form : {&spec.published, &spec.fused})
    if (llvm::all_of(getSamples(*form), exists))
      return form;
  std::string published = getSamples(spec.published)[1];
  std::string fused = getSamples(spec.fused)[1];
  return llvm::createStringError("layer " + llvm::Twine(spec.layer) +
                                 ": no tensors named like " + published +
                                 (fused == published ? "" : " or " + fused));
}

llvm::Expected<OwningOpRef<ModuleOp>>
mlir::moe::buildLayer(MLIRContext &context, const LayerSpec &spec,
                      const ImportOptions &options) {
  context.loadDialect<MoEDialect, arith::ArithDialect, func::FuncDialect,
                      linalg::LinalgDialect, math::MathDialect,
                      tensor::TensorDialect>();
  llvm::Expected<const TensorForm *> form = chooseForm(spec, options);
  if (!form)
    return form.takeError();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  if (llvm::Error error = LayerBuilder(*module, spec, **form, options).build())
    return std::move(error);
  if (failed(verify(*module)))
    return llvm::createStringError("layer " + llvm::Twine(spec.layer) +
                                   " is not valid");
  return module;
}

llvm::Expected<OwningOpRef<ModuleOp>>
mlir::moe::importLayer(MLIRContext &context, StringRef path,
                       const ImportOptions &options) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/true);
  if (!buffer)
    return llvm::createStringError(path + ": " + buffer.getError().message());
  StringRef name = path == "-" ? "<stdin>" : path;
  llvm::Expected<LayerSpec> spec =
      readLayerSpec((*buffer)->getBuffer(), name, options);
  if (!spec)
    return spec.takeError();
  auto module = buildLayer(context, *spec, options);
  if (!module)
    return llvm::createStringError(name + ": " +
                                   llvm::toString(module.takeError()));
  return module;
}
