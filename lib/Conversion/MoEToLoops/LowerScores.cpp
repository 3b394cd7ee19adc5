#include "Lowerings.h"
mlir::moe::Results mlir::moe::lowerToLoops(ScoreOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(SinkhornOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(LimitGroupsOp, Code &) { return {}; }
