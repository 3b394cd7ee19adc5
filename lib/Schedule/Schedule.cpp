//===- Schedule.cpp - How a target computes a grouped GEMM ----------------===//

#include "moe/Schedule/Schedule.h"

using namespace mlir::moe;

llvm::ArrayRef<ScheduleField> mlir::moe::getScheduleFields() {
  static constexpr ScheduleField fields[] = {
      {"rows", &Schedule::rows},
      {"columns", &Schedule::columns},
      {"depth", &Schedule::depth},
      {"stream_rows", &Schedule::streamRows},
      {"register_rows", &Schedule::registerRows},
      {"register_vectors", &Schedule::registerVectors},
      {"lanes", &Schedule::lanes},
  };
  return fields;
}

llvm::StringRef mlir::moe::getName(Schedule::Multiply multiply) {
  return multiply == Schedule::Multiply::Fma ? "fma" : "dot_bf16";
}

llvm::raw_ostream &mlir::moe::operator<<(llvm::raw_ostream &os,
                                         const Schedule &schedule) {
  os << "#moe.schedule<";
  for (const ScheduleField &field : getScheduleFields())
    os << field.name << " = " << schedule.*field.value << ", ";
  return os << "multiply = " << getName(schedule.multiply) << '>';
}
