//===- SanitizerOptions.cpp - Defaults of AddressSanitizer ----------------===//
//
// Part of every program that is built with AddressSanitizer.
//
//===----------------------------------------------------------------------===//

/// The packaged MLIR is not instrumented: it uses memory of allocators that our
/// copies of their inline functions have poisoned. And a layer that asks for
/// too much memory must get to its error.
extern "C" __attribute__((no_sanitize("address", "undefined", "coverage")))
const char *
__asan_default_options() {
  return "allow_user_poisoning=0:allocator_may_return_null=1";
}
