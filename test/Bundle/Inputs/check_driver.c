/* Compares what a bundle and moe-run declare of CUDA's driver with the toolkit's own header. */

#include <cuda.h>

#include "CudaMemoryFunctions.h"
#include "mixtral.c"

#include <stddef.h>

#define CHECK_FUNCTION(name, parameters)                                                          \
  _Static_assert(__builtin_types_compatible_p(__typeof__(&name), cuda_result(*) parameters), #name);
CUDA_FUNCTIONS(CHECK_FUNCTION)
CUDA_MEMORY_FUNCTIONS(CHECK_FUNCTION)

#define CHECK_CONSTANT(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs);
CHECK_CONSTANT(CUDA_MAX_SHARED_PER_BLOCK, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
CHECK_CONSTANT(CUDA_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
CHECK_CONSTANT(CUDA_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
CHECK_CONSTANT(CUDA_STATIC_SHARED, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)
CHECK_CONSTANT(CUDA_MAX_DYNAMIC_SHARED, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
CHECK_CONSTANT(CUDA_JIT_LOG, CU_JIT_ERROR_LOG_BUFFER)
CHECK_CONSTANT(CUDA_JIT_LOG_SIZE, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
CHECK_CONSTANT(CUDA_NO_INTERLEAVE, CU_TENSOR_MAP_INTERLEAVE_NONE)
CHECK_CONSTANT(CUDA_SWIZZLE_128B, CU_TENSOR_MAP_SWIZZLE_128B)
CHECK_CONSTANT(CUDA_PROMOTE_256B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B)
CHECK_CONSTANT(CUDA_ZEROS_OUTSIDE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE)
CHECK_CONSTANT(6, CU_TENSOR_MAP_DATA_TYPE_FLOAT16)
CHECK_CONSTANT(9, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16)
CHECK_CONSTANT(CUDA_OVERLAP_LAUNCHES, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION)

CHECK_CONSTANT(sizeof(cuda_launch_config), sizeof(CUlaunchConfig))
CHECK_CONSTANT(offsetof(cuda_launch_config, block), offsetof(CUlaunchConfig, blockDimX))
CHECK_CONSTANT(offsetof(cuda_launch_config, shared_bytes), offsetof(CUlaunchConfig, sharedMemBytes))
CHECK_CONSTANT(offsetof(cuda_launch_config, stream), offsetof(CUlaunchConfig, hStream))
CHECK_CONSTANT(offsetof(cuda_launch_config, attributes), offsetof(CUlaunchConfig, attrs))
CHECK_CONSTANT(offsetof(cuda_launch_config, num_attributes), offsetof(CUlaunchConfig, numAttrs))
CHECK_CONSTANT(sizeof(cuda_launch_attribute), sizeof(CUlaunchAttribute))
CHECK_CONSTANT(offsetof(cuda_launch_attribute, value), offsetof(CUlaunchAttribute, value))
