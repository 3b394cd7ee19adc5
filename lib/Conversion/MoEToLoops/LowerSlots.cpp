//===- LowerSlots.cpp - Counting, capacity and grouping -------------------===//

#include "Lowerings.h"

using namespace mlir;
using namespace mlir::moe;

Results mlir::moe::lowerToLoops(CountOp op, Code &code) { return {}; }
Results mlir::moe::lowerToLoops(CapacityOp op, Code &code) { return {}; }
Results mlir::moe::lowerToLoops(GroupByExpertOp op, Code &code) { return {}; }
Results mlir::moe::lowerToLoops(RowExpertsOp op, Code &code) { return {}; }
