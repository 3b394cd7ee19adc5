//===- Schedule.h - How a target computes a grouped GEMM --------*- C++ -*-===//

#ifndef MOE_SCHEDULE_SCHEDULE_H
#define MOE_SCHEDULE_SCHEDULE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>

namespace mlir::moe {

/// The attribute #moe.schedule, whose description defines the fields, as plain
/// data.
struct Schedule {
  enum class Multiply { Fma, DotBf16 };

  int64_t rows = 0, columns = 0, depth = 0, streamRows = 0;
  int64_t registerRows = 0, registerVectors = 0, lanes = 0;
  Multiply multiply = Multiply::Fma;

  /// Columns that are packed and multiplied together.
  int64_t getPanelColumns() const { return registerVectors * lanes; }
  /// Whether a tile can have more rows than are multiplied with weights that
  /// are read in place.
  bool packsWeights() const { return rows > streamRows; }

  bool operator==(const Schedule &) const = default;
};

/// A field that is a number, under the name that it has in the attribute.
struct ScheduleField {
  llvm::StringLiteral name;
  int64_t Schedule::*value;
};

/// All fields but `multiply`, in the order in which they are printed.
llvm::ArrayRef<ScheduleField> getScheduleFields();

llvm::StringRef getName(Schedule::Multiply multiply);

/// The text of the attribute.
llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const Schedule &schedule);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_SCHEDULE_H
