/* Runs a bundle on the rows of a golden file, repeated: <directory> <weights> <input>
 * <expected> <tolerance>. Two threads run 0, 1, 7 and 4096 tokens at once, one of them with a
 * parallel-for of its own; memory is poisoned before, and nobody may allocate any. */

#define _POSIX_C_SOURCE 200809L

#include LAYER_HEADER
#include "layer_tensors.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

/* ---------------------------------------------------------------- allocations are counted */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static long allocations;

static void count_allocation(void) { __atomic_fetch_add(&allocations, 1, __ATOMIC_SEQ_CST); }

void *malloc(size_t size) {
  count_allocation();
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}
void *realloc(void *block, size_t size) {
  count_allocation();
  return __libc_realloc(block, size);
}
int posix_memalign(void **block, size_t alignment, size_t size) {
  count_allocation();
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : 12;
}

/* ---------------------------------------------------------------- runs */

enum { NUM_SIZES = 4, MAX_TOKENS = 4096 };

static const int64_t sizes[NUM_SIZES] = {0, 1, 7, MAX_TOKENS};

typedef struct runner {
  const LAYER() *layer;
  moe_args args[NUM_SIZES];
  void *workspace;
  size_t workspace_bytes;
  moe_tensor outputs[NUM_SIZES][MAX_PARAMETERS];
  int status[NUM_SIZES];
  char message[256];
} runner;

static pthread_barrier_t barrier;

/* Many short runs, the last one first. */
static void run_backwards(void *context, int64_t count, moe_task *task, void *values) {
  ++*(int *)context;
  for (int64_t end = count; end > 0; end = end > 3 ? end - 3 : 0)
    task(end > 3 ? end - 3 : 0, end, values);
}

static void *run_all(void *argument) {
  runner *self = argument;
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < NUM_SIZES; ++i)
    self->status[i] = LAYER(_run)(self->layer, &self->args[i], self->workspace,
                                  self->workspace_bytes, NULL);
  pthread_barrier_wait(&barrier);
  return NULL;
}

static void *allocate_poisoned(size_t bytes) {
  void *memory;
  if (posix_memalign(&memory, 64, bytes + 64) != 0)
    die("no memory", "");
  memset(memory, 0xff, bytes + 64);
  return memory;
}

/* `rows` rows of a stored tensor, from the beginning whenever they end. */
static moe_tensor repeat_rows(stored_tensor stored, int64_t rows) {
  size_t row = stored.bytes / (size_t)stored.shape[0];
  char *data = allocate_poisoned(row * (size_t)rows);
  for (int64_t r = 0; r < rows; ++r)
    memcpy(data + row * (size_t)r, stored.data + row * (size_t)(r % stored.shape[0]), row);
  stored.shape[0] = rows;
  return make_tensor(stored.dtype, stored.rank, stored.shape, data);
}

/* The shortest of some runs of the most tokens, in milliseconds. */
static double time_run(const runner *self) {
  double best = INFINITY;
  for (int i = 0; i < 5; ++i) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    LAYER(_run)(self->layer, &self->args[NUM_SIZES - 1], self->workspace, self->workspace_bytes,
                NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    best = fmin(best, 1e3 * (double)(end.tv_sec - start.tv_sec) +
                          1e-6 * (double)(end.tv_nsec - start.tv_nsec));
  }
  return best;
}

int main(int argc, char **argv) {
  static described inputs[MAX_PARAMETERS], outputs[MAX_PARAMETERS];
  static runner runners[2];
  static moe_input weights[MAX_PARAMETERS], given[NUM_SIZES][MAX_PARAMETERS];
  size_t num_inputs = describe(LAYER(_manifest)(), "\"inputs\"", inputs);
  size_t num_outputs = describe(LAYER(_manifest)(), "\"outputs\"", outputs);
  char message[256] = "";
  moe_load_options options = {sizeof options, MOE_ABI_VERSION, 3, message, sizeof message};
  LAYER() *layer;
  int calls = 0, failures = 0;
  long before, after;
  if (argc != 6)
    die("expected", "<directory> <weights> <input> <expected> <tolerance>");
  stored_file weights_file = open_stored(argv[2]);
  stored_tensor input = find_stored(open_stored(argv[3]), "hidden_states");
  stored_tensor expected = find_stored(open_stored(argv[4]), "hidden_states");
  if (LAYER(_load)(argv[1], &options, &layer) != MOE_OK)
    die("load", message);
  for (size_t i = 1; i < num_inputs; ++i)
    weights[i] = read_weights(weights_file, &inputs[i]);

  for (int i = 0; i < NUM_SIZES; ++i) {
    moe_tensor *hidden = malloc(sizeof *hidden);
    *hidden = repeat_rows(input, sizes[i]);
    memcpy(given[i], weights, sizeof weights);
    given[i][0].tensors = hidden;
    given[i][0].count = 1;
  }
  for (int r = 0; r < 2; ++r) {
    runner *it = &runners[r];
    it->layer = layer;
    if (LAYER(_workspace_size)(layer, MAX_TOKENS, &it->workspace_bytes) != MOE_OK)
      die("workspace_size", "");
    it->workspace = allocate_poisoned(it->workspace_bytes);
    for (int i = 0; i < NUM_SIZES; ++i) {
      for (size_t o = 0; o < num_outputs; ++o) {
        stored_tensor width =
            o == 0 ? input : find_stored(open_stored(argv[4]), outputs[o].name);
        width.shape[0] = sizes[i];
        it->outputs[i][o] =
            make_tensor(outputs[o].dtype, 2, width.shape,
                        allocate_poisoned((size_t)(sizes[i] * width.shape[1] * 8)));
      }
      moe_args args = {sizeof args, MOE_ABI_VERSION, 0, given[i], num_inputs, it->outputs[i],
                       num_outputs, NULL, NULL, it->message, sizeof it->message};
      if (r == 1) {
        args.parallel_for = run_backwards;
        args.parallel_context = &calls;
      }
      it->args[i] = args;
    }
  }

  pthread_t threads[2];
  pthread_barrier_init(&barrier, NULL, 3);
  for (int r = 0; r < 2; ++r)
    pthread_create(&threads[r], NULL, run_all, &runners[r]);
  before = __atomic_load_n(&allocations, __ATOMIC_SEQ_CST);
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  after = __atomic_load_n(&allocations, __ATOMIC_SEQ_CST);
  for (int r = 0; r < 2; ++r)
    pthread_join(threads[r], NULL);

  for (int r = 0; r < 2; ++r)
    for (int i = 0; i < NUM_SIZES; ++i) {
      const moe_tensor *found = &runners[r].outputs[i][0];
      double error = compare(found->data, (size_t)(found->shape[0] * found->shape[1]),
                             outputs[0].dtype, expected);
      int wrong = runners[r].status[i] != MOE_OK || !(error <= strtod(argv[5], NULL));
      printf("thread %d, %d tokens: %s%s, error %.1e%s\n", r, (int)sizes[i],
             moe_status_string(runners[r].status[i]), runners[r].message, error,
             wrong ? ", WRONG" : "");
      failures += wrong;
    }
  printf("allocations: %ld\n", after - before);
  printf("parallel loops of the caller: %s\n", calls > 0 ? "some" : "none");
  printf("milliseconds of %d tokens: %.3f\n", MAX_TOKENS, time_run(&runners[0]));
  LAYER(_unload)(layer);
  return failures > 0 || after != before || calls == 0;
}
