#include "Lowerings.h"
mlir::moe::Results mlir::moe::lowerToLoops(TopKOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(SequentialTopKOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(TopTokensOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(SelectOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(LookupOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(MaskChoicesOp, Code &) { return {}; }
mlir::moe::Results mlir::moe::lowerToLoops(FilterChoicesOp, Code &) { return {}; }
