//===- Multiply.h - Products of small matrices ------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_MULTIPLY_H
#define MOE_LIB_SIMULATOR_MULTIPLY_H

#include <cstdint>

/// Compiled for several processors; the one at hand decides.
#define MOE_SIM_CLONES                                                         \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

namespace mlir::moe::sim {

/// c[m][n] += a[m][k] * b[k][n], in f32. `n` is a multiple of 8.
void multiply(float *c, const float *a, const float *b, uint32_t m, uint32_t n,
              uint32_t k);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_MULTIPLY_H
