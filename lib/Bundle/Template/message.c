/* ---------------------------------------------------------------- messages */

static int fail(int status, char *message, size_t size, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

static int fail(int status, char *message, size_t size, const char *format, ...) {
  if (message && size > 0) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, size, format, arguments);
    va_end(arguments);
  }
  return status;
}

