//===- LayerSpec.h - What a config says about one MoE layer -----*- C++ -*-===//

#ifndef MOE_IMPORT_LAYERSPEC_H
#define MOE_IMPORT_LAYERSPEC_H

#include "moe/Checkpoint/DataType.h"
#include "moe/IR/MoE.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace mlir::moe {

/// When the scores are computed.
enum class RoutingOrder {
  ScoreThenChoose, ///< scores of all experts, the k best, their scores
  ChooseThenScore, ///< the k best logits, scores of these k
  Sequential,      ///< `moe.sequential_top_k`
};

/// Choose only among the experts of the best groups.
struct GroupLimit {
  int64_t count = 1;
  int64_t keep = 1;
  GroupScore rankBy = GroupScore::max;
  int64_t top = 1;
  GroupFill fill = GroupFill::neg_inf;
};

/// From tokens to chosen experts and their weights.
struct RouterSpec {
  RoutingOrder order = RoutingOrder::ScoreThenChoose;
  ScoreFn score = ScoreFn::softmax;
  /// Element types that logits, scores and weights are rounded to.
  DataType logits, scores, weights;
  bool gateBias = false;
  /// A bias that counts for the choice only.
  bool choiceBias = false;
  std::optional<GroupLimit> groups;
  /// Order of the norm that weights are divided by.
  std::optional<double> normOrder;
  double normEps = 0;
  EpsMode normEpsMode = EpsMode::none;
  double scale = 1;
  /// Of `moe.sequential_top_k`.
  double relativeGap = 0;
  /// Tokens are normalised to a root mean square of 1 before the gate and
  /// multiplied by a weight; the final weights by one factor per expert.
  bool scaledInput = false;
};

/// At most so many tokens for each expert; first choices are served first.
struct CapacitySpec {
  /// A fixed number of slots, or else ceil(fraction * tokens), or else
  /// 2 * ceil(tokens / experts).
  std::optional<int64_t> slots;
  std::optional<double> fraction;
  /// Tokens with a larger first score are served first.
  bool byPriority = false;
  /// Weights are normalised over both choices, whether kept or not.
  bool normalizeDropped = false;
};

/// What an expert does between its projections, as `#moe.activation` has it.
struct ActivationSpec {
  ActivationFn fn = ActivationFn::silu;
  std::optional<double> alpha, gateMax, upLimit, upOffset;
};

/// An MLP that all tokens pass, beside the experts.
struct SharedSpec {
  int64_t width = 0;
  /// Its result is multiplied by sigmoid(<x, w>).
  bool gated = false;
  bool bias = false;
};

/// How a checkpoint stores a matrix of scheme `int4`: i32 words of eight codes.
/// Zero points are packed along the outputs.
struct Int4Tensors {
  /// What stands for "weight" in the name of the matrix; without a name the
  /// zero points are not stored.
  llvm::StringRef codes, scales, zeroPoints;
  MatrixLayout layout;
  /// Neighbours in a word are inputs, else outputs.
  bool packsInputs;
  NibbleOrder order = NibbleOrder::ascending;
  int64_t zeroOffset = 0;
};

/// Weights are stored in blocks of a narrow type with a scale each.
struct QuantizationSpec {
  QuantScheme scheme = QuantScheme::block;
  /// Rows and columns of a block of scheme `block`.
  int64_t blockRows = 0, blockColumns = 0;
  /// Of scheme `int4`, with the inputs that share a scale: all if 0.
  Int4Tensors int4 = {};
  int64_t groupSize = 0;
  /// Without one, the scales have the type that weights are published in.
  std::optional<DataType> scaleType = DataType::F16;
};

/// Names and layouts of the experts' weights, below `TensorForm::block`. With
/// `{expert}` a name stands for one tensor per expert.
struct ExpertTensors {
  llvm::StringRef up, gate = "", down;
  llvm::StringRef upBias = "", downBias = "";
  Gating gating = Gating::separate;
  MatrixLayout upLayout = MatrixLayout::out_in;
  MatrixLayout downLayout = MatrixLayout::out_in;
  /// The experts' matrices lie below one another in one matrix.
  bool stackedRows = false;
};

/// The names of one release of a model's tensors. A layer's tensor is named by
/// the layer's prefix ("model.layers.3."), `block`, and one of the names below.
struct TensorForm {
  llvm::StringRef block = "";
  llvm::StringRef router = "";
  llvm::StringRef routerBias = "";
  llvm::StringRef choiceBias = "";
  ExpertTensors experts = {};
};

/// Names of a model's other tensors, below `TensorForm::block`.
struct ExtraTensors {
  /// Prefix of the shared expert's tensors, such as "shared_experts.".
  llvm::StringRef shared = "";
  llvm::StringRef sharedGate = "";
  /// The choice bias has the shape 1 x E.
  bool choiceBiasRow = false;
  /// Weight of the router's norm, one factor per expert, and weight of the norm
  /// before the experts.
  llvm::StringRef routerScale = "", expertScale = "", expertNorm = "";
};

/// Everything that the config of a model implies for one of its MoE layers.
struct LayerSpec {
  llvm::StringRef modelType;
  /// Number of the layer in the model.
  int64_t layer = 0;
  int64_t hidden = 0;
  int64_t experts = 0;
  int64_t topK = 0;
  /// Width of an expert between its projections.
  int64_t inner = 0;
  /// Element type of activations.
  DataType dtype = DataType::BF16;
  /// Element type of the router's weights in published checkpoints.
  DataType routerWeight = DataType::BF16;

  RouterSpec router;
  std::optional<CapacitySpec> capacity;
  ActivationSpec activation;
  bool gated = true;
  /// Routing weights multiply the input of the experts, not their output.
  bool weightOnInput = false;
  /// Factor of every expert's result besides the routing weight.
  double outputScale = 1;
  Accumulate accumulate = Accumulate::wide;
  CombineOrder combineOrder = CombineOrder::choice;
  std::optional<SharedSpec> shared;
  std::optional<QuantizationSpec> quantization;
  /// Epsilon of the norms before router and experts.
  double normEps = 0;

  /// As published, and as transformers 5 saves it; the same if the release of
  /// that library did not change the names.
  TensorForm published, fused;
  ExtraTensors extra;
};

} // namespace mlir::moe

#endif // MOE_IMPORT_LAYERSPEC_H
