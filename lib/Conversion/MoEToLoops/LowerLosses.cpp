//===- LowerLosses.cpp - Auxiliary losses and balance updates -------------===//

#include "Lowerings.h"

using namespace mlir;
using namespace mlir::moe;

Results mlir::moe::lowerToLoops(AuxLossOp op, Code &code) { return {}; }
Results mlir::moe::lowerToLoops(UpdateBiasOp op, Code &code) { return {}; }
