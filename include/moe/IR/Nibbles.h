//===- Nibbles.h - Codes of four bits in a tensor ---------------*- C++ -*-===//

#ifndef MOE_IR_NIBBLES_H
#define MOE_IR_NIBBLES_H

#include "moe/IR/MoE.h"

namespace mlir::moe {

/// How many codes an element of type i8 or i32 holds.
inline int64_t countNibbles(Type element) {
  return element.getIntOrFloatBitWidth() / 4;
}

/// Which nibble of its element has the code that is number `index` of `count`.
inline int64_t getNibble(NibbleOrder order, int64_t index, int64_t count) {
  return order == NibbleOrder::ascending
             ? index
             : index / 2 + (index % 2) * (count / 2);
}

/// Whether `packed` has the shape `shape`, but in its last dimension
/// (`alongLast`) or in the one before it elements of `count` codes each.
inline bool isPacked(ArrayRef<int64_t> packed, ArrayRef<int64_t> shape,
                     int64_t count, bool alongLast) {
  if (packed.size() < 2 || ShapedType::isDynamicShape(packed))
    return false;
  SmallVector<int64_t> unpacked(packed);
  unpacked[unpacked.size() - (alongLast ? 1 : 2)] *= count;
  return ArrayRef(unpacked) == shape;
}

} // namespace mlir::moe

#endif // MOE_IR_NIBBLES_H
