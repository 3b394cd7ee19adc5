//===- MoELayers.h - Which layers of a model are MoE ------------*- C++ -*-===//

#ifndef MOE_LIB_IMPORT_MOELAYERS_H
#define MOE_LIB_IMPORT_MOELAYERS_H

#include "Model.h"

namespace mlir::moe {

/// The rule of a model with the numbers of its config.
class MoELayers {
public:
  MoELayers(ConfigReader &reader, const Model &model);

  /// The layer that was asked for, if it is MoE, or else the first MoE layer.
  int64_t choose(ConfigReader &reader, std::optional<int64_t> wanted) const;

private:
  /// The field that makes `layer` dense, or nothing if it is MoE.
  std::optional<llvm::StringRef> findReasonForDense(int64_t layer) const;

  const LayerRule &rule;
  int64_t count;
  std::optional<std::vector<int64_t>> only, except;
  int64_t first, last, period, phase;
};

} // namespace mlir::moe

#endif // MOE_LIB_IMPORT_MOELAYERS_H
