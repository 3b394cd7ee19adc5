//===- GemmProblem.h - What a schedule is chosen for ------------*- C++ -*-===//

#ifndef MOE_SCHEDULE_GEMMPROBLEM_H
#define MOE_SCHEDULE_GEMMPROBLEM_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace mlir::moe {

/// How numbers are stored.
struct NumberFormat {
  /// As MLIR calls the type; for quantised numbers with their scales, as in
  /// `f8E4M3FN/128x128:f32`.
  std::string name;
  /// Of one number, with its share of the scales.
  double bits = 0;
  /// Whether scales are to be applied.
  bool quantized = false;

  bool operator==(const NumberFormat &) const = default;
};

/// One of the weights that a grouped GEMM contracts the same rows with.
struct GemmWeight {
  NumberFormat format;
  /// Whether the inputs of an output lie next to each other.
  bool outIn = true;
  /// Distance of the outputs that are used.
  int64_t stride = 1;

  bool operator==(const GemmWeight &) const = default;
};

/// All that speed or legality of a grouped GEMM depends on but the number of
/// tokens and the target.
struct GemmProblem {
  /// Experts here, and experts that the tokens choose from, which are more if
  /// other devices have some.
  int64_t experts = 1, totalExperts = 1;
  /// Experts that a token chooses; 0 if nothing tells, then every expert is
  /// taken to get every token.
  int64_t topK = 0;
  /// Inputs and outputs of each weight.
  int64_t depth = 0, columns = 0;
  std::vector<GemmWeight> weights;
  NumberFormat input, result;
  /// f64 or f32, what sums are made in.
  int64_t computeBits = 32;
  /// Whether rows are found through an index.
  bool gathersRows = false;
  /// Whether rows are added to what is in the result.
  bool addsRows = false;
  /// Inputs of the epilogue, and its operations with their counts, by name.
  int64_t columnInputs = 0, rowInputs = 0;
  std::string epilogue;

  int64_t getProjections() const {
    return static_cast<int64_t>(weights.size());
  }
};

/// The experts that get rows and the rows that each of them gets, on average
/// over routings in which a token chooses each expert with equal chance.
struct ExpertLoad {
  double experts, rows;
};
ExpertLoad getExpectedLoad(const GemmProblem &problem, int64_t tokens);

/// The rows of each quarter of the experts that get `rows` on average: the
/// first row, and of the others a quarter, a half, as many, and 2.25 times as
/// many. Routers are not even, and no schedule should rest on it. If every
/// token chooses every expert there is nothing to spread.
std::array<double, 4> spreadRows(const GemmProblem &problem, double rows);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_GEMMPROBLEM_H
