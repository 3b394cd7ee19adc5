//===- Manifest.cpp - manifest.json of a bundle ---------------------------===//

#include "Contents.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace mlir::moe;
using llvm::json::Array;
using llvm::json::Object;

std::string mlir::moe::computeSha256(StringRef bytes) {
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(bytes)),
                     /*LowerCase=*/true);
}

static Array describeShape(ArrayRef<int64_t> shape) {
  Array extents;
  for (int64_t extent : shape)
    extents.push_back(ShapedType::isDynamic(extent)
                          ? llvm::json::Value("tokens")
                          : llvm::json::Value(extent));
  return extents;
}

static Array describeParameters(ArrayRef<Parameter> parameters) {
  Array described;
  for (const Parameter &parameter : parameters) {
    Object object{{"name", parameter.name},
                  {"dtype", getName(parameter.type)},
                  {"shape", describeShape(parameter.getTensorShape())}};
    if (parameter.perExpert)
      object["experts"] = parameter.shape.front();
    described.push_back(std::move(object));
  }
  return described;
}

static Array describeVariants(const BundleContents &contents) {
  Array described;
  for (const Variant &variant : contents.variants)
    described.push_back(
        Object{{"kind", "cpu"},
               {"target", contents.options.target.target.name},
               {"file", contents.getFileName(".so")},
               {"symbol", variant.symbol},
               {"tokens", Array{variant.tokens.first, variant.tokens.last}},
               {"schedule", variant.schedule}});
  return described;
}

static Array describeFeatures(const CpuTarget &target) {
  Array names;
  for (const CpuFeature &feature : target.features)
    names.push_back(feature.name);
  return names;
}

/// Objects of llvm::json have no order of their own but the one of names.
std::string mlir::moe::writeManifest(const BundleContents &contents,
                                     StringRef header, StringRef sourceDigest) {
  const BundleOptions &options = contents.options;
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("abi", bundleAbi);
    json.attribute("name", options.name);
    json.attribute("problem", Object(contents.problem));
    json.attribute("tokens", Array{options.tokens.first, options.tokens.last});
    json.attribute("inputs", describeParameters(contents.signature.arguments));
    json.attribute("outputs", describeParameters(contents.signature.results));
    json.attribute("variants", describeVariants(contents));
    json.attribute("cpu_features", describeFeatures(options.target));
    json.attribute("workspace",
                   Object{{"alignment", 64},
                          {"size", "moe_" + options.name + "_workspace_size"}});
    json.attribute("numerics",
                   Object{{"accumulate", "f32"}, {"deterministic", true}});
    json.attribute(
        "sha256",
        Object{{contents.getFileName(".so"), computeSha256(contents.object)},
               {contents.getFileName(".h"), computeSha256(header)},
               {contents.getFileName(".c"), sourceDigest}});
  });
  return text + "\n";
}
