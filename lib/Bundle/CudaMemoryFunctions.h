/*===- CudaMemoryFunctions.h - What memory and clocks of CUDA need -*- C -*-===*
 *
 * Functions of cuda.h that are used beside those of Template/Cuda/driver.c, in
 * the same form.
 *
 *===----------------------------------------------------------------------===*/

#ifndef MOE_LIB_BUNDLE_CUDAMEMORYFUNCTIONS_H
#define MOE_LIB_BUNDLE_CUDAMEMORYFUNCTIONS_H

#define CUDA_MEMORY_FUNCTIONS(FUNCTION)                                        \
  FUNCTION(cuDeviceGetName, (char *name, int size, int device))                \
  FUNCTION(cuMemAlloc_v2, (unsigned long long *address, size_t bytes))         \
  FUNCTION(cuMemFree_v2, (unsigned long long address))                         \
  FUNCTION(cuMemcpyHtoD_v2,                                                    \
           (unsigned long long to, const void *from, size_t bytes))            \
  FUNCTION(cuMemcpyDtoH_v2, (void *to, unsigned long long from, size_t bytes)) \
  FUNCTION(cuMemsetD8Async, (unsigned long long to, unsigned char value,       \
                             size_t bytes, struct CUstream_st *stream))        \
  FUNCTION(cuStreamCreate, (struct CUstream_st * *stream, unsigned flags))     \
  FUNCTION(cuStreamDestroy_v2, (struct CUstream_st * stream))                  \
  FUNCTION(cuEventCreate, (struct CUevent_st * *event, unsigned flags))        \
  FUNCTION(cuEventDestroy_v2, (struct CUevent_st * event))                     \
  FUNCTION(cuEventRecord,                                                      \
           (struct CUevent_st * event, struct CUstream_st * stream))           \
  FUNCTION(cuEventSynchronize, (struct CUevent_st * event))                    \
  FUNCTION(cuEventElapsedTime, (float *milliseconds, struct CUevent_st *begin, \
                                struct CUevent_st *end))

#endif /* MOE_LIB_BUNDLE_CUDAMEMORYFUNCTIONS_H */
