//===- MoE.h - The moe dialect ---------------------------------*- C++ -*-===//

#ifndef MOE_IR_MOE_H
#define MOE_IR_MOE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "moe/IR/MoEDialect.h.inc"
#include "moe/IR/MoEEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/IR/MoEAttrs.h.inc"

#define GET_OP_CLASSES
#include "moe/IR/MoEOps.h.inc"

#endif // MOE_IR_MOE_H
