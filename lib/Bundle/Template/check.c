/* ---------------------------------------------------------------- checking a run */

/* A part of the memory, without its end. */
typedef struct memory {
  uintptr_t begin, end;
} memory;

static int overlap(memory a, memory b) { return a.begin < b.end && b.begin < a.end; }

/* What is known about a run while its arguments are looked at. */
typedef struct checked_run {
  const moe_args *args;
  int32_t device;
  int64_t tokens; /* or TOKENS: not yet known */
  memory workspace, outputs[NUM_OUTPUTS];
  void *buffers[NUM_INPUTS + NUM_OUTPUTS];
} checked_run;

#define FAIL(run, status, ...)                                                                    \
  fail(status, (run)->args->message, (run)->args->message_size, __VA_ARGS__)

static int check_dtype(checked_run *run, const parameter *expected, moe_dtype found) {
  int sign_only = expected->any_sign && found.code <= 1;
  if ((found.code != expected->dtype.code && !sign_only) || found.bits != expected->dtype.bits ||
      found.lanes != 1)
    return FAIL(run, MOE_BAD_DTYPE, "%s has element type %d:%d:%d, expected %d:%d:1",
                expected->name, found.code, found.bits, found.lanes, expected->dtype.code,
                expected->dtype.bits);
  return MOE_OK;
}

/* Checks the extents from `skipped` on against those that are expected. */
static int check_shape(checked_run *run, const parameter *expected, const moe_tensor *found,
                       int32_t skipped) {
  if (found->ndim != expected->rank + skipped)
    return FAIL(run, MOE_BAD_SHAPE, "%s has %d dimensions, expected %d", expected->name,
                found->ndim, expected->rank + skipped);
  if (found->ndim > 0 && !found->shape)
    return FAIL(run, MOE_NULL_POINTER, "%s has no shape", expected->name);
  if (skipped && found->shape[0] != (int64_t)expected->experts)
    return FAIL(run, MOE_BAD_SHAPE, "%s has %lld experts, expected %zu", expected->name,
                (long long)found->shape[0], expected->experts);
  for (int32_t d = 0; d < expected->rank; ++d) {
    int64_t extent = found->shape[d + skipped];
    if (expected->shape[d] == TOKENS && run->tokens == TOKENS && extent >= 0)
      run->tokens = extent;
    if (extent != (expected->shape[d] == TOKENS ? run->tokens : expected->shape[d]))
      return FAIL(run, MOE_BAD_SHAPE, "%s has extent %lld in dimension %d, expected %lld",
                  expected->name, (long long)extent, d + skipped,
                  (long long)(expected->shape[d] == TOKENS ? run->tokens : expected->shape[d]));
  }
  return MOE_OK;
}

static int check_strides(checked_run *run, const parameter *expected, const moe_tensor *found) {
  int64_t stride = 1;
  if (!found->strides || moe_tensor_bytes(found) == 0)
    return MOE_OK;
  for (int32_t d = found->ndim; d-- > 0; stride *= found->shape[d])
    if (found->shape[d] > 1 && found->strides[d] != stride)
      return FAIL(run, MOE_BAD_STRIDES, "%s has stride %lld in dimension %d, expected %lld",
                  expected->name, (long long)found->strides[d], d, (long long)stride);
  return MOE_OK;
}

/* Checks one tensor, which has all experts if `skipped` is 1, and gives its memory. */
static int check_tensor(checked_run *run, const parameter *expected, const moe_tensor *found,
                        int32_t skipped, memory *result) {
  uintptr_t address = (uintptr_t)found->data + (uintptr_t)found->byte_offset;
  uintptr_t alignment = ALIGNMENT > 0 ? ALIGNMENT : found->dtype.bits / 8;
  int status = check_dtype(run, expected, found->dtype);
  if (status == MOE_OK)
    status = check_shape(run, expected, found, skipped);
  if (status == MOE_OK)
    status = check_strides(run, expected, found);
  if (status != MOE_OK)
    return status;
  if (found->device.type != DEVICE_TYPE || found->device.id != run->device)
    return FAIL(run, MOE_BAD_DEVICE, "%s is on device %d of type %d, expected %d of type %d",
                expected->name, (int)found->device.id, (int)found->device.type, (int)run->device,
                DEVICE_TYPE);
  if (!found->data && moe_tensor_bytes(found) > 0)
    return FAIL(run, MOE_NULL_POINTER, "%s has no data", expected->name);
  if (address % alignment != 0)
    return FAIL(run, MOE_MISALIGNED, "%s is not aligned to %zu bytes", expected->name,
                (size_t)alignment);
  result->begin = address;
  result->end = address + (uintptr_t)moe_tensor_bytes(found);
  return MOE_OK;
}

static int check_apart(checked_run *run, size_t num_outputs, memory other, const char *name) {
  for (size_t i = 0; i < num_outputs; ++i)
    if (overlap(run->outputs[i], other))
      return FAIL(run, MOE_OVERLAP, "output %s shares memory with %s", outputs[i].name, name);
  return MOE_OK;
}

static int check_outputs(checked_run *run) {
  for (size_t i = 0; i < NUM_OUTPUTS; ++i) {
    int status =
        check_tensor(run, &outputs[i], &run->args->outputs[i], 0, &run->outputs[i]);
    if (status == MOE_OK)
      status = check_apart(run, i, run->outputs[i], outputs[i].name);
    if (status != MOE_OK)
      return status;
    run->buffers[NUM_INPUTS + i] = (void *)run->outputs[i].begin;
  }
  return MOE_OK;
}

/* Checks that the code can take experts of which one begins behind `end`. */
static int check_expert(checked_run *run, const parameter *expected, size_t expert,
                        uintptr_t begin, uintptr_t end) {
  if (STACKED_EXPERTS && begin != end)
    return FAIL(run, MOE_BAD_STRIDES, "expert %zu of %s does not lie behind the one before",
                expert, expected->name);
  return MOE_OK;
}

/* Checks an input, and writes the addresses of its experts to `table`, if that is given. */
static int check_input(checked_run *run, size_t index, void **table) {
  const parameter *expected = &inputs[index];
  const moe_input *found = &run->args->inputs[index];
  size_t experts = expected->experts;
  int stacked = experts > 0 && found->count == 1 && found->tensors &&
                found->tensors->ndim == expected->rank + 1;
  if (!found->tensors)
    return FAIL(run, MOE_NULL_POINTER, "%s has no tensors", expected->name);
  if (found->count != (experts > 0 && !stacked ? experts : 1))
    return FAIL(run, MOE_BAD_COUNT, "%s has %zu tensors, expected %zu", expected->name,
                found->count, experts > 0 ? experts : 1);
  uintptr_t end = 0;
  for (size_t i = 0; i < found->count; ++i) {
    memory bytes;
    int status = check_tensor(run, expected, &found->tensors[i], stacked, &bytes);
    if (status == MOE_OK && i > 0)
      status = check_expert(run, expected, i, bytes.begin, end);
    if (status == MOE_OK)
      status = check_apart(run, NUM_OUTPUTS, bytes, expected->name);
    if (status == MOE_OK && overlap(run->workspace, bytes))
      status = FAIL(run, MOE_OVERLAP, "the workspace shares memory with %s", expected->name);
    if (status != MOE_OK)
      return status;
    end = bytes.end;
    if (table && !stacked)
      table[i] = (void *)bytes.begin;
    for (size_t e = 0; table && stacked && e < experts; ++e)
      table[e] = (void *)(bytes.begin + (bytes.end - bytes.begin) / experts * e);
    if (!table && i == 0)
      run->buffers[index] = (void *)bytes.begin;
  }
  return MOE_OK;
}

/* The number of tokens is that of the first input that has it. */
static int find_tokens(checked_run *run) {
  run->tokens = NO_TOKENS_IN_INPUTS ? variants[0].first_tokens : TOKENS;
  for (size_t i = 0; i < NUM_INPUTS && run->tokens == TOKENS; ++i) {
    const moe_tensor *found = run->args->inputs[i].tensors;
    if (inputs[i].rank == 0 || inputs[i].shape[0] != TOKENS)
      continue;
    if (!found || (found->ndim > 0 && !found->shape))
      return FAIL(run, MOE_NULL_POINTER, "%s has no tensor or no shape", inputs[i].name);
    if (found->ndim != inputs[i].rank)
      return FAIL(run, MOE_BAD_SHAPE, "%s has %d dimensions, expected %d", inputs[i].name,
                  found->ndim, inputs[i].rank);
    if (found->shape[0] < 0)
      return FAIL(run, MOE_BAD_SHAPE, "%s has extent %lld in dimension 0, expected at least 0",
                  inputs[i].name, (long long)found->shape[0]);
    run->tokens = found->shape[0];
  }
  return MOE_OK;
}

static int check_args(const moe_LAYER *layer, const moe_args *args, checked_run *run) {
  if (!layer || !args)
    return MOE_NULL_POINTER;
  if (args->size < sizeof *args || args->abi > MOE_ABI_VERSION || args->abi == 0)
    return MOE_BAD_ABI;
  run->args = args;
  if (!args->inputs || !args->outputs)
    return FAIL(run, MOE_NULL_POINTER, "no inputs or no outputs");
  if (args->num_inputs != NUM_INPUTS || args->num_outputs != NUM_OUTPUTS)
    return FAIL(run, MOE_BAD_COUNT, "%zu inputs and %zu outputs, expected %d and %d",
                args->num_inputs, args->num_outputs, NUM_INPUTS, NUM_OUTPUTS);
  return find_tokens(run);
}

static int check_workspace(checked_run *run, size_t needed, void *workspace, size_t bytes) {
  if (bytes < needed)
    return FAIL(run, MOE_WORKSPACE_TOO_SMALL, "the workspace has %zu bytes, expected %zu", bytes,
                needed);
  if (!workspace && needed > 0)
    return FAIL(run, MOE_NULL_POINTER, "the workspace is null");
  if ((uintptr_t)workspace % 64 != 0)
    return FAIL(run, MOE_MISALIGNED, "the workspace is not aligned to 64 bytes");
  run->workspace.begin = (uintptr_t)workspace;
  run->workspace.end = run->workspace.begin + needed;
  return check_apart(run, NUM_OUTPUTS, run->workspace, "the workspace");
}
