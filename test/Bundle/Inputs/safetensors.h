/* Tensors of a safetensors file, found by the end of their name. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct stored_tensor {
  char dtype[8];
  int rank;
  long long shape[4];
  char *data;
  size_t bytes;
} stored_tensor;

typedef struct stored_file {
  char *header, *data;
} stored_file;

static void die(const char *what, const char *which) {
  fprintf(stderr, "%s: %s\n", what, which);
  exit(2);
}

static stored_file open_stored(const char *path) {
  stored_file result;
  unsigned char length[8];
  size_t header = 0, size;
  char *bytes;
  FILE *file = fopen(path, "rb");
  if (!file || fread(length, 1, 8, file) != 8)
    die("cannot read", path);
  for (int i = 8; i-- > 0;)
    header = header << 8 | length[i];
  fseek(file, 0, SEEK_END);
  size = (size_t)ftell(file) - 8;
  bytes = malloc(size + 1);
  fseek(file, 8, SEEK_SET);
  if (!bytes || fread(bytes, 1, size, file) != size)
    die("cannot read", path);
  fclose(file);
  result.header = malloc(header + 1);
  memcpy(result.header, bytes, header);
  result.header[header] = 0;
  result.data = bytes + header;
  return result;
}

static stored_tensor find_stored(stored_file file, const char *name) {
  stored_tensor tensor = {{0}, 0, {0}, NULL, 0};
  char key[256];
  char *at, *end;
  long long begin, stop;
  snprintf(key, sizeof key, "%s\":{", name);
  at = strstr(file.header, key);
  if (!at) {
    snprintf(key, sizeof key, "%s\": {", name);
    at = strstr(file.header, key);
  }
  if (!at)
    die("no tensor", name);
  end = strstr(at, "\"dtype\"");
  sscanf(end, "\"dtype\":%*[ \"]%7[A-Z0-9_]", tensor.dtype);
  at = strchr(strstr(at, "\"shape\""), '[') + 1;
  while (*at != ']') {
    tensor.shape[tensor.rank++] = strtoll(at, &end, 10);
    at = *end == ',' ? end + 1 : end;
    if (end == at && *at != ']')
      break;
  }
  at = strchr(strstr(at, "\"data_offsets\""), '[') + 1;
  begin = strtoll(at, &end, 10);
  stop = strtoll(end + 1, NULL, 10);
  tensor.data = file.data + begin;
  tensor.bytes = (size_t)(stop - begin);
  return tensor;
}

/* An element as a number. */
static double get_element(const char *dtype, const char *data, size_t index) {
  if (strcmp(dtype, "F32") == 0) {
    float value;
    memcpy(&value, data + 4 * index, 4);
    return value;
  }
  if (strcmp(dtype, "BF16") == 0) {
    unsigned short half;
    unsigned bits;
    float value;
    memcpy(&half, data + 2 * index, 2);
    bits = (unsigned)half << 16;
    memcpy(&value, &bits, 4);
    return value;
  }
  if (strcmp(dtype, "F16") == 0) {
    unsigned short half;
    int exponent;
    double value;
    memcpy(&half, data + 2 * index, 2);
    exponent = half >> 10 & 31;
    value = exponent ? ldexp(1024 + (half & 1023), exponent - 25) : ldexp(half & 1023, -24);
    return half & 0x8000 ? -value : value;
  }
  if (strcmp(dtype, "I32") == 0) {
    int value;
    memcpy(&value, data + 4 * index, 4);
    return value;
  }
  if (strcmp(dtype, "I64") == 0) {
    long long value;
    memcpy(&value, data + 8 * index, 8);
    return (double)value;
  }
  die("no such element type here", dtype);
  return 0;
}
