//===- DataType.h - Element types of stored tensors -------------*- C++ -*-===//

#ifndef MOE_CHECKPOINT_DATATYPE_H
#define MOE_CHECKPOINT_DATATYPE_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::moe {

/// The safetensors element types that are supported, in the order in which the
/// format's own writer sorts them: never from a larger to a smaller size.
enum class DataType : uint8_t {
  Bool, ///< one byte; any value but zero is true
  U8,
  I8,
  F8E5M2,
  F8E4M3, ///< the finite form (e4m3fn): no infinity, one NaN per sign
  F8E8M0, ///< a power of two from 2^-127 to 2^127, or NaN
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  F64,
  I64,
  U64,
};

/// The name in a safetensors header, such as "F32" or "F8_E4M3".
llvm::StringRef getName(DataType type);

/// The type of that name, if it is supported.
std::optional<DataType> parseDataType(llvm::StringRef name);

/// All supported names, separated by ", ", for error messages.
std::string listDataTypes();

/// Bytes of one element: 1, 2, 4 or 8. Also the alignment it wants.
unsigned getSize(DataType type);

/// Whether the type is Bool, signed or unsigned integer.
bool isInteger(DataType type);

/// The element of `type` at `source`, which need not be aligned. Exact, except
/// that integers of more than 53 bits are rounded to nearest even.
double readDouble(DataType type, const void *source);

/// Writes `value` as an element of `type` to `target`, which need not be
/// aligned.
/// * Floats are rounded to nearest even; what is too large becomes infinity or,
///   in a type without infinities, NaN.
/// * F8E8M0 takes the nearest power of two: 1.5 * 2^n goes up, zero to 2^-127,
///   and negative values become NaN.
/// * Integers are rounded to nearest even and clamped; NaN becomes 0.
/// * Bool is 0 for zero, else 1.
void writeDouble(DataType type, double value, void *target);

/// The element of an integer type; U64 wraps to negative numbers, so that two
/// elements of one type are equal exactly if their values are.
int64_t readInteger(DataType type, const void *source);

/// Writes `value` as an element of an integer type, modulo its number of bits;
/// Bool is 0 for zero, else 1.
void writeInteger(DataType type, int64_t value, void *target);

} // namespace mlir::moe

#endif // MOE_CHECKPOINT_DATATYPE_H
