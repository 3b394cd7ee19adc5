//===- Code.h - Writing loops over buffers as formulas ----------*- C++ -*-===//
//
// The lowerings read like the descriptions of their ops: a Term is an SSA value
// with operators, Code emits loops, loads and stores. All integers are of type
// index, and all floats of the one type an op computes in (f32, or f64 if an
// operand is f64): loads extend to it and stores round from it, so no formula
// mentions a cast. Code for devices (DeviceCode) has integers of 32 bits, too.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_CODE_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_CODE_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace mlir::moe {

class Code;

/// A scalar (index, i1 or the compute type) or vector value that can be
/// computed with.
struct Term {
  Code *code = nullptr;
  Value value;

  operator Value() const { return value; }
  explicit operator bool() const { return static_cast<bool>(value); }
  Type type() const { return value.getType(); }
};

class Code {
public:
  using Body = function_ref<void(Term)>;
  using Step = function_ref<Term(Term iteration, Term accumulated)>;
  using Steps = function_ref<SmallVector<Term>(Term iteration,
                                               ArrayRef<Term> accumulated)>;

  Code(OpBuilder &builder, Location loc, FloatType real)
      : builder(builder), loc(loc), realType(real) {}

  OpBuilder &builder;
  Location loc;
  /// The float type that arithmetic is done in.
  FloatType realType;
  /// Iterations of parallel loops should be short and many, and have no memory
  /// of their own: a GPU runs them.
  bool hasManyThreads = false;
  /// How many tokens the code is expected to be run for.
  int64_t tokens = 512;

  Term term(Value value) { return {this, value}; }
  SmallVector<Term> terms(ValueRange values);

  // Constants.
  Term index(int64_t value);
  /// A number of an integer type.
  Term integer(Type type, int64_t value);
  Term real(double value);
  Term boolean(bool value);

  // Buffers. Indices are terms of type index; i32 elements are sign-extended to
  // index.
  /// The memory of a tensor, to be read.
  Value buffer(Value tensor);
  /// A new buffer for a tensor of `type`, or of elements of `type`, given the
  /// size of every dimension.
  Value allocate(Type type, ArrayRef<Term> sizes);
  /// Gives back a buffer before the end of the function.
  void deallocate(Value buffer);
  /// Memory on the stack of the thread, for one iteration of a parallel loop.
  Value allocateOnStack(ArrayRef<int64_t> shape, Type element);
  /// The tensor in a buffer that this code has written.
  Value tensor(Value buffer, Type type);
  Term dim(Value shaped, unsigned index);
  Term load(Value buffer, ArrayRef<Term> at);
  void store(Term value, Value buffer, ArrayRef<Term> at);
  /// Adds to the element, which has the type of the term, as one step.
  void addAtomically(Term value, Value buffer, ArrayRef<Term> at);
  void fill(Value buffer, Term value);

  // Control.
  void forEach(Term count, Body body) { forRange(index(0), count, 1, body); }
  void forRange(Term begin, Term end, int64_t step, Body body);
  /// Iterations may run at the same time; `body` writes disjoint memory in
  /// each.
  void parallel(Term count, Body body);
  /// Runs body for begin <= i < end and threads one value, or several, through
  /// it.
  Term fold(Term begin, Term end, Term init, Step step);
  SmallVector<Term> fold(Term begin, Term end, ArrayRef<Term> init,
                         Steps step) {
    return fold(begin, end, 1, init, step);
  }
  SmallVector<Term> fold(Term begin, Term end, int64_t stride,
                         ArrayRef<Term> init, Steps step);
  Term fold(Term count, Term init, Step step) {
    return fold(index(0), count, init, step);
  }
  void ifThen(Term condition, function_ref<void()> body);
  /// Computes only the branch that is taken, for a branch that may not be
  /// computed otherwise.
  Term lazySelect(Term condition, function_ref<Term()> yes,
                  function_ref<Term()> no);
  SmallVector<Term> lazySelect(Term condition,
                               function_ref<SmallVector<Term>()> yes,
                               function_ref<SmallVector<Term>()> no);
  /// Repeats `step` on the values while `condition` holds for them.
  SmallVector<Term>
  loopWhile(ArrayRef<Term> init, function_ref<Term(ArrayRef<Term>)> condition,
            function_ref<SmallVector<Term>(ArrayRef<Term>)> step);

  // Functions that are not operators.
  Term select(Term condition, Term yes, Term no);
  Term min(Term a, Term b);
  /// The larger one; NaN if one of two floats is NaN.
  Term max(Term a, Term b);
  Term ceilDiv(Term a, Term b);
  Term toReal(Term integer);
  Term isNan(Term a);
  /// Fused a * b + c, on floats or vectors of floats.
  Term fma(Term a, Term b, Term c);
  Term exp(Term a);
  Term log(Term a);
  /// log(1 + a) for finite a, to full precision near 0.
  Term log1p(Term a);
  Term sqrt(Term a);
  Term tanh(Term a);
  Term erf(Term a);
  Term absolute(Term a);
  Term power(Term a, Term b);
  Term sigmoid(Term a);
  /// The nearest value of `element`, in the compute type.
  Term roundTo(Type element, Term a);
  /// An integer whose order is that of the number: equal zeros, NaN above all.
  Term orderKey(Term a);

  /// A float converted to `type`, by extension or rounding; equal types change
  /// nothing. Between f64 and 16 bits it passes through f32, so that it may be
  /// rounded twice.
  Value convert(Value value, Type type);
};

/// Arithmetic on two terms of one type, or of a term and a number.
Term operator+(Term a, Term b);
Term operator-(Term a, Term b);
Term operator*(Term a, Term b);
/// Float division, or signed division that rounds toward zero.
Term operator/(Term a, Term b);
Term operator%(Term a, Term b);
Term operator-(Term a);
/// Ordered comparisons: false if a float is NaN.
Term operator<(Term a, Term b);
Term operator<=(Term a, Term b);
Term operator==(Term a, Term b);
/// For floats unordered: true if one is NaN.
Term operator!=(Term a, Term b);
inline Term operator>(Term a, Term b) { return b < a; }
inline Term operator>=(Term a, Term b) { return b <= a; }
Term operator&&(Term a, Term b);
Term operator||(Term a, Term b);
Term operator!(Term a);

/// The quotient of an index, which is never negative here, and a size.
Term divideIndex(Term index, int64_t size);

/// `value` in the type of `like`.
Term number(Term like, double value);
#define MOE_TERM_WITH_NUMBER(op)                                               \
  inline Term operator op(Term a, double b) { return a op number(a, b); }      \
  inline Term operator op(double a, Term b) { return number(b, a) op b; }
MOE_TERM_WITH_NUMBER(+)
MOE_TERM_WITH_NUMBER(-)
MOE_TERM_WITH_NUMBER(*)
MOE_TERM_WITH_NUMBER(/)
MOE_TERM_WITH_NUMBER(%)
MOE_TERM_WITH_NUMBER(<)
MOE_TERM_WITH_NUMBER(<=)
MOE_TERM_WITH_NUMBER(>)
MOE_TERM_WITH_NUMBER(>=)
MOE_TERM_WITH_NUMBER(==)
MOE_TERM_WITH_NUMBER(!=)
#undef MOE_TERM_WITH_NUMBER

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_CODE_H
