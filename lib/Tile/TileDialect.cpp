//===- TileDialect.cpp - The tile dialect and its types -------------------===//

#include "moe/Tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe::tile;

#include "moe/Tile/TileDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "moe/Tile/TileTypes.cpp.inc"

#define GET_OP_CLASSES
#include "moe/Tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "moe/Tile/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/Tile/TileOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// `<` dimensions `x` element `>`, with as many dimensions as `sizes`.
static ParseResult parseShape(AsmParser &parser, MutableArrayRef<int64_t> sizes,
                              Type &element) {
  SmallVector<int64_t> parsed;
  SMLoc loc;
  if (parser.parseLess() || parser.getCurrentLocation(&loc) ||
      parser.parseDimensionList(parsed, /*allowDynamic=*/false) ||
      parser.parseType(element) || parser.parseGreater())
    return failure();
  if (parsed.size() != sizes.size())
    return parser.emitError(loc, "found ")
           << parsed.size() << " dimensions, expected " << sizes.size();
  llvm::copy(parsed, sizes.begin());
  return success();
}

Type SourceType::parse(AsmParser &parser) {
  int64_t depth;
  Type element;
  if (parseShape(parser, depth, element))
    return {};
  return get(parser.getContext(), depth, element);
}

void SourceType::print(AsmPrinter &printer) const {
  printer << '<' << getDepth() << 'x' << getElement() << '>';
}

Type FragmentType::parse(AsmParser &parser) {
  int64_t sizes[2];
  Type element;
  SMLoc loc = parser.getCurrentLocation();
  if (parseShape(parser, sizes, element))
    return {};
  auto floatType = dyn_cast<FloatType>(element);
  if (!floatType) {
    parser.emitError(loc, "found elements ") << element << ", expected floats";
    return {};
  }
  return get(parser.getContext(), sizes[0], sizes[1], floatType);
}

void FragmentType::print(AsmPrinter &printer) const {
  printer << '<' << getRows() << 'x' << getColumns() << 'x' << getElement()
          << '>';
}
