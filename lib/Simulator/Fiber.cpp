//===- Fiber.cpp - Threads of control that switch by hand -----------------===//

#include "Fiber.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

using namespace mlir::moe::sim;

#ifndef __x86_64__
#error "the simulator switches fibers with x86-64 instructions"
#endif

/// Saves what a call must preserve, stores the stack pointer in `*from` and
/// goes on with the stack pointer `to`.
extern "C" void moe_sim_switch_stack(void **from, void *to);
asm(R"(
.text
.type moe_sim_switch_stack,@function
moe_sim_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size moe_sim_switch_stack, .-moe_sim_switch_stack
)");

//===----------------------------------------------------------------------===//
// Stacks
//===----------------------------------------------------------------------===//

// Compiled kernels spill hundreds of accumulator registers.
static constexpr size_t stackSize = 256 << 10;

Stack StackPool::take() {
  if (!free.empty()) {
    Stack stack = free.back();
    free.pop_back();
    return stack;
  }
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void *memory = mmap(nullptr, stackSize + page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, page, PROT_NONE) != 0) {
    std::fputs("error: out of memory for the stacks of simulated threads\n",
               stderr);
    std::_Exit(1);
  }
  return {static_cast<char *>(memory) + page, stackSize};
}

StackPool::~StackPool() {
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (Stack stack : free)
    munmap(stack.base - page, stack.size + page);
}

//===----------------------------------------------------------------------===//
// Switching
//===----------------------------------------------------------------------===//

namespace {
/// The two ends of the switch under way: the code that arrives needs them and
/// has no other way to be told.
struct Switch {
  Context *from = nullptr;
  Context *to = nullptr;
};
} // namespace

static Switch current;

#if __has_feature(address_sanitizer)
static void announce(void **shadow, const Stack &stack) {
  __sanitizer_start_switch_fiber(shadow, stack.base, stack.size);
}
static void arrive(void *shadow, Stack &previous) {
  const void *base;
  size_t size;
  __sanitizer_finish_switch_fiber(shadow, &base, &size);
  // The first switch away from the process's own stack tells where it is.
  if (!previous.base)
    previous = {static_cast<char *>(const_cast<void *>(base)), size};
}
static void forget(const Stack &stack) {
  __asan_unpoison_memory_region(stack.base, stack.size);
}
#else
static void announce(void **, const Stack &) {}
static void arrive(void *, Stack &) {}
static void forget(const Stack &) {}
#endif

void Context::switchTo(Context &to) {
  current = {this, &to};
  announce(&shadow, to.stack);
  moe_sim_switch_stack(&pointer, to.pointer);
  arrive(shadow, current.from->stack);
}

void Context::enter() {
  Context &self = *current.to;
  arrive(nullptr, current.from->stack);
  self.entry(self.argument);
  std::abort();
}

void Context::start(Stack newStack, void (*newEntry)(void *),
                    void *newArgument) {
  stack = newStack;
  entry = newEntry;
  argument = newArgument;
  forget(stack);
  // What the switch pops: six registers, then the address to return to. At the
  // start of a function the stack pointer is 8 below a multiple of 16.
  auto **top = reinterpret_cast<void **>(stack.base + stack.size);
  *--top = nullptr;
  *--top = reinterpret_cast<void *>(&Context::enter);
  for (int i = 0; i < 6; ++i)
    *--top = nullptr;
  pointer = top;
}
