/* ---------------------------------------------------------------- the CPU as a machine */

typedef void entry_function(void *const *buffers, int64_t tokens, void *workspace,
                            moe_parallel_for *run, void *context);

typedef struct machine {
  int32_t device;
  thread_pool threads;
} machine;

static int open_machine(machine *opened, const file_contents *contents,
                        const moe_load_options *options) {
  int status = check_machine(options->device, options->message, options->message_size);
  (void)contents;
  if (status != MOE_OK)
    return status;
  status = start_threads(&opened->threads, options->threads);
  if (status != MOE_OK)
    fail(status, options->message, options->message_size, "cannot start threads");
  return status;
}

static void close_machine(machine *opened) { stop_threads(&opened->threads); }

static int execute(const machine *on, int index, entry_function *entry, const checked_run *run,
                   void *workspace, void *stream) {
  const moe_args *args = run->args;
  (void)index;
  (void)stream;
  entry(run->buffers, run->tokens, workspace,
        args->parallel_for ? args->parallel_for : run_parallel,
        args->parallel_for ? args->parallel_context : (void *)&on->threads);
  return MOE_OK;
}
