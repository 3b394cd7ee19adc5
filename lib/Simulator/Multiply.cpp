//===- Multiply.cpp - Products of small matrices --------------------------===//

#include "Multiply.h"

using namespace mlir::moe::sim;

/// `width` columns of one row, which stay in registers.
template <uint32_t width>
[[gnu::always_inline]] static inline void
multiplyRow(float *__restrict c, const float *__restrict a,
            const float *__restrict b, uint32_t n, uint32_t k) {
  float sums[width];
  for (uint32_t j = 0; j < width; ++j)
    sums[j] = c[j];
  for (uint32_t l = 0; l < k; ++l)
    for (uint32_t j = 0; j < width; ++j)
      sums[j] += a[l] * b[l * n + j];
  for (uint32_t j = 0; j < width; ++j)
    c[j] = sums[j];
}

MOE_SIM_CLONES void mlir::moe::sim::multiply(float *c, const float *a,
                                             const float *b, uint32_t m,
                                             uint32_t n, uint32_t k) {
  uint32_t j = 0;
  for (; j + 64 <= n; j += 64)
    for (uint32_t i = 0; i < m; ++i)
      multiplyRow<64>(c + i * n + j, a + i * k, b + j, n, k);
  for (; j < n; j += 8)
    for (uint32_t i = 0; i < m; ++i)
      multiplyRow<8>(c + i * n + j, a + i * k, b + j, n, k);
}
