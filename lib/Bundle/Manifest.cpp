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
  for (const Variant &variant : contents.variants) {
    const VariantCode &code = contents.codes[variant.code];
    Object object{{"kind", contents.options.target.gpu ? "cuda" : "cpu"},
                  {"target", contents.options.target.getName()},
                  {"file", contents.getFileName(".so")},
                  {"symbol", code.symbol},
                  {"tokens", Array{variant.tokens.first, variant.tokens.last}},
                  {"schedule", variant.schedule}};
    if (contents.options.target.gpu) {
      Array files;
      for (const BundleFile &file : contents.getKernelFiles(variant.code))
        files.push_back(file.name);
      object["kernel_files"] = std::move(files);
      object["kernels"] = Array(code.kernels.kernels);
    }
    described.push_back(std::move(object));
  }
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
    json.attribute("cpu_features", describeFeatures(options.target.host));
    json.attribute("workspace",
                   Object{{"alignment", 64},
                          {"size", "moe_" + options.name + "_workspace_size"}});
    json.attribute("numerics",
                   Object{{"accumulate", "f32"}, {"deterministic", true}});
    Object digests{{contents.getFileName(".h"), computeSha256(header)},
                   {contents.getFileName(".c"), sourceDigest}};
    for (const BundleFile &file : contents.getLoadedFiles())
      digests[file.name] = computeSha256(file.content);
    json.attribute("sha256", std::move(digests));
  });
  return text + "\n";
}
