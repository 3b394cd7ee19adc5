/* Runs a bundle for CUDA: <directory>. Its tensors have addresses, but no memory: the host may
 * touch nothing of the device. The driver prints what it is asked for. */

#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "mixtral.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
static int allocations;
void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}

enum { H = 40, E = 8, I = 24, K = 2, CUDA = MOE_MIXTRAL_DEVICE_TYPE };

static char *device; /* addresses that nobody has taken yet */
static moe_tensor tensors[5][E], outputs[3];
static moe_input inputs[5];
static moe_args args;
static int64_t shapes[16][3];
static int num_shapes;
static char message[256];

static moe_tensor make_tensor(int bits, int rank, int64_t d0, int64_t d1, int64_t d2) {
  moe_dtype bf16 = {4, 16, 1}, f32 = {2, 32, 1};
  moe_tensor tensor = {device, {CUDA, 0}, rank, bits == 16 ? bf16 : f32, NULL, NULL, 0};
  int64_t *shape = shapes[num_shapes++];
  shape[0] = d0;
  shape[1] = d1;
  shape[2] = d2;
  tensor.shape = shape;
  device += (d0 * d1 * (rank == 3 ? d2 : 1) * (bits / 8) + 63) / 64 * 64;
  return tensor;
}

/* Arguments of a run of so many tokens. The experts of w1 are given one by one. */
static void reset(char *memory, int64_t tokens) {
  device = memory;
  num_shapes = 0;
  tensors[0][0] = make_tensor(16, 2, tokens, H, 1);
  tensors[1][0] = make_tensor(16, 2, E, H, 1);
  tensors[2][0] = make_tensor(16, 2, I, H, 1);
  for (int e = 1; e < E; ++e) {
    tensors[2][e] = tensors[2][0];
    tensors[2][e].data = (char *)tensors[2][0].data + e * I * H * 2;
  }
  device += (E - 1) * I * H * 2;
  tensors[3][0] = make_tensor(16, 3, E, I, H);
  tensors[4][0] = make_tensor(16, 3, E, H, I);
  for (int i = 0; i < 5; ++i) {
    inputs[i].tensors = tensors[i];
    inputs[i].count = i == 2 ? E : 1;
  }
  outputs[0] = make_tensor(16, 2, tokens, H, 1);
  outputs[1] = make_tensor(32, 2, tokens, K, 1);
  outputs[1].dtype.code = 0;
  outputs[2] = make_tensor(32, 2, tokens, K, 1);
  moe_args right = {sizeof args, MOE_ABI_VERSION, 0, inputs, 5, outputs, 3, NULL, NULL, message,
                    sizeof message};
  args = right;
}

static moe_mixtral *layer;
static size_t workspace_bytes;

static void run(char *workspace, int stream, const char *what) {
  int before, status;
  message[0] = 0;
  fflush(stdout);
  before = allocations;
  status = moe_mixtral_run(layer, &args, workspace, workspace_bytes, (void *)(uintptr_t)stream);
  printf("%s: %s%s%s, %d allocations\n", what, moe_status_string(status), message[0] ? ": " : "",
         message, allocations - before);
}

int main(int argc, char **argv) {
  moe_load_options options = {sizeof options, MOE_ABI_VERSION, 0, message, sizeof message, 0};
  size_t bytes = (size_t)64 << 20;
  char *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *workspace = memory + bytes / 2;
  static char printed[1 << 16];
  int status;
  setvbuf(stdout, printed, _IOFBF, sizeof printed);
  if (argc != 2 || memory == MAP_FAILED)
    return 2;
  status = moe_mixtral_supports(0, message, sizeof message);
  printf("supports: %s: %s\n", moe_status_string(status), message);
  message[0] = 0;
  status = moe_mixtral_load(argv[1], &options, &layer);
  printf("load: %s: %s\n", moe_status_string(status), message);
  if (status != MOE_OK)
    return 1;
  moe_mixtral_workspace_size(layer, 4096, &workspace_bytes);

  for (int64_t tokens = 0; tokens <= 4096; tokens = tokens == 0 ? 1 : tokens == 1 ? 7 : tokens == 7 ? 4096 : 5000) {
    char what[32];
    reset(memory, tokens);
    snprintf(what, sizeof what, "%d tokens", (int)tokens);
    run(workspace, 7, what);
  }
  reset(memory, 0);
  for (int i = 0; i < 3; ++i)
    outputs[i].data = NULL;
  tensors[0][0].data = NULL;
  run(workspace, 7, "no tokens and no memory for them");

  reset(memory, 5);
  tensors[0][0].device.type = 1;
  run(workspace, 7, "a tensor of the host");
  reset(memory, 5);
  tensors[1][0].device.id = 1;
  run(workspace, 7, "a tensor of another device");
  reset(memory, 5);
  tensors[4][0].data = (char *)tensors[4][0].data + 2;
  run(workspace, 7, "a weight between two vectors");
  reset(memory, 5);
  tensors[2][3].data = (char *)tensors[2][3].data + 64;
  run(workspace, 7, "an expert elsewhere");
  reset(memory, 5);
  static int64_t strides[2] = {H + 8, 1};
  tensors[0][0].strides = strides;
  run(workspace, 7, "rows with gaps");
  reset(memory, 5000);
  run(workspace, 7, "too many tokens");
  reset(memory, 5);
  run(workspace + 32, 7, "a workspace between its lines");
  workspace_bytes = 64;
  run(workspace, 7, "a small workspace");
  moe_mixtral_unload(layer);

  options.device = 2;
  status = moe_mixtral_load(argv[1], &options, &layer);
  printf("another device: %s: %s\n", moe_status_string(status), message);
  return 0;
}
