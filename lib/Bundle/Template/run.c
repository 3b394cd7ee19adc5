/* ---------------------------------------------------------------- running */

/* Whether there is anything to compute. */
static int has_outputs(const checked_run *run) {
  for (size_t i = 0; i < NUM_OUTPUTS; ++i)
    if (run->outputs[i].begin != run->outputs[i].end)
      return 1;
  return 0;
}

int moe_LAYER_run(const moe_LAYER *layer, const moe_args *args, void *workspace,
                  size_t workspace_bytes, void *stream) {
  checked_run run;
  void **table = workspace;
  int index, status = check_args(layer, args, &run);
  if (status != MOE_OK)
    return status;
  run.device = layer->machine.device;
  index = find_variant(run.tokens);
  if (index < 0)
    return FAIL(&run, MOE_BAD_TOKENS, "%lld tokens, expected 0 or %lld to %lld",
                (long long)run.tokens, (long long)variants[0].first_tokens,
                (long long)variants[NUM_VARIANTS - 1].last_tokens);
  status = check_outputs(&run);
  if (status == MOE_OK)
    status = check_workspace(&run,
                             table_bytes() + (size_t)layer->workspace_size[index](run.tokens),
                             workspace, workspace_bytes);
  for (size_t i = 0; i < NUM_INPUTS && status == MOE_OK; ++i) {
    int has_table = inputs[i].experts > 0 && !STACKED_EXPERTS;
    status = check_input(&run, i, has_table ? table : NULL);
    if (has_table) {
      run.buffers[i] = table;
      table += inputs[i].experts;
    }
  }
  if (status != MOE_OK || !has_outputs(&run))
    return status;
  return execute(&layer->machine, index, layer->run[index], &run,
                 (char *)workspace + table_bytes(), stream);
}
