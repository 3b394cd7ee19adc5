/* ---------------------------------------------------------------- loading */

typedef int64_t size_function(int64_t tokens);

struct moe_LAYER {
  void *object;
  entry_function *run[NUM_VARIANTS];
  size_function *workspace_size[NUM_VARIANTS];
  machine machine;
};

int moe_LAYER_abi_version(void) { return MOE_ABI_VERSION; }

const char *moe_LAYER_manifest(void) { return manifest; }

int moe_LAYER_supports(int32_t device, char *why, size_t why_size) {
  return check_machine(device, why, why_size);
}

static int open_object(moe_LAYER *layer, const char *directory, char *message,
                       size_t message_size) {
  char *path = join_path(directory, files[OBJECT_FILE].name);
  if (!path)
    return MOE_OUT_OF_MEMORY;
  layer->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  free(path);
  if (!layer->object)
    return fail(MOE_LOAD_FAILED, message, message_size, "%s", dlerror());
  for (int i = 0; i < NUM_VARIANTS; ++i)
    if (!find_function(layer->object, variants[i].symbol, "", &layer->run[i]) ||
        !find_function(layer->object, variants[i].symbol, "_workspace_size",
                       &layer->workspace_size[i]))
      return fail(MOE_LOAD_FAILED, message, message_size, "%s has no function %s",
                  files[OBJECT_FILE].name, variants[i].symbol);
  return MOE_OK;
}

int moe_LAYER_load(const char *directory, const moe_load_options *options, moe_LAYER **layer) {
  moe_load_options given = {sizeof given, MOE_ABI_VERSION, 0, NULL, 0, 0};
  moe_LAYER *loaded;
  file_contents contents;
  int status;
  if (options) {
    if (options->size < sizeof *options || options->abi > MOE_ABI_VERSION)
      return MOE_BAD_ABI;
    given = *options;
  }
  if (!directory || !layer)
    return fail(MOE_NULL_POINTER, given.message, given.message_size,
                "the directory or layer is null");
  *layer = NULL;
  loaded = calloc(1, sizeof *loaded);
  if (!loaded)
    return MOE_OUT_OF_MEMORY;
  status = read_files(directory, &contents, given.message, given.message_size);
  if (status == MOE_OK)
    status = open_machine(&loaded->machine, &contents, &given);
  free_files(&contents);
  if (status != MOE_OK) {
    free(loaded);
    return status;
  }
  status = open_object(loaded, directory, given.message, given.message_size);
  if (status != MOE_OK) {
    moe_LAYER_unload(loaded);
    return status;
  }
  *layer = loaded;
  return MOE_OK;
}

void moe_LAYER_unload(moe_LAYER *layer) {
  if (!layer)
    return;
  close_machine(&layer->machine);
  if (layer->object)
    dlclose(layer->object);
  free(layer);
}

/* ---------------------------------------------------------------- choosing */

/* The variant for a number of tokens, or -1. None take the first. */
static int find_variant(int64_t tokens) {
  if (tokens == 0)
    return 0;
  for (int i = 0; i < NUM_VARIANTS; ++i)
    if (variants[i].first_tokens <= tokens && tokens <= variants[i].last_tokens)
      return i;
  return -1;
}

/* Tables of addresses lie before what the code asks for. */
static size_t table_bytes(void) {
  return (NUM_ADDRESSES * sizeof(void *) + 63) / 64 * 64;
}

int moe_LAYER_workspace_size(const moe_LAYER *layer, int64_t max_tokens, size_t *bytes) {
  int64_t largest = 0;
  if (!layer || !bytes)
    return MOE_NULL_POINTER;
  if (max_tokens < 0 || max_tokens > variants[NUM_VARIANTS - 1].last_tokens)
    return MOE_BAD_TOKENS;
  for (int i = 0; i < NUM_VARIANTS; ++i) {
    int64_t last = variants[i].last_tokens < max_tokens ? variants[i].last_tokens : max_tokens;
    int64_t size = i == 0 || variants[i].first_tokens <= max_tokens
                       ? layer->workspace_size[i](last)
                       : 0;
    largest = size > largest ? size : largest;
  }
  *bytes = table_bytes() + (size_t)largest;
  return MOE_OK;
}

int moe_LAYER_resolve(const moe_LAYER *layer, int64_t tokens, moe_choice *choice) {
  int index = find_variant(tokens);
  if (!layer || !choice)
    return MOE_NULL_POINTER;
  if (choice->size < sizeof *choice)
    return MOE_BAD_ABI;
  if (index < 0)
    return MOE_BAD_TOKENS;
  choice->variant = index;
  choice->kind = variants[index].kind;
  choice->target = variants[index].target;
  choice->symbol = variants[index].symbol;
  choice->schedule = variants[index].schedule;
  choice->first_tokens = variants[index].first_tokens;
  choice->last_tokens = variants[index].last_tokens;
  choice->why = tokens == 0 ? "the first variant, as there are no tokens"
                            : "the variant whose range has the number of tokens";
  return MOE_OK;
}

