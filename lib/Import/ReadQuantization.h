//===- ReadQuantization.h - How weights are quantised -----------*- C++ -*-===//

#ifndef MOE_LIB_IMPORT_READQUANTIZATION_H
#define MOE_LIB_IMPORT_READQUANTIZATION_H

#include "Model.h"

namespace mlir::moe {

/// What the field `quantization_config` says; nothing without it.
std::optional<QuantizationSpec> readQuantization(ConfigReader &reader,
                                                 const Model &model);

/// Fails where the widths of the layer or the names of its tensors do not fit
/// its quantisation.
void checkQuantization(ConfigReader &reader, const Model &model,
                       const LayerSpec &spec);

} // namespace mlir::moe

#endif // MOE_LIB_IMPORT_READQUANTIZATION_H
