/* Written by moe-compile. */

#define _POSIX_C_SOURCE 200809L

#include "LAYER.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- what is this layer's */

enum { MAX_RANK = 4, TOKENS = -1 };

/* What one tensor of an input or output must be like. */
typedef struct parameter {
  const char *name;
  moe_dtype dtype;
  int any_sign; /* bytes, with or without a sign */
  size_t experts; /* that have tensors of their own, or 0 */
  int32_t rank;
  int64_t shape[MAX_RANK]; /* TOKENS: the number of tokens */
} parameter;

/* Code for a range of numbers of tokens. */
typedef struct variant {
  int kind; /* enum moe_kind */
  const char *target, *symbol, *schedule;
  int code; /* variants that share code have the same number */
  int64_t first_tokens, last_tokens;
} variant;

/* A file that is loaded. Without a digest it is the manifest. */
typedef struct bundle_file {
  const char *name, *digest;
} bundle_file;

