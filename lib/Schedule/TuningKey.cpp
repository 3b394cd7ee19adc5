//===- TuningKey.cpp - What a tuned schedule is stored under --------------===//

#include "moe/Schedule/TuningKey.h"
#include "moe/Schedule/TokenBucket.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::moe;

static void printWeight(llvm::raw_ostream &os, const GemmWeight &weight) {
  os << weight.format.name << (weight.outIn ? " out_in" : " in_out");
  if (weight.stride != 1)
    os << " stride " << weight.stride;
}

/// Each weight, or one for all that are equal.
static void printWeights(llvm::raw_ostream &os, const GemmProblem &problem) {
  llvm::ArrayRef<GemmWeight> weights = problem.weights;
  if (llvm::all_equal(weights))
    weights = weights.take_front();
  os << '[';
  llvm::interleaveComma(
      weights, os, [&](const GemmWeight &weight) { printWeight(os, weight); });
  os << ']';
}

static void printEnvironment(llvm::raw_ostream &os, const Target &target,
                             int64_t tokens) {
  os << "tokens = " << getTokenBucket(tokens) << ", target = " << target.name;
  if (target.gpu)
    os << ", multiprocessors = " << target.gpu->multiprocessors << '>';
  else
    os << ", cpu = " << target.cpu << ", vector_bits = " << target.vectorBits
       << ", dot_bf16 = " << (target.hasAvx512Bf16 ? "true" : "false")
       << ", cores = " << target.cores << '>';
}

std::string mlir::moe::getTuningKey(const LayerProblem &problem,
                                    const Target &target, int64_t tokens) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "#moe.tuning_key<kernel = layer, experts = " << problem.experts
     << ", total_experts = " << problem.totalExperts
     << ", top_k = " << problem.topK << ", inputs = " << problem.inputs
     << ", columns = " << problem.columns << ", input = " << problem.input.name
     << ", result = " << problem.result.name << ", sums = f" << problem.sumBits
     << ", router_ops = " << problem.routerOps
     << ", shared_experts = " << problem.sharedExperts << ", ";
  printEnvironment(os, target, tokens);
  return text;
}

std::string mlir::moe::getTuningKey(const GemmProblem &problem,
                                    const Target &target, int64_t tokens) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "#moe.tuning_key<kernel = grouped_gemm, experts = " << problem.experts
     << ", total_experts = " << problem.totalExperts
     << ", top_k = " << problem.topK << ", depth = " << problem.depth
     << ", columns = " << problem.columns
     << ", projections = " << problem.getProjections() << ", weights = ";
  printWeights(os, problem);
  os << ", input = " << problem.input.name
     << ", result = " << problem.result.name << ", sums = f"
     << problem.computeBits
     << ", gathers_rows = " << (problem.gathersRows ? "true" : "false")
     << ", column_inputs = " << problem.columnInputs
     << ", row_inputs = " << problem.rowInputs << ", epilogue = ["
     << problem.epilogue << "], ";
  printEnvironment(os, target, tokens);
  return text;
}
