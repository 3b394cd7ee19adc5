//===- TensorMaps.h - What bulk copies know of matrices ---------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETONVVM_TENSORMAPS_H
#define MOE_LIB_CONVERSION_TILETONVVM_TENSORMAPS_H

#include "GemmKernel.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

/// CUtensorMap, which is opaque.
inline constexpr int64_t tensorMapBytes = 128, tensorMapAlignment = 64;

/// Declares what the runtime has to offer,
/// ```c
/// void moe_encode_tensor_map(void *map, void *address, int32_t type,
///                            int64_t size0, int64_t size1, int64_t size2,
///                            int64_t stride1, int64_t stride2,
///                            int32_t box0, int32_t box1);
/// ```
/// for a tensor of three dimensions, the innermost first, with strides in
/// bytes and boxes of box0 x box1 x 1 elements, swizzled by 128 bytes. `type`
/// is a CUtensorMapDataType. What is not there reads as zero.
void declareTensorMaps(ModuleOp module);

/// Code of the host that makes the map of weights or rows: its address.
Value makeWeightMap(const WeightTile &tile, const GemmKernel &kernel,
                    DeviceCode &host);
Value makeRowMap(const GemmKernel &kernel, DeviceCode &host);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETONVVM_TENSORMAPS_H
