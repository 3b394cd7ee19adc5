//===- Fiber.h - Threads of control that switch by hand ---------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_FIBER_H
#define MOE_LIB_SIMULATOR_FIBER_H

#include <cstddef>
#include <vector>

namespace mlir::moe::sim {

/// The memory of a stack, with a page below it that faults.
struct Stack {
  char *base = nullptr;
  size_t size = 0;
};

/// Stacks that ended fibers leave for new ones.
class StackPool {
public:
  ~StackPool();
  Stack take();
  void give(Stack stack) { free.push_back(stack); }

private:
  std::vector<Stack> free;
};

/// A place where a thread of control stands still: a fiber that is not running,
/// or the code that resumed one.
class Context {
public:
  /// Stops here and goes on at `to`.
  void switchTo(Context &to);

  /// Makes a first switch to this context call `entry(argument)`, which must
  /// not return.
  void start(Stack stack, void (*entry)(void *), void *argument);

  const Stack &getStack() const { return stack; }

private:
  static void enter();

  void *pointer = nullptr;
  void (*entry)(void *) = nullptr;
  void *argument = nullptr;
  Stack stack;
  /// What AddressSanitizer keeps for a stack.
  void *shadow = nullptr;
};

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_FIBER_H
