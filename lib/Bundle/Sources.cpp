//===- Sources.cpp - The C files of a bundle ------------------------------===//

#include "Contents.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::moe;

namespace {
/// The files of Template/, embedded when the project is built.
#include "Templates.inc"
} // namespace

static std::string replaceAll(std::string text, StringRef from, StringRef to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Gives a template the name of the layer.
static std::string instantiate(StringRef text, StringRef name) {
  std::string result =
      replaceAll(text.str(), "moe_LAYER", ("moe_" + name).str());
  result = replaceAll(result, "MOE_LAYER", "MOE_" + name.upper());
  return replaceAll(result, "\"LAYER.h\"", ("\"" + name + ".h\"").str());
}

/// As a literal of C, which Trigraphs and long strings are kept out of.
static std::string quote(StringRef text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += llvm::isPrint(c) ? std::string(1, c) : "?";
  }
  return result + "\"";
}

/// As DLPack has it.
static int getDeviceType(const BundleContents &contents) {
  constexpr int cpu = 1, cuda = 2;
  return contents.options.target.gpu ? cuda : cpu;
}

//===----------------------------------------------------------------------===//
// The header
//===----------------------------------------------------------------------===//

/// "mlp.experts.{expert}.w1.weight" as MLP_EXPERTS_EXPERT_W1_WEIGHT.
static std::string makeConstant(StringRef name) {
  std::string constant;
  for (char c : name) {
    if (llvm::isAlnum(c))
      constant += llvm::toUpper(c);
    else if (!constant.empty() && constant.back() != '_')
      constant += '_';
  }
  while (!constant.empty() && constant.back() == '_')
    constant.pop_back();
  return constant;
}

static std::string describe(const Parameter &parameter) {
  std::string text =
      parameter.name + ": " + getName(parameter.type).str() + " [";
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(parameter.getTensorShape(), stream,
                        [&](int64_t extent) {
                          if (ShapedType::isDynamic(extent))
                            stream << "tokens";
                          else
                            stream << extent;
                        });
  stream << "]";
  if (parameter.perExpert)
    stream << ", for each of " << parameter.shape.front() << " experts";
  return text;
}

static void writeIndices(raw_ostream &stream, StringRef prefix,
                         ArrayRef<Parameter> parameters, StringRef count) {
  llvm::StringSet<> taken = {count};
  stream << "enum {\n";
  for (auto [i, parameter] : llvm::enumerate(parameters))
    stream << "  " << prefix
           << makeConstant(parameter.name)
           // Different names can look alike as identifiers.
           << (taken.insert(makeConstant(parameter.name)).second
                   ? ""
                   : "_" + std::to_string(i))
           << " = " << i << ", /* "
           << replaceAll(describe(parameter), "*/", "* /") << " */\n";
  stream << "  " << prefix << count << " = " << parameters.size() << "\n};\n";
}

std::string mlir::moe::writeHeader(const BundleContents &contents) {
  std::string prefix = "MOE_" + StringRef(contents.options.name).upper() + "_";
  std::string constants;
  llvm::raw_string_ostream stream(constants);
  stream << "/* Indices of inputs, and how many there are. */\n";
  writeIndices(stream, prefix + "INPUT_", contents.signature.arguments,
               "COUNT");
  stream << "\n/* Indices of outputs, and how many there are. */\n";
  writeIndices(stream, prefix + "OUTPUT_", contents.signature.results, "COUNT");
  stream << "\n/* Where tensors are, as moe_device has it. */\n#define "
         << prefix << "DEVICE_TYPE " << getDeviceType(contents) << "\n";
  std::string header = instantiate(headerTemplate, contents.options.name);
  return replaceAll(header, "/* CONSTANTS */\n", constants);
}

//===----------------------------------------------------------------------===//
// The source
//===----------------------------------------------------------------------===//

/// The type as DLPack has it.
static std::string getDLPackType(DataType type) {
  auto make = [&](int code) {
    return llvm::formatv("{{{0}, {1}, 1}", code, 8 * getSize(type)).str();
  };
  switch (type) {
  case DataType::BF16:
    return make(4);
  case DataType::Bool:
    return make(6);
  case DataType::F8E4M3:
    return make(10);
  case DataType::F8E5M2:
    return make(12);
  case DataType::F8E8M0:
    return make(14);
  case DataType::F16:
  case DataType::F32:
  case DataType::F64:
    return make(2);
  case DataType::U8:
  case DataType::U16:
  case DataType::U32:
  case DataType::U64:
    return make(1);
  default:
    return make(0);
  }
}

static void writeParameters(raw_ostream &stream, StringRef name,
                            ArrayRef<Parameter> parameters) {
  stream << "static const parameter " << name << "[] = {\n";
  for (const Parameter &parameter : parameters) {
    ArrayRef<int64_t> shape = parameter.getTensorShape();
    stream << "    {" << quote(parameter.name) << ", "
           << getDLPackType(parameter.type) << ", " << int(parameter.anySign)
           << ", " << (parameter.perExpert ? parameter.shape.front() : 0)
           << ", " << shape.size() << ", {";
    llvm::interleaveComma(shape, stream, [&](int64_t extent) {
      if (ShapedType::isDynamic(extent))
        stream << "TOKENS";
      else
        stream << extent;
    });
    stream << (shape.empty() ? "0}},\n" : "}},\n");
  }
  stream << "};\n\n";
}

/// Strings longer than compilers must accept are cut: the manifest has them.
static std::string quoteSchedule(StringRef schedule) {
  return quote(schedule.take_front(2000));
}

static void writeVariants(raw_ostream &stream, const BundleContents &contents) {
  const BundleTarget &target = contents.options.target;
  stream << "static const variant variants[] = {\n";
  for (const Variant &variant : contents.variants)
    stream << "    {" << (target.gpu ? "MOE_KIND_CUDA" : "MOE_KIND_CPU") << ", "
           << quote(target.getName()) << ", "
           << quote(contents.codes[variant.code].symbol) << ",\n     "
           << quoteSchedule(variant.schedule) << ", " << variant.code << ", "
           << variant.tokens.first << ", " << variant.tokens.last << "},\n";
  stream << "};\n\n";
}

static void writeFiles(raw_ostream &stream, const BundleContents &contents) {
  stream << "static const bundle_file files[] = {\n"
            "    {\"manifest.json\", NULL},\n";
  for (const BundleFile &file : contents.getLoadedFiles())
    stream << "    {" << quote(file.name) << ",\n     \""
           << computeSha256(file.content) << "\"},\n";
  stream << "};\n\n";
}

static std::string listFeatures(const CpuTarget &target) {
  std::string text = "static const cpu_feature features[] = {\n";
  for (const CpuFeature &feature : target.features)
    text += llvm::formatv("    {\"{0}\", {1:x}, {2}, {3}, {4}, {5:x}},\n",
                          feature.name, feature.leaf, feature.subleaf,
                          feature.reg, feature.bit, feature.saved);
  return text + "};\n\n";
}

static std::string listKernelSets(const BundleContents &contents) {
  std::string sets, names;
  size_t file = 2, kernel = 0;
  for (size_t code = 0; code < contents.codes.size(); ++code) {
    size_t numFiles = contents.getKernelFiles(code).size();
    ArrayRef<std::string> kernels = contents.codes[code].kernels.kernels;
    sets += llvm::formatv("    {{{0}, {1}, {2}, {3}},\n", file, numFiles,
                          kernel, kernels.size());
    for (const std::string &name : kernels)
      names += "    " + quote(name) + ",\n";
    file += numFiles;
    kernel += kernels.size();
  }
  const Gpu &gpu = *contents.options.target.gpu->gpu;
  return "static const kernel_set kernel_sets[] = {\n" + sets +
         "};\n\nstatic const char *const kernel_names[] = {\n" + names +
         "};\n\nenum {\n"
         "  NUM_KERNEL_SETS = sizeof kernel_sets / sizeof kernel_sets[0],\n"
         "  NUM_KERNELS = sizeof kernel_names / sizeof kernel_names[0],\n" +
         llvm::formatv("  TARGET_MAJOR = {0},\n  TARGET_MINOR = {1}\n};\n\n",
                       gpu.major, gpu.minor)
             .str();
}

/// As numbers: a literal of that length is more than C promises.
static void writeManifestBytes(raw_ostream &stream, StringRef manifest) {
  stream << "static const char manifest[] = {";
  for (auto [i, c] : llvm::enumerate(manifest))
    stream << (i % 24 ? "" : "\n    ") << int(c) << ',';
  stream << "0};\n\n";
}

static void writeConstants(raw_ostream &stream, const BundleContents &contents,
                           StringRef manifest) {
  bool isGpu = contents.options.target.gpu.has_value();
  int64_t addresses = 0;
  bool noTokens = true;
  for (const Parameter &parameter : contents.signature.arguments) {
    addresses += parameter.perExpert && !isGpu ? parameter.shape.front() : 0;
    noTokens &= !parameter.perToken;
  }
  stream << "enum {\n  NUM_INPUTS = sizeof inputs / sizeof inputs[0],\n"
            "  NUM_OUTPUTS = sizeof outputs / sizeof outputs[0],\n"
            "  NUM_VARIANTS = sizeof variants / sizeof variants[0],\n"
            "  NUM_FILES = sizeof files / sizeof files[0],\n"
            "  OBJECT_FILE = 1,\n"
         << "  DEVICE_TYPE = " << getDeviceType(contents)
         << ",\n  ALIGNMENT = " << (isGpu ? 16 : 0)
         << ", /* of tensors, or 0: of their elements */\n"
         << "  STACKED_EXPERTS = " << int(isGpu)
         << ", /* whether one lies behind the other */\n"
         << "  NUM_ADDRESSES = " << addresses
         << ", /* of experts, in all inputs */\n"
         << "  NO_TOKENS_IN_INPUTS = " << int(noTokens) << ",\n"
         << "  OWN_DIGEST_OFFSET = " << manifest.find(noDigest)
         << " /* in the manifest */\n};\n\n";
}

std::string mlir::moe::writeSource(const BundleContents &contents,
                                   StringRef manifest) {
  std::string source;
  llvm::raw_string_ostream stream(source);
  auto add = [&](const char *text) {
    stream << instantiate(text, contents.options.name);
  };
  add(tablesTemplate);
  writeParameters(stream, "inputs", contents.signature.arguments);
  writeParameters(stream, "outputs", contents.signature.results);
  writeVariants(stream, contents);
  writeFiles(stream, contents);
  writeManifestBytes(stream, manifest);
  writeConstants(stream, contents, manifest);
  add(messageTemplate);
  add(sha256Template);
  add(filesTemplate);
  add(checkTemplate);
  add(symbolsTemplate);
  const BundleTarget &target = contents.options.target;
  if (target.gpu) {
    add(driverTemplate);
    add(kernelsTemplate);
    stream << replaceAll(cudaTemplate, "/* KERNELS */\n",
                         listKernelSets(contents));
  } else {
    add(threadsTemplate);
    stream << replaceAll(processorTemplate, "/* FEATURES */\n",
                         listFeatures(target.host));
    add(cpuTemplate);
  }
  add(loadTemplate);
  add(runTemplate);
  return source;
}
