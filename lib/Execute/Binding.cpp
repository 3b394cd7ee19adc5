//===- Binding.cpp - Tensors for the arguments of a layer -----------------===//

#include "moe/Execute/Binding.h"

using namespace mlir;
using namespace mlir::moe;

static std::string formatExpected(const Parameter &parameter) {
  std::string text;
  for (int64_t size : parameter.getTensorShape())
    text += (ShapedType::isDynamic(size) ? "?" : std::to_string(size)) + "x";
  return text + getName(parameter.type).str();
}

static bool fits(const Parameter &parameter, const TensorView &tensor) {
  bool typeFits = tensor.type == parameter.type ||
                  (parameter.anySign && (tensor.type == DataType::U8 ||
                                         tensor.type == DataType::F8E8M0));
  ArrayRef<int64_t> expected = parameter.getTensorShape();
  return typeFits && expected.size() == tensor.shape.size() &&
         llvm::all_of(llvm::zip_equal(expected, tensor.shape), [](auto sizes) {
           auto [wanted, found] = sizes;
           return ShapedType::isDynamic(wanted) || wanted == found;
         });
}

llvm::Error Binding::adapt(const Parameter &parameter, TensorView &tensor) {
  if (parameter.name == activationName) {
    activationShape = SmallVector<int64_t>(tensor.shape);
    if (tensor.shape.size() > 2 && parameter.shape.size() == 2) {
      int64_t tokens = 1;
      for (int64_t size : tensor.shape.drop_back())
        tokens *= size;
      shapes.push_back(std::make_unique<SmallVector<int64_t>>(
          std::initializer_list<int64_t>{tokens, tensor.shape.back()}));
      tensor.shape = *shapes.back();
    }
  }
  if (!fits(parameter, tensor))
    return llvm::createStringError("tensor '" + tensor.name + "' is " +
                                   formatShape(tensor) + ", expected " +
                                   formatExpected(parameter));
  if (llvm::Error error = checkTokens(parameter, tensor))
    return error;
  // Compiled code reads whole elements.
  if (!tensor.isAligned())
    tensor.data = copies.emplace_back(tensor).getView().data;
  return llvm::Error::success();
}

llvm::Error Binding::checkTokens(const Parameter &parameter,
                                 const TensorView &tensor) {
  if (!parameter.perToken)
    return llvm::Error::success();
  int64_t found = tensor.shape.front();
  if (ShapedType::isDynamic(numTokens)) {
    numTokens = found;
    tokensFrom = parameter.name;
  }
  if (found == numTokens)
    return llvm::Error::success();
  return llvm::createStringError(
      "tensor '" + tensor.name + "' has " + Twine(found) +
      " tokens, expected " + Twine(numTokens) + " as '" + tokensFrom + "' has");
}

static int64_t countTensors(const Parameter &parameter) {
  return parameter.perExpert ? parameter.shape[0] : 1;
}

llvm::Expected<Binding> Binding::create(const Signature &signature,
                                        const Checkpoint &input,
                                        const Checkpoint *weights,
                                        StringRef layer) {
  // What the input does not have must come from the weights, except the
  // activation.
  std::vector<std::string> missing;
  auto isGiven = [&](const Parameter &parameter) {
    return input.contains(parameter.getTensorName(0));
  };
  for (const Parameter &parameter : signature.arguments) {
    if (isGiven(parameter))
      continue;
    if (parameter.name == activationName)
      return input.get(activationName).takeError();
    for (int64_t expert = 0; expert < countTensors(parameter); ++expert)
      missing.push_back(parameter.getTensorName(expert));
  }
  std::string prefix;
  if (!missing.empty() && !weights)
    return llvm::createStringError(
        llvm::toString(input.get(missing.front()).takeError()) +
        ", and no weights are given");
  if (!missing.empty()) {
    auto found = weights->findLayerPrefix(missing, layer);
    if (!found)
      return found.takeError();
    prefix = *found;
  }

  Binding binding;
  for (const Parameter &parameter : signature.arguments) {
    bool given = isGiven(parameter);
    const Checkpoint &source = given ? input : *weights;
    Argument &tensors = binding.arguments.emplace_back();
    for (int64_t expert = 0; expert < countTensors(parameter); ++expert) {
      std::string name =
          (given ? "" : prefix) + parameter.getTensorName(expert);
      auto tensor = source.get(name);
      if (!tensor)
        return tensor.takeError();
      if (llvm::Error error = binding.adapt(parameter, *tensor))
        return llvm::createStringError(source.getFile(name) + ": " +
                                       llvm::toString(std::move(error)));
      tensors.push_back(*tensor);
    }
  }
  return binding;
}
