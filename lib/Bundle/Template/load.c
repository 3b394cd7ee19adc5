/* ---------------------------------------------------------------- loading */

typedef void entry_function(void *const *buffers, int64_t tokens, void *workspace,
                            moe_parallel_for *run, void *context);
typedef int64_t size_function(int64_t tokens);

struct moe_LAYER {
  void *object;
  entry_function *run[NUM_VARIANTS];
  size_function *workspace_size[NUM_VARIANTS];
  thread_pool threads;
};

int moe_LAYER_abi_version(void) { return MOE_ABI_VERSION; }

const char *moe_LAYER_manifest(void) { return manifest; }

/* Reads a file; the caller frees the bytes, behind which is a zero. */
static int read_file(const char *path, char **bytes, size_t *size) {
  FILE *file = fopen(path, "rb");
  long end = -1;
  if (!file)
    return MOE_FILE_ERROR;
  if (fseek(file, 0, SEEK_END) == 0)
    end = ftell(file);
  if (end < 0 || fseek(file, 0, SEEK_SET) != 0) {
    fclose(file);
    return MOE_FILE_ERROR;
  }
  *size = (size_t)end;
  *bytes = malloc(*size + 1);
  if (!*bytes) {
    fclose(file);
    return MOE_OUT_OF_MEMORY;
  }
  if (fread(*bytes, 1, *size, file) != *size) {
    free(*bytes);
    fclose(file);
    return MOE_FILE_ERROR;
  }
  (*bytes)[*size] = 0;
  fclose(file);
  return MOE_OK;
}

/* A manifest begins with its version, so that later ones can be told from damaged ones. */
static int check_manifest(const char *found, size_t size, char *message, size_t message_size) {
  size_t behind = OWN_DIGEST_OFFSET + 64;
  int version;
  if (sscanf(found, " { \"abi\" : %d", &version) == 1 && version > MOE_ABI_VERSION)
    return fail(MOE_BAD_ABI, message, message_size,
                "manifest.json has ABI version %d, expected at most %d", version,
                MOE_ABI_VERSION);
  if (size != sizeof manifest - 1 || memcmp(found, manifest, OWN_DIGEST_OFFSET) != 0 ||
      memcmp(found + behind, manifest + behind, size - behind) != 0)
    return fail(MOE_TAMPERED, message, message_size,
                "manifest.json is not the one that was compiled with the layer");
  return MOE_OK;
}

static int check_object(const char *found, size_t size, char *message, size_t message_size) {
  sha256_state state;
  char digest[65];
  sha256_start(&state);
  sha256_add(&state, (const unsigned char *)found, size);
  sha256_finish(&state, digest);
  if (strcmp(digest, object_digest) != 0)
    return fail(MOE_TAMPERED, message, message_size, "%s has SHA-256 %s, expected %s",
                object_file, digest, object_digest);
  return MOE_OK;
}

typedef int check_function(const char *found, size_t size, char *message, size_t message_size);

static int check_file(const char *path, check_function *check, char *message,
                      size_t message_size) {
  char *bytes;
  size_t size;
  int status = read_file(path, &bytes, &size);
  if (status != MOE_OK)
    return fail(status, message, message_size, "cannot read %s", path);
  status = check(bytes, size, message, message_size);
  free(bytes);
  return status;
}

/* ISO C has no conversion between pointers to objects and to functions. */
static int find_function(void *object, const char *symbol, const char *suffix, void *function) {
  char name[256];
  void *address;
  snprintf(name, sizeof name, "%s%s", symbol, suffix);
  address = dlsym(object, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

static int open_object(moe_LAYER *layer, const char *path, char *message, size_t message_size) {
  layer->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!layer->object)
    return fail(MOE_LOAD_FAILED, message, message_size, "%s", dlerror());
  for (int i = 0; i < NUM_VARIANTS; ++i)
    if (!find_function(layer->object, variants[i].symbol, "", &layer->run[i]) ||
        !find_function(layer->object, variants[i].symbol, "_workspace_size",
                       &layer->workspace_size[i]))
      return fail(MOE_LOAD_FAILED, message, message_size, "%s has no function %s", path,
                  variants[i].symbol);
  return MOE_OK;
}

static int check_bundle(const char *directory, const char *object_path, char *message,
                        size_t message_size) {
  size_t size = strlen(directory) + sizeof "/manifest.json";
  char *path = malloc(size);
  int status;
  if (!path)
    return MOE_OUT_OF_MEMORY;
  snprintf(path, size, "%s/manifest.json", directory);
  status = check_file(path, check_manifest, message, message_size);
  free(path);
  if (status == MOE_OK)
    status = check_file(object_path, check_object, message, message_size);
  if (status == MOE_OK)
    status = moe_LAYER_supports(message, message_size);
  return status;
}

int moe_LAYER_load(const char *directory, const moe_load_options *options, moe_LAYER **layer) {
  char *message = NULL, *path;
  size_t message_size = 0, path_size;
  moe_LAYER *loaded;
  int status;
  if (options) {
    if (options->size < sizeof *options || options->abi > MOE_ABI_VERSION)
      return MOE_BAD_ABI;
    message = options->message;
    message_size = options->message_size;
  }
  if (!directory || !layer)
    return fail(MOE_NULL_POINTER, message, message_size, "the directory or layer is null");
  *layer = NULL;
  path_size = strlen(directory) + sizeof object_file + 1;
  path = malloc(path_size);
  loaded = calloc(1, sizeof *loaded);
  status = path && loaded ? MOE_OK : MOE_OUT_OF_MEMORY;
  if (status == MOE_OK) {
    snprintf(path, path_size, "%s/%s", directory, object_file);
    status = check_bundle(directory, path, message, message_size);
  }
  if (status == MOE_OK)
    status = open_object(loaded, path, message, message_size);
  if (status == MOE_OK) {
    status = start_threads(&loaded->threads, options ? options->threads : 0);
    if (status != MOE_OK)
      fail(status, message, message_size, "cannot start threads");
  }
  if (status == MOE_OK) {
    *layer = loaded;
  } else if (loaded) {
    if (loaded->object)
      dlclose(loaded->object);
    free(loaded);
  }
  free(path);
  return status;
}

void moe_LAYER_unload(moe_LAYER *layer) {
  if (!layer)
    return;
  stop_threads(&layer->threads);
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

