//===- MoEDialect.cpp - The moe dialect and its attributes ----------------===//

#include "moe/IR/GemmSchedule.h"
#include "moe/IR/LayerPlan.h"
#include "moe/IR/MoE.h"
#include "moe/Schedule/CheckSchedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

#include "moe/IR/MoEDialect.cpp.inc"
#include "moe/IR/MoEEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/IR/MoEAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "moe/IR/MoEOps.cpp.inc"

void MoEDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "moe/IR/MoEAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/IR/MoEOps.cpp.inc"
      >();
}

Operation *MoEDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                           Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

//===----------------------------------------------------------------------===//
// Attributes of functions
//===----------------------------------------------------------------------===//

/// `moe.name` binds an argument or result to the tensor of that name in a file.
/// For an argument encoded as #moe.per_expert it names one tensor per expert,
/// with `{expert}` in place of the expert's number.
static LogicalResult verifyBinding(Operation *op, NamedAttribute attr,
                                   Type type) {
  if (attr.getName() == "moe.name") {
    auto name = dyn_cast<StringAttr>(attr.getValue());
    if (!name)
      return op->emitError("attribute 'moe.name' is ")
             << attr.getValue() << ", expected a string";
    auto tensor = dyn_cast<RankedTensorType>(type);
    bool perExpert =
        tensor && isa_and_nonnull<PerExpertAttr>(tensor.getEncoding());
    // Lowered to a table of addresses, a parameter keeps its name.
    if (tensor && perExpert != name.getValue().contains("{expert}"))
      return op->emitError("attribute 'moe.name' is ")
             << name
             << ", expected '{expert}' in it exactly for the encoding "
                "#moe.per_expert";
    return success();
  }
  return op->emitError("unknown attribute '")
         << attr.getName().getValue()
         << "' on a function argument or result, expected 'moe.name'";
}

/// `moe.plan` says which kernels a function becomes.
static LogicalResult verifyPlan(Operation *op, Attribute value) {
  auto plan = dyn_cast<PlanAttr>(value);
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!plan || !function)
    return op->emitError("attribute 'moe.plan' is ")
           << value << " on " << op->getName()
           << ", expected #moe.plan on a function";
  // Attributes are verified before the ops that the plan is checked for.
  WalkResult verified = op->walk([](Operation *nested) {
    bool isOurs = isa_and_nonnull<MoEDialect>(nested->getDialect());
    return WalkResult(isOurs ? nested->getName().verifyInvariants(nested)
                             : success());
  });
  if (verified.wasInterrupted())
    return failure();
  if (auto violation = checkPlan(plan, function))
    return op->emitError() << violation->getMessage();
  return success();
}

LogicalResult MoEDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attr) {
  if (attr.getName() == "moe.plan")
    return verifyPlan(op, attr.getValue());
  return op->emitError("unknown attribute '")
         << attr.getName().getValue() << "' of the moe dialect";
}

LogicalResult MoEDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                   unsigned argument,
                                                   NamedAttribute attr) {
  return verifyBinding(
      op, attr, cast<FunctionOpInterface>(op).getArgumentTypes()[argument]);
}

LogicalResult MoEDialect::verifyRegionResultAttribute(Operation *op, unsigned,
                                                      unsigned result,
                                                      NamedAttribute attr) {
  return verifyBinding(op, attr,
                       cast<FunctionOpInterface>(op).getResultTypes()[result]);
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t rows, int64_t columns, int64_t depth,
                                   int64_t streamRows, int64_t registerRows,
                                   int64_t registerVectors, int64_t lanes,
                                   Multiply multiply) {
  Schedule schedule{rows,         columns,         depth, streamRows,
                    registerRows, registerVectors, lanes, toPlain(multiply)};
  if (auto violation = checkSchedule(schedule, nullptr))
    return emitError() << violation->getMessage();
  return success();
}

LogicalResult WarpgroupScheduleAttr::verify(
    function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns,
    int64_t depth, int64_t stages, int64_t consumers, int64_t consumersPerTile,
    int64_t raster, int64_t cluster) {
  WarpgroupSchedule schedule{rows,      columns,          depth,  stages,
                             consumers, consumersPerTile, raster, cluster};
  if (auto violation = checkWarpgroupSchedule(schedule, nullptr))
    return emitError() << violation->getMessage();
  return success();
}

//===----------------------------------------------------------------------===//
// #moe.per_expert
//===----------------------------------------------------------------------===//

LogicalResult PerExpertAttr::verifyEncoding(
    ArrayRef<int64_t> shape, Type,
    function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() < 2)
    return emitError()
           << "encoding #moe.per_expert needs rank 2 or more, found "
           << shape.size();
  if (llvm::any_of(shape, ShapedType::isDynamic))
    return emitError() << "encoding #moe.per_expert needs a static shape";
  return success();
}
