/* The tensors of a layer from safetensors files, by what its manifest says of them. Included behind
 * the header of the layer, whose name is LAYER_NAME. */

#include "safetensors.h"

#define JOIN2(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN2(a, b, c)
#define LAYER(function) JOIN(moe_, LAYER_NAME, function)

enum { MAX_PARAMETERS = 16 };

/* What the manifest says of an input or output. */
typedef struct described {
  char name[128], dtype[8];
  size_t experts;
  long long width; /* the last extent */
} described;

/* The last number of the list that begins behind `at`. */
static long long last_number(const char *at) {
  const char *end = strchr(at, ']');
  long long number = 0;
  for (at = strchr(at, '['); at < end; ++at)
    if (*at >= '0' && *at <= '9')
      number = strtoll(at, (char **)&at, 10);
  return number;
}

/* Objects of the list that begins behind `key`. */
static size_t describe(const char *manifest, const char *key, described *list) {
  const char *at = strstr(manifest, key);
  const char *end = strstr(at, "\n  ]");
  size_t count = 0;
  while ((at = strstr(at, "\"dtype\"")) && at < end) {
    const char *name = strstr(at, "\"name\"");
    const char *experts = strstr(at, "\"experts\"");
    described *it = &list[count++];
    it->experts = 0;
    sscanf(at, "\"dtype\": \"%7[A-Z0-9_]", it->dtype);
    sscanf(name, "\"name\": \"%127[^\"]", it->name);
    if (experts && experts < name)
      it->experts = (size_t)strtoul(experts + 11, NULL, 10);
    it->width = last_number(strstr(name, "\"shape\""));
    at = name;
  }
  return count;
}

static moe_dtype get_dtype(const char *name) {
  moe_dtype f32 = {2, 32, 1}, f16 = {2, 16, 1}, bf16 = {4, 16, 1}, i32 = {0, 32, 1};
  if (strcmp(name, "F16") == 0)
    return f16;
  return strcmp(name, "F32") == 0 ? f32 : strcmp(name, "BF16") == 0 ? bf16 : i32;
}

static moe_tensor make_tensor(const char *dtype, int rank, long long *shape, void *data) {
  moe_tensor tensor = {data, {1, 0}, 0, {0, 0, 0}, NULL, NULL, 0};
  tensor.ndim = rank;
  tensor.dtype = get_dtype(dtype);
  tensor.shape = malloc(4 * sizeof *tensor.shape);
  for (int d = 0; d < rank; ++d)
    tensor.shape[d] = shape[d];
  return tensor;
}

static moe_tensor read_tensor(stored_file file, const char *name) {
  stored_tensor stored = find_stored(file, name);
  return make_tensor(stored.dtype, stored.rank, stored.shape, stored.data);
}

static moe_input read_weights(stored_file file, const described *parameter) {
  moe_input input = {NULL, parameter->experts ? parameter->experts : 1};
  moe_tensor *tensors = malloc(input.count * sizeof *tensors);
  const char *hole = strstr(parameter->name, "{expert}");
  for (size_t e = 0; e < input.count; ++e) {
    char name[160];
    if (hole)
      snprintf(name, sizeof name, "%.*s%zu%s", (int)(hole - parameter->name), parameter->name, e,
               hole + 8);
    else
      snprintf(name, sizeof name, "%s", parameter->name);
    tensors[e] = read_tensor(file, name);
  }
  input.tensors = tensors;
  return input;
}

/* ||found - expected|| / ||expected||, where expected rows repeat. */
static double compare(const char *found, size_t count, const char *dtype, stored_tensor expected) {
  double difference = 0, norm = 0;
  size_t period = (size_t)(expected.shape[0] * expected.shape[1]);
  for (size_t i = 0; i < count; ++i) {
    double e = get_element(expected.dtype, expected.data, i % period);
    double f = get_element(dtype, found, i);
    difference += (f - e) * (f - e);
    norm += e * e;
  }
  return count ? sqrt(difference / norm) : 0;
}
