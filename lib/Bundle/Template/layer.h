/* One Mixture-of-Experts layer. Compile the .c beside this header into your program (with
 * -lpthread, and -ldl where it is not part of the C library), and load the directory of
 * both at run time:
 *
 *   moe_LAYER *layer;
 *   moe_LAYER_load(directory, NULL, &layer);
 *   moe_LAYER_workspace_size(layer, max_tokens, &bytes);   once; allocate that, aligned to 64
 *   moe_LAYER_run(layer, &args, workspace, bytes, stream); as often as you like
 *   moe_LAYER_unload(layer);
 *
 * After moe_LAYER_load nothing allocates memory. Threads may run one layer at the same time,
 * each with a workspace of its own. manifest.json describes the layer to programs.
 *
 * MOE_LAYER_DEVICE_TYPE says where tensors and the workspace are. If that is 2, CUDA's driver
 * is opened at run time, the layer uses the primary context of its device, and a run only
 * launches kernels on its stream: it neither waits nor reads what is on the device, and may be
 * captured in a CUDA graph, which then holds the addresses and the number of tokens. */

#ifndef MOE_LAYER_H
#define MOE_LAYER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- what all layers share */

#ifndef MOE_ABI_VERSION
#define MOE_ABI_VERSION 1

enum moe_status {
  MOE_OK = 0,
  MOE_NULL_POINTER,        /* something that is required is null */
  MOE_BAD_ABI,             /* made for another version of this interface */
  MOE_BAD_COUNT,           /* number of inputs, outputs, or tensors of an input */
  MOE_BAD_SHAPE,           /* rank or extent of a tensor */
  MOE_BAD_DTYPE,           /* element type of a tensor */
  MOE_BAD_STRIDES,         /* elements are not contiguous */
  MOE_BAD_DEVICE,          /* a tensor is not where the layer runs */
  MOE_MISALIGNED,          /* a tensor by its element, or 16 bytes on a GPU; the workspace by 64 */
  MOE_OVERLAP,             /* an output shares memory with something else */
  MOE_BAD_TOKENS,          /* a number of tokens that the layer was not compiled for */
  MOE_WORKSPACE_TOO_SMALL, /* fewer bytes than moe_<layer>_workspace_size says */
  MOE_UNSUPPORTED,         /* this machine lacks what the code needs */
  MOE_FILE_ERROR,          /* a file of the bundle cannot be read */
  MOE_TAMPERED,            /* a file of the bundle is not the one that was compiled */
  MOE_LOAD_FAILED,         /* the system refused the code or a thread */
  MOE_OUT_OF_MEMORY,       /* while loading */
  MOE_LAUNCH_FAILED        /* the device's driver refused a kernel */
};

static inline const char *moe_status_string(int status) {
  static const char *const strings[] = {
      "ok",
      "null pointer",
      "incompatible ABI version",
      "wrong number of tensors",
      "wrong shape",
      "wrong element type",
      "not contiguous",
      "wrong device",
      "misaligned",
      "overlapping memory",
      "unexpected number of tokens",
      "workspace too small",
      "unsupported machine",
      "unreadable file",
      "tampered file",
      "load failed",
      "out of memory",
      "launch failed",
  };
  if (status < 0 || (size_t)status >= sizeof strings / sizeof strings[0])
    return "unknown status";
  return strings[status];
}

/* These three have the layout of DLPack's DLDevice, DLDataType and DLTensor. */
typedef struct moe_device {
  int32_t type; /* 1: CPU, 2: CUDA */
  int32_t id;
} moe_device;

typedef struct moe_dtype {
  uint8_t code; /* 0: int, 1: unsigned, 2: float, 4: bfloat, 10: float8_e4m3fn, 12: float8_e5m2 */
  uint8_t bits;
  uint16_t lanes; /* 1 */
} moe_dtype;

typedef struct moe_tensor {
  void *data;
  moe_device device;
  int32_t ndim;
  moe_dtype dtype;
  int64_t *shape;
  int64_t *strides; /* in elements; null: contiguous */
  uint64_t byte_offset;
} moe_tensor;

/* Bytes of all elements of a tensor. */
static inline uint64_t moe_tensor_bytes(const moe_tensor *tensor) {
  uint64_t bytes = tensor->dtype.bits / 8;
  for (int32_t d = 0; d < tensor->ndim; ++d)
    bytes *= (uint64_t)tensor->shape[d];
  return bytes;
}

/* An input: `count` tensors in a row. Where experts have tensors of their own, count is the
 * number of experts, or 1 with one tensor that has all of them along a first dimension. On a
 * GPU the tensors of experts lie one behind the other in either case. */
typedef struct moe_input {
  const moe_tensor *tensors;
  size_t count;
} moe_input;

typedef void moe_task(int64_t begin, int64_t end, void *values);

/* Calls `task` for ranges that together are 0 to `count`, from any threads, and returns when
 * all have returned. */
typedef void moe_parallel_for(void *context, int64_t count, moe_task *task, void *values);

typedef struct moe_args {
  size_t size;  /* sizeof(moe_args) */
  uint32_t abi; /* MOE_ABI_VERSION */
  uint32_t reserved;
  const moe_input *inputs;
  size_t num_inputs;
  const moe_tensor *outputs; /* written to; what was there is never read */
  size_t num_outputs;
  moe_parallel_for *parallel_for; /* CPU; null: the threads that were made while loading */
  void *parallel_context;
  char *message; /* where a run that fails says what was found and expected, or null */
  size_t message_size;
} moe_args;

typedef struct moe_load_options {
  size_t size;      /* sizeof(moe_load_options) */
  uint32_t abi;     /* MOE_ABI_VERSION */
  uint32_t threads; /* CPU: that a run uses, the caller's included; 0: one for each processor */
  char *message;
  size_t message_size;
  int32_t device; /* the id of the GPU, 0 for the CPU */
} moe_load_options;

enum moe_kind {
  MOE_KIND_CPU = 0, /* a shared object for this machine's processors */
  MOE_KIND_CUDA = 1 /* kernels for a GPU, and a shared object that launches them */
};

/* The code for a number of tokens. The strings live as long as the layer. */
typedef struct moe_choice {
  size_t size; /* sizeof(moe_choice), set by the caller */
  int32_t variant;
  int32_t kind;
  const char *target;
  const char *symbol;
  const char *schedule;
  const char *why;
  int64_t first_tokens;
  int64_t last_tokens;
} moe_choice;

#elif MOE_ABI_VERSION != 1
#error "two layers in one program have different ABI versions"
#endif

/* ---------------------------------------------------------------- this layer */

/* CONSTANTS */

typedef struct moe_LAYER moe_LAYER;

/* MOE_ABI_VERSION when the layer was compiled. */
int moe_LAYER_abi_version(void);

/* The text of manifest.json, but with zeros for the SHA-256 of the .c file, which holds this
 * text. */
const char *moe_LAYER_manifest(void);

/* Whether a device of this machine can run the layer; if not, `why` (or null) gets the cause. */
int moe_LAYER_supports(int32_t device, char *why, size_t why_size);

/* Checks the files in `directory` and loads the code. `options` may be null. */
int moe_LAYER_load(const char *directory, const moe_load_options *options, moe_LAYER **layer);
void moe_LAYER_unload(moe_LAYER *layer);

/* Bytes that suffice for every number of tokens up to `max_tokens`. */
int moe_LAYER_workspace_size(const moe_LAYER *layer, int64_t max_tokens, size_t *bytes);

/* Which code a number of tokens takes, and why. */
int moe_LAYER_resolve(const moe_LAYER *layer, int64_t tokens, moe_choice *choice);

/* Runs the layer, or launches it on `stream`, a CUstream, where a GPU runs it. The number of
 * tokens is that of the inputs; 0 is one too. Inputs that are ids may hold any numbers: one that
 * is no expert's is a choice of none, and one that is no token's is in no table. */
int moe_LAYER_run(const moe_LAYER *layer, const moe_args *args, void *workspace,
                  size_t workspace_bytes, void *stream);

#ifdef __cplusplus
}
#endif

#endif /* MOE_LAYER_H */
