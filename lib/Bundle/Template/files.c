/* ---------------------------------------------------------------- files of the bundle */

/* Reads a file; the caller frees the bytes, if any, behind which is a zero. */
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

static int check_digest(const bundle_file *file, const char *found, size_t size, char *message,
                        size_t message_size) {
  sha256_state state;
  char digest[65];
  sha256_start(&state);
  sha256_add(&state, (const unsigned char *)found, size);
  sha256_finish(&state, digest);
  if (strcmp(digest, file->digest) != 0)
    return fail(MOE_TAMPERED, message, message_size, "%s has SHA-256 %s, expected %s", file->name,
                digest, file->digest);
  return MOE_OK;
}

/* "<directory>/<name>", which the caller frees, or null. */
static char *join_path(const char *directory, const char *name) {
  size_t size = strlen(directory) + strlen(name) + 2;
  char *path = malloc(size);
  if (path)
    snprintf(path, size, "%s/%s", directory, name);
  return path;
}

/* Reads a file of the bundle and checks it. */
static int read_checked(const char *directory, const bundle_file *file, char **bytes,
                        char *message, size_t message_size) {
  char *path = join_path(directory, file->name);
  size_t size;
  int status = path ? read_file(path, bytes, &size) : MOE_OUT_OF_MEMORY;
  free(path);
  if (status != MOE_OK)
    return fail(status, message, message_size, "cannot read %s/%s", directory, file->name);
  return file->digest ? check_digest(file, *bytes, size, message, message_size)
                      : check_manifest(*bytes, size, message, message_size);
}

/* The bytes of all files, in their order, or null. */
typedef struct file_contents {
  char *bytes[NUM_FILES];
} file_contents;

static void free_files(file_contents *contents) {
  for (int i = 0; i < NUM_FILES; ++i)
    free(contents->bytes[i]);
}

/* Reads all files and checks them; the caller frees them, whatever comes back. */
static int read_files(const char *directory, file_contents *contents, char *message,
                      size_t message_size) {
  int status = MOE_OK;
  memset(contents, 0, sizeof *contents);
  for (int i = 0; i < NUM_FILES && status == MOE_OK; ++i)
    status = read_checked(directory, &files[i], &contents->bytes[i], message, message_size);
  return status;
}
