//===- Model.h - One entry of the table of models ---------------*- C++ -*-===//
//
// A model is data: where its config keeps each quantity, which of the choices
// of LayerSpec it made, and the names of its tensors. Adding one is adding an
// entry to Models.cpp and a test.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_IMPORT_MODEL_H
#define MOE_LIB_IMPORT_MODEL_H

#include "ConfigReader.h"
#include "moe/Import/LayerSpec.h"
#include "llvm/ADT/ArrayRef.h"

namespace mlir::moe {

/// Element type of an intermediate value: that of activations, or always f32.
enum class Precision { activation, f32 };

/// Which layers are MoE: those in [first, last] with layer % period == phase,
/// except listed ones; or exactly the listed ones.
struct LayerRule {
  Field<int64_t> first = {"", 0};
  /// -1 is the last layer.
  Field<int64_t> last = {"", -1};
  Field<int64_t> period = {"", 1};
  /// The period is divided by this field's value.
  Field<int64_t> periodDivisor = {"", 1};
  /// Modulo the period, so that -1 is period - 1.
  Field<int64_t> phase = {"", 0};
  llvm::StringRef only = "";
  llvm::StringRef except = "";
};

struct RouterModel {
  RoutingOrder order = RoutingOrder::ScoreThenChoose;
  ScoreFn score = ScoreFn::softmax;
  Precision logits = Precision::activation;
  Precision scores = Precision::f32;
  Precision weights = Precision::activation;
  /// Names the type of the logits, instead of `logits`.
  Field<llvm::StringRef> logitsType = {"", ""};
  Precision stored = Precision::activation;
  Field<bool> gateBias = {"", false};
  bool choiceBias = false;

  Field<int64_t> groups = {"", 1};
  Field<int64_t> keptGroups = {"", 1};
  /// "greedy" is no groups, "group_limited_greedy" groups.
  Field<llvm::StringRef> groupMethod = {"", "group_limited_greedy"};
  GroupScore groupRank = GroupScore::max;
  int64_t groupTop = 1;
  GroupFill groupFill = GroupFill::neg_inf;

  Field<bool> normalize = {"", false};
  Field<double> normOrder = {"", 1};
  Field<double> normEps = {"", 0};
  EpsMode normEpsMode = EpsMode::none;
  /// The epsilon is that of the scores' type, whatever `normEps` is.
  bool normEpsOfType = false;
  Field<double> scale = {"", 1};
  /// Half of the relative gap of sequential routing.
  Field<double> halfGap = {"", 0};
  bool scaledInput = false;
};

struct CapacityModel {
  /// 0 or null: not fixed.
  Field<int64_t> slots = {"", 0};
  /// 0: no fraction.
  Field<double> fraction = {"", 0};
  Field<bool> byPriority = {"", false};
  Field<bool> normalizeDropped = {"", false};
};

struct ActivationModel {
  Field<llvm::StringRef> fn = {"hidden_act", "silu"};
  bool gated = true;
  /// Without names the activation has no such parameter.
  Field<double> alpha = {}, limit = {}, offset = {};
};

struct SharedModel {
  /// Width of one shared expert; without names there is none.
  Field<int64_t> width = {};
  Field<int64_t> count = {"", 1};
  bool gated = false;
  Field<bool> bias = {"", false};
};

struct Model {
  llvm::StringRef type;
  /// Type of a config that has this one as `text_config`.
  llvm::StringRef wrapper = "";
  /// Names the model where `model_type` is missing.
  llvm::StringRef architecture = "";

  Field<int64_t> hidden = {"hidden_size"};
  Field<int64_t> layers = {"num_hidden_layers"};
  Field<int64_t> experts;
  Field<int64_t> topK = {"num_experts_per_tok"};
  Field<int64_t> inner = {"moe_intermediate_size"};
  LayerRule moeLayers = {};

  RouterModel router = {};
  std::optional<CapacityModel> capacity = std::nullopt;
  ActivationModel activation = {};
  SharedModel shared = {};
  bool weightOnInput = false;
  /// The experts' results are multiplied by 1 - its value.
  Field<double> dropped = {"", 0};
  Accumulate accumulate = Accumulate::wide;
  CombineOrder combineOrder = CombineOrder::choice;
  Field<double> normEps = {"", 0};
  llvm::ArrayRef<Requirement> requirements = {};

  TensorForm published;
  /// Without a name the same as `published`.
  TensorForm fused = {};
  /// Where the model was published in MXFP4: the names of that release.
  TensorForm mxfp4 = {};
  ExtraTensors extra = {};
};

/// All models, sorted by type.
llvm::ArrayRef<Model> getModels();

} // namespace mlir::moe

#endif // MOE_LIB_IMPORT_MODEL_H
