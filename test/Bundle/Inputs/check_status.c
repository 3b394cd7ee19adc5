/* Provokes every status code of a bundle of test/Models/mixtral in f32: <directory> <folder to
 * write copies to>. */

#define _POSIX_C_SOURCE 200809L

#include "mixtral.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------- allocations can fail */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);

static int no_memory;

void *malloc(size_t size) { return no_memory ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) {
  return no_memory ? NULL : __libc_calloc(count, size);
}

/* ---------------------------------------------------------------- expectations */

static int failures, seen[MOE_OUT_OF_MEMORY + 1];
static char message[256];

static void expect(int found, int expected, const char *what) {
  int wrong = found != expected;
  printf("%s: %s%s%s%s\n", what, moe_status_string(found), message[0] ? ": " : "", message,
         wrong ? " WRONG" : "");
  failures += wrong;
  if (!wrong)
    seen[found] = 1;
  message[0] = 0;
}

/* ---------------------------------------------------------------- a run that is right */

enum { T = 5, H = 40, E = 8, I = 24, K = 2 };

static float hidden[T * H], gate[E * H], w1[E * I * H], w3[E * I * H], w2[E * H * I];
static float result[T * H + 1], topk_weights[T * K];
static int32_t topk_ids[T * K];

static moe_tensor tensors[5][E], outputs[3];
static moe_input inputs[5];
static moe_args args;
static int64_t shapes[16][3], strides[2];
static int num_shapes;
static void *workspace;
static size_t workspace_bytes;

static moe_tensor make_tensor(void *data, int rank, int64_t d0, int64_t d1, int64_t d2) {
  moe_tensor tensor = {data, {1, 0}, 0, {2, 32, 1}, NULL, NULL, 0};
  int64_t *shape = shapes[num_shapes++ % 16];
  tensor.ndim = rank;
  tensor.shape = shape;
  shape[0] = d0;
  shape[1] = d1;
  shape[2] = d2;
  return tensor;
}

/* Experts in one tensor here, in tensors of their own for w1. */
static void reset(void) {
  num_shapes = 0;
  tensors[0][0] = make_tensor(hidden, 2, T, H, 0);
  tensors[1][0] = make_tensor(gate, 2, E, H, 0);
  tensors[2][0] = make_tensor(w1, 2, I, H, 0);
  for (int e = 1; e < E; ++e) {
    tensors[2][e] = tensors[2][0];
    tensors[2][e].data = w1 + e * I * H;
  }
  tensors[3][0] = make_tensor(w3, 3, E, I, H);
  tensors[4][0] = make_tensor(w2, 3, E, H, I);
  for (int i = 0; i < 5; ++i) {
    inputs[i].tensors = tensors[i];
    inputs[i].count = i == 2 ? E : 1;
  }
  outputs[0] = make_tensor(result, 2, T, H, 0);
  outputs[1] = make_tensor(topk_ids, 2, T, K, 0);
  outputs[1].dtype.code = 0;
  outputs[2] = make_tensor(topk_weights, 2, T, K, 0);
  moe_args right = {sizeof args, MOE_ABI_VERSION, 0, inputs, 5, outputs, 3, NULL, NULL, message,
                    sizeof message};
  args = right;
}

static void expect_run(const moe_mixtral *layer, int status, const char *what) {
  expect(moe_mixtral_run(layer, &args, workspace, workspace_bytes, NULL), status, what);
  reset();
}

static void check_run(const moe_mixtral *layer) {
  moe_mixtral_workspace_size(layer, T, &workspace_bytes);
  workspace = aligned_alloc(64, (workspace_bytes + 127) / 64 * 64);
  reset();
  expect_run(layer, MOE_OK, "a run");

  expect(moe_mixtral_run(NULL, &args, workspace, workspace_bytes, NULL), MOE_NULL_POINTER,
         "no layer");
  expect(moe_mixtral_run(layer, NULL, workspace, workspace_bytes, NULL), MOE_NULL_POINTER,
         "no arguments");
  expect(moe_mixtral_run(layer, &args, NULL, workspace_bytes, NULL), MOE_NULL_POINTER,
         "no workspace");
  args.inputs = NULL;
  expect_run(layer, MOE_NULL_POINTER, "no inputs");
  inputs[0].tensors = NULL;
  expect_run(layer, MOE_NULL_POINTER, "an input without tensors");
  inputs[3].tensors = NULL;
  expect_run(layer, MOE_NULL_POINTER, "a weight without tensors");
  tensors[1][0].data = NULL;
  expect_run(layer, MOE_NULL_POINTER, "a weight without data");
  tensors[2][3].data = NULL;
  expect_run(layer, MOE_NULL_POINTER, "an expert without data");
  tensors[1][0].shape = NULL;
  expect_run(layer, MOE_NULL_POINTER, "a weight without shape");
  outputs[0].data = NULL;
  expect_run(layer, MOE_NULL_POINTER, "an output without data");

  args.abi = MOE_ABI_VERSION + 1;
  expect_run(layer, MOE_BAD_ABI, "arguments of a newer version");
  args.size = sizeof args - 1;
  expect_run(layer, MOE_BAD_ABI, "arguments that are too small");
  args.num_inputs = 4;
  expect_run(layer, MOE_BAD_COUNT, "too few inputs");
  args.num_outputs = 2;
  expect_run(layer, MOE_BAD_COUNT, "too few outputs");
  inputs[2].count = E - 1;
  expect_run(layer, MOE_BAD_COUNT, "too few experts");

  tensors[1][0].shape[1] = H + 1;
  expect_run(layer, MOE_BAD_SHAPE, "a wide gate");
  tensors[2][5] = tensors[3][0];
  expect_run(layer, MOE_BAD_SHAPE, "an expert of another rank");
  tensors[3][0].shape[0] = E + 1;
  expect_run(layer, MOE_BAD_SHAPE, "too many experts in one tensor");
  outputs[0].shape[0] = T - 1;
  expect_run(layer, MOE_BAD_SHAPE, "an output for fewer tokens");
  tensors[0][0].shape[0] = -1;
  expect_run(layer, MOE_BAD_SHAPE, "a negative number of tokens");
  tensors[0][0].dtype.code = 4;
  expect_run(layer, MOE_BAD_DTYPE, "another type");
  outputs[2].dtype.bits = 16;
  expect_run(layer, MOE_BAD_DTYPE, "narrower elements");
  tensors[1][0].dtype.lanes = 4;
  expect_run(layer, MOE_BAD_DTYPE, "vectors as elements");
  strides[0] = H + 8;
  strides[1] = 1;
  tensors[0][0].strides = strides;
  expect_run(layer, MOE_BAD_STRIDES, "padded rows");
  strides[0] = H;
  tensors[0][0].strides = strides;
  expect_run(layer, MOE_OK, "strides of contiguous rows");
  tensors[1][0].device.type = 2;
  expect_run(layer, MOE_BAD_DEVICE, "a weight on another device");

  workspace = (char *)workspace + 8;
  expect_run(layer, MOE_MISALIGNED, "a misaligned workspace");
  workspace = (char *)workspace - 8;
  outputs[0].byte_offset = 2;
  expect_run(layer, MOE_MISALIGNED, "a misaligned output");
  outputs[0].byte_offset = 4;
  expect_run(layer, MOE_OK, "an output behind an offset");
  outputs[0].data = hidden;
  expect_run(layer, MOE_OVERLAP, "an output over an input");
  outputs[2].data = topk_ids;
  expect_run(layer, MOE_OVERLAP, "an output over another");
  outputs[0].data = workspace;
  expect_run(layer, MOE_OVERLAP, "an output in the workspace");
  tensors[0][0].data = workspace;
  expect_run(layer, MOE_OVERLAP, "an input in the workspace");
  tensors[0][0].shape[0] = 5000;
  expect_run(layer, MOE_BAD_TOKENS, "too many tokens");
  workspace_bytes -= 1;
  expect_run(layer, MOE_WORKSPACE_TOO_SMALL, "a workspace without its last byte");
}

static void check_queries(const moe_mixtral *layer) {
  size_t bytes, before = 0;
  moe_choice choice = {0};
  int grows = 1;
  expect(moe_mixtral_workspace_size(NULL, 1, &bytes), MOE_NULL_POINTER, "size without layer");
  expect(moe_mixtral_workspace_size(layer, -1, &bytes), MOE_BAD_TOKENS, "size of -1 tokens");
  expect(moe_mixtral_workspace_size(layer, 4097, &bytes), MOE_BAD_TOKENS, "size beyond range");
  for (int64_t tokens = 0; tokens <= 4096; ++tokens) {
    moe_mixtral_workspace_size(layer, tokens, &bytes);
    grows = grows && bytes >= before;
    before = bytes;
  }
  printf("the size of the workspace %s\n", grows ? "never falls" : "falls WRONG");
  failures += !grows;
  expect(moe_mixtral_resolve(layer, 1, NULL), MOE_NULL_POINTER, "resolve without result");
  expect(moe_mixtral_resolve(layer, 1, &choice), MOE_BAD_ABI, "resolve without size");
  choice.size = sizeof choice;
  expect(moe_mixtral_resolve(layer, 4097, &choice), MOE_BAD_TOKENS, "resolve beyond range");
  for (int64_t tokens = 0; tokens <= 4096; tokens = tokens ? 16 * tokens : 1) {
    expect(moe_mixtral_resolve(layer, tokens, &choice), MOE_OK, "resolve");
    printf("%d tokens: variant %d for %d to %d: %s\n", (int)tokens, (int)choice.variant,
           (int)choice.first_tokens, (int)choice.last_tokens, choice.why);
  }
}

/* ---------------------------------------------------------------- loading */

static const char *directory, *copy;

/* Copies a file of the bundle, with byte `at` set to `value`, if that is one. */
static void copy_file(const char *name, long at, int value) {
  char path[512];
  static char bytes[1 << 22];
  size_t size;
  FILE *file;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  file = fopen(path, "rb");
  size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  if (at >= 0)
    bytes[at] = (char)value;
  snprintf(path, sizeof path, "%s/%s", copy, name);
  file = fopen(path, "wb");
  fwrite(bytes, 1, size, file);
  fclose(file);
}

static void expect_load(const char *from, unsigned threads, int status, const char *what) {
  moe_load_options options = {sizeof options, MOE_ABI_VERSION, threads, message, sizeof message};
  moe_mixtral *layer = NULL;
  expect(moe_mixtral_load(from, &options, &layer), status, what);
  moe_mixtral_unload(layer);
}

static void check_load(void) {
  const char *digit = strstr(moe_mixtral_manifest(), "\"abi\": 1") + 7;
  long abi = (long)(digit - moe_mixtral_manifest());
  moe_mixtral *layer;
  moe_load_options newer = {sizeof newer, MOE_ABI_VERSION + 1, 0, NULL, 0};
  struct rlimit limit = {1 << 30, 1 << 30};
  mkdir(copy, 0777);
  expect_load(NULL, 0, MOE_NULL_POINTER, "no directory");
  expect(moe_mixtral_load(directory, NULL, NULL), MOE_NULL_POINTER, "no layer to load");
  expect(moe_mixtral_load(directory, &newer, &layer), MOE_BAD_ABI, "newer options");
  expect_load("/nonexistent", 0, MOE_FILE_ERROR, "no such directory");
  copy_file("manifest.json", -1, 0);
  expect_load(copy, 0, MOE_FILE_ERROR, "no shared object");
  copy_file("mixtral.so", -1, 0);
  expect_load(copy, 0, MOE_OK, "a copy");
  copy_file("mixtral.so", 5000, 1);
  expect_load(copy, 0, MOE_TAMPERED, "a changed shared object");
  copy_file("mixtral.so", -1, 0);
  copy_file("manifest.json", 40, '9');
  expect_load(copy, 0, MOE_TAMPERED, "a changed manifest");
  copy_file("manifest.json", abi, '2');
  expect_load(copy, 0, MOE_BAD_ABI, "a newer bundle");
  no_memory = 1;
  expect(moe_mixtral_load(directory, NULL, &layer), MOE_OUT_OF_MEMORY, "no memory");
  no_memory = 0;
  setrlimit(RLIMIT_AS, &limit);
  expect_load(directory, 1000, MOE_LOAD_FAILED, "more threads than fit");
}

int main(int argc, char **argv) {
  moe_mixtral *layer;
  if (argc != 3)
    return 2;
  directory = argv[1];
  copy = argv[2];
  printf("ABI version %d\n", moe_mixtral_abi_version());
  if (moe_mixtral_supports(0, message, sizeof message) != MOE_OK) {
    expect(moe_mixtral_load(directory, NULL, &layer), MOE_UNSUPPORTED, message);
    return failures;
  }
  expect(moe_mixtral_load(directory, NULL, &layer), MOE_OK, "load");
  check_queries(layer);
  check_run(layer);
  moe_mixtral_unload(layer);
  moe_mixtral_unload(NULL);
  check_load();
  for (int status = 0; status <= MOE_OUT_OF_MEMORY; ++status)
    if (!seen[status] && status != MOE_UNSUPPORTED)
      printf("never seen: %s WRONG\n", moe_status_string(status));
  printf("%d failures\n", failures);
  return failures > 0;
}
