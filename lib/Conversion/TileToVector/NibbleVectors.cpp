//===- NibbleVectors.cpp - Codes of four bits, by vectors -----------------===//

#include "NibbleVectors.h"
#include "moe/IR/Nibbles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::moe;

static int64_t countPerWord(const StoredWeights::Slice &words) {
  return countNibbles(words.type().getElementType());
}

bool mlir::moe::canLoadNibbles(const StoredWeights::Slice &words,
                               Packing packing, int64_t start,
                               VectorCode &code) {
  return !packing.alongLast ||
         start % std::min(code.lanes, countPerWord(words)) == 0;
}

static VectorType getWordType(VectorCode &code) {
  return code.vectorOf(code.builder.getI32Type());
}

static Term extend(Term words, VectorCode &code) {
  VectorType type = getWordType(code);
  if (words.type() == type)
    return words;
  return code.term(
      arith::ExtUIOp::create(code.builder, code.loc, type, words.value));
}

/// An index in each lane.
static Term spread(Term index, VectorCode &code) {
  Term narrow = code.term(arith::IndexCastOp::create(
      code.builder, code.loc, code.builder.getI32Type(), index.value));
  return code.broadcast(narrow, getWordType(code));
}

static Term extract(Term words, Term shifts, VectorCode &code) {
  Term low = code.term(arith::ShRUIOp::create(code.builder, code.loc,
                                              words.value, shifts.value));
  Term mask = code.term(arith::ConstantOp::create(
      code.builder, code.loc,
      DenseElementsAttr::get(getWordType(code), APInt(32, 15))));
  return code.term(
      arith::AndIOp::create(code.builder, code.loc, low.value, mask.value));
}

/// Each lane has a word of its own, and all have the same place in it.
static Term loadAcross(const StoredWeights::Slice &words, Packing packing,
                       Term row, Term at, std::optional<Term> count,
                       VectorCode &code) {
  int64_t nibbles = countPerWord(words);
  Term loaded = code.loadVector(
      code.vectorOf(words.type().getElementType()), words.buffer,
      words.index({divideIndex(row, nibbles), at}), count);
  return extract(extend(loaded, code),
                 spread(getNibbleShift(packing, row, nibbles), code), code);
}

/// Words hold several lanes; one word may hold more than there are.
static Term loadAlong(const StoredWeights::Slice &words, Packing packing,
                      Term row, Term at, std::optional<Term> count,
                      VectorCode &code) {
  int64_t nibbles = countPerWord(words);
  int64_t shared = std::min(nibbles, code.lanes);
  auto type =
      VectorType::get({code.lanes / shared}, words.type().getElementType());
  std::optional<Term> wordCount;
  if (count)
    wordCount = code.ceilDiv(*count, code.index(shared));
  Term loaded =
      code.loadVector(type, words.buffer,
                      words.index({row, divideIndex(at, nibbles)}), wordCount);
  SmallVector<int64_t> positions;
  SmallVector<int32_t> places;
  for (int64_t lane = 0; lane < code.lanes; ++lane) {
    positions.push_back(lane / shared);
    places.push_back(static_cast<int32_t>(
        4 * getNibble(packing.order, lane % shared, nibbles)));
  }
  Term shifts = code.term(arith::ConstantOp::create(
      code.builder, code.loc,
      DenseElementsAttr::get(getWordType(code), ArrayRef(places))));
  // An even number of lanes before these moves all of them alike.
  if (shared < nibbles)
    shifts = code.term(arith::AddIOp::create(
        code.builder, code.loc, shifts.value,
        spread(getNibbleShift(packing, at, nibbles), code).value));
  return extract(extend(code.shuffle(loaded, loaded, positions), code), shifts,
                 code);
}

Term mlir::moe::loadNibbles(const StoredWeights::Slice &words, Packing packing,
                            Term row, Term at, std::optional<Term> count,
                            VectorCode &code) {
  return packing.alongLast ? loadAlong(words, packing, row, at, count, code)
                           : loadAcross(words, packing, row, at, count, code);
}
