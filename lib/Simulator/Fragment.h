//===- Fragment.h - Which thread holds which element ------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_FRAGMENT_H
#define MOE_LIB_SIMULATOR_FRAGMENT_H

#include <cstdint>

namespace mlir::moe::sim {

struct Place {
  uint32_t row, column;
};

/// Element `i` of a lane's accumulators of 16 rows.
inline Place getAccumulatorPlace(uint32_t lane, uint32_t i) {
  return {lane / 4 + i / 2 % 2 * 8, i / 4 * 8 + lane % 4 * 2 + i % 2};
}

/// Element `i` of register `reg` of a lane's A operand of 16 rows; a register
/// holds `perRegister` neighbours in K. Registers alternate between the upper
/// and the lower eight rows.
inline Place getAPlace(uint32_t lane, uint32_t reg, uint32_t i,
                       uint32_t perRegister) {
  return {lane / 4 + reg % 2 * 8,
          reg / 2 * 4 * perRegister + lane % 4 * perRegister + i};
}

/// The same for B, whose rows here are K, and which has eight columns.
inline Place getBPlace(uint32_t lane, uint32_t reg, uint32_t i,
                       uint32_t perRegister) {
  return {reg * 4 * perRegister + lane % 4 * perRegister + i, lane / 4};
}

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_FRAGMENT_H
