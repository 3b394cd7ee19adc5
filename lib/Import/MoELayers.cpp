//===- MoELayers.cpp - Which layers of a model are MoE --------------------===//

#include "MoELayers.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace mlir::moe;

// A bound that no model comes near.
static constexpr int64_t mostLayers = int64_t(1) << 16;

MoELayers::MoELayers(ConfigReader &reader, const Model &model)
    : rule(model.moeLayers),
      count(reader.readInteger(model.layers, 1, mostLayers)),
      only(reader.readList(rule.only)), except(reader.readList(rule.except)),
      first(reader.readInteger(rule.first, 0, mostLayers)),
      last(reader.readInteger(rule.last, -1, mostLayers)),
      period(reader.readInteger(rule.period, 0, mostLayers)),
      phase(reader.readInteger(rule.phase, -1, mostLayers)) {
  int64_t divisor = reader.readInteger(rule.periodDivisor, 0, mostLayers);
  period = divisor ? period / divisor : 0;
}

std::optional<StringRef> MoELayers::findReasonForDense(int64_t layer) const {
  if (only)
    return is_contained(*only, layer) ? std::nullopt : std::optional(rule.only);
  if (except && is_contained(*except, layer))
    return rule.except;
  if (layer < first)
    return getFirstName(rule.first.names);
  if (last >= 0 && layer > last)
    return getFirstName(rule.last.names);
  if (!period || layer % period != (phase < 0 ? period - 1 : phase % period))
    return getFirstName(rule.periodDivisor.names.empty()
                            ? rule.period.names
                            : rule.periodDivisor.names);
  return std::nullopt;
}

int64_t MoELayers::choose(ConfigReader &reader,
                          std::optional<int64_t> wanted) const {
  if (reader.failed())
    return 0;
  if (wanted) {
    if (*wanted < 0 || *wanted >= count)
      reader.fail("layer is " + Twine(*wanted) + ", expected 0 to " +
                  Twine(count - 1));
    else if (auto reason = findReasonForDense(*wanted))
      reader.fail("layer " + Twine(*wanted) + " is dense by field " + *reason +
                  ", expected an MoE layer");
    return *wanted;
  }
  for (int64_t layer = 0; layer < count; ++layer)
    if (!findReasonForDense(layer))
      return layer;
  reader.fail("no layer is MoE by field " + *findReasonForDense(count - 1));
  return 0;
}
