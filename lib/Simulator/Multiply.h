//===- Multiply.h - Products of small matrices ------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_MULTIPLY_H
#define MOE_LIB_SIMULATOR_MULTIPLY_H

#include <cstdint>

namespace mlir::moe::sim {

/// c[m][n] += a[m][k] * b[k][n], in f32.
inline void multiply(float *__restrict c, const float *__restrict a,
                     const float *__restrict b, uint32_t m, uint32_t n,
                     uint32_t k) {
  for (uint32_t i = 0; i < m; ++i)
    for (uint32_t l = 0; l < k; ++l) {
      float factor = a[i * k + l];
      for (uint32_t j = 0; j < n; ++j)
        c[i * n + j] += factor * b[l * n + j];
    }
}

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_MULTIPLY_H
