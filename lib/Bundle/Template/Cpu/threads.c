/* ---------------------------------------------------------------- threads of a layer */

#include <pthread.h>
#include <unistd.h>

/* A parallel loop. It lives on the stack of the thread that runs it. */
typedef struct job {
  struct job *next;
  moe_task *task;
  void *values;
  int64_t begin, count, step; /* iterations from `begin` on are not yet taken */
  int active;                 /* threads at work on it */
} job;

typedef struct thread_pool {
  pthread_mutex_t lock; /* of all that follows, and of all jobs */
  pthread_cond_t wake, done;
  job *first, *last; /* with iterations that are not yet taken */
  int stopped;
  unsigned num_workers;
  pthread_t *workers;
} thread_pool;

static void remove_job(thread_pool *pool, job *done) {
  job *before = NULL;
  for (job *it = pool->first; it != done; it = it->next)
    before = it;
  if (before)
    before->next = done->next;
  else
    pool->first = done->next;
  if (pool->last == done)
    pool->last = before;
}

/* Takes small runs of iterations until none is left, so that uneven ones even out. The lock
 * is held on entry and on return. */
static void work_on(thread_pool *pool, job *loop) {
  ++loop->active;
  while (loop->begin < loop->count) {
    int64_t begin = loop->begin;
    int64_t end = loop->count - begin < loop->step ? loop->count : begin + loop->step;
    loop->begin = end;
    if (end == loop->count)
      remove_job(pool, loop);
    pthread_mutex_unlock(&pool->lock);
    loop->task(begin, end, loop->values);
    pthread_mutex_lock(&pool->lock);
  }
  if (--loop->active == 0)
    pthread_cond_broadcast(&pool->done);
}

static void *run_worker(void *argument) {
  thread_pool *pool = argument;
  pthread_mutex_lock(&pool->lock);
  while (!pool->stopped) {
    if (pool->first)
      work_on(pool, pool->first);
    else
      pthread_cond_wait(&pool->wake, &pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

/* A moe_parallel_for. */
static void run_parallel(void *context, int64_t count, moe_task *task, void *values) {
  thread_pool *pool = context;
  job loop = {NULL, task, values, 0, count, count / (8 * ((int64_t)pool->num_workers + 1)), 0};
  if (count <= 0)
    return;
  if (count == 1 || pool->num_workers == 0) {
    task(0, count, values);
    return;
  }
  if (loop.step == 0)
    loop.step = 1;
  pthread_mutex_lock(&pool->lock);
  if (pool->last)
    pool->last->next = &loop;
  else
    pool->first = &loop;
  pool->last = &loop;
  pthread_cond_broadcast(&pool->wake);
  work_on(pool, &loop);
  while (loop.active > 0)
    pthread_cond_wait(&pool->done, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
}

static void stop_threads(thread_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  pool->stopped = 1;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
  for (unsigned i = 0; i < pool->num_workers; ++i)
    pthread_join(pool->workers[i], NULL);
  free(pool->workers);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->lock);
}

/* Together with the caller `threads` threads, or one for each processor. */
static int start_threads(thread_pool *pool, unsigned threads) {
  if (threads == 0) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    threads = processors > 1 ? (unsigned)processors : 1;
  }
  memset(pool, 0, sizeof *pool);
  pool->workers = calloc(threads, sizeof *pool->workers);
  if (!pool->workers)
    return MOE_OUT_OF_MEMORY;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->done, NULL);
  while (pool->num_workers + 1 < threads) {
    if (pthread_create(&pool->workers[pool->num_workers], NULL, run_worker, pool) != 0) {
      stop_threads(pool);
      return MOE_LOAD_FAILED;
    }
    ++pool->num_workers;
  }
  return MOE_OK;
}

