
/* ---------------------------------------------------------------- functions of shared objects */

/* ISO C has no conversion between pointers to objects and to functions. */
static int find_function(void *object, const char *symbol, const char *suffix, void *function) {
  char name[256];
  void *address;
  snprintf(name, sizeof name, "%s%s", symbol, suffix);
  address = dlsym(object, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}
