//===- LowerRows.cpp - Loops of dispatch, combine and mix -----------------===//

#include "../VectorCode.h"
#include "Lowerings.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// moe.dispatch
//===----------------------------------------------------------------------===//

Results mlir::moe::lowerToLoops(DispatchOp op, Code &code) {
  Value x = code.buffer(op.getX()), sources = code.buffer(op.getSources());
  Term numRows = code.dim(op.getSources(), 0), width = code.dim(op.getX(), 1);
  Value rows = code.allocate(op.getRows().getType(), {numRows, width});

  VectorCode vectors(code, op.getX().getType());
  auto load = [&](Term token, Term column, std::optional<Term> count) {
    return vectors.loadFloats(x, {token, column}, count);
  };
  // With weights, every row that holds a token is written by the choice it
  // comes from.
  code.parallel(numRows, [&](Term row) {
    Term source = code.load(sources, {row});
    vectors.forColumns(width, [&](Term column, std::optional<Term> count) {
      Term token = code.lazySelect(
          source >= 0, [&] { return load(source, column, count); },
          [&] { return vectors.broadcast(code.real(0)); });
      vectors.storeFloats(token, rows, {row, column}, count);
    });
  });
  if (op.getWeights()) {
    Value weights = code.buffer(op.getWeights()),
          positions = code.buffer(op.getPositions());
    code.parallel(code.dim(op.getPositions(), 0), [&](Term token) {
      code.forEach(code.dim(op.getPositions(), 1), [&](Term choice) {
        Term row = code.load(positions, {token, choice});
        Term weight = code.load(weights, {token, choice});
        code.ifThen(row >= 0, [&] {
          vectors.forColumns(
              width, [&](Term column, std::optional<Term> count) {
                vectors.storeFloats(vectors.broadcast(weight) *
                                        load(token, column, count),
                                    rows, {row, column}, count);
              });
        });
      });
    });
  }
  return {code.tensor(rows, op.getRows().getType())};
}

//===----------------------------------------------------------------------===//
// moe.combine
//===----------------------------------------------------------------------===//

/// T x k: the choices of each token by ascending row, those without a row
/// first.
static Value emitChoicesByRow(Code &code, Value positions) {
  Term tokens = code.dim(positions, 0), choices = code.dim(positions, 1);
  Value order = code.allocate(code.builder.getIndexType(), {tokens, choices});
  code.parallel(tokens, [&](Term token) {
    // Insertion sort: stable, and k is small or its rows are already in order.
    code.forEach(choices, [&](Term choice) {
      Term row = code.load(positions, {token, choice});
      Term place = code.loopWhile(
          {choice},
          [&](ArrayRef<Term> place) {
            Term before = code.max(place[0] - 1, code.index(0));
            Term other = code.load(order, {token, before});
            Term otherChoice = code.select(place[0] > 0, other, code.index(0));
            return place[0] > 0 &&
                   code.load(positions, {token, otherChoice}) > row;
          },
          [&](ArrayRef<Term> place) {
            Term before = place[0] - 1;
            code.store(code.load(order, {token, before}), order,
                       {token, place[0]});
            return SmallVector<Term>{before};
          })[0];
      code.store(choice, order, {token, place});
    });
  });
  return order;
}

Results mlir::moe::lowerToLoops(CombineOp op, Code &code) {
  Value rows = code.buffer(op.getRows()),
        positions = code.buffer(op.getPositions());
  Value weights = op.getWeights() ? code.buffer(op.getWeights()) : Value();
  Value order = op.getOrder() == CombineOrder::expert
                    ? emitChoicesByRow(code, positions)
                    : Value();
  Term tokens = code.dim(op.getPositions(), 0),
       choices = code.dim(op.getPositions(), 1);
  Type type = op.getResult().getType();
  Type element = getElementTypeOrSelf(type);
  VectorCode vectors(code, op.getRows().getType());
  auto round = [&](Term value) {
    return op.getAccumulate() == Accumulate::result
               ? vectors.roundVector(element, value)
               : value;
  };
  Term width = code.dim(op.getRows(), 1);
  Value result = code.allocate(cast<ShapedType>(type), {tokens, width});

  auto emitSum = [&](Term token, Term column, std::optional<Term> count) {
    Term zero = vectors.broadcast(code.real(0));
    return code.fold(choices, zero, [&](Term step, Term sum) {
      Term choice = order ? code.load(order, {token, step}) : step;
      Term position = code.load(positions, {token, choice});
      Term row = op.getByChoice() ? token * choices + choice : position;
      return code.lazySelect(
          position >= 0,
          [&] {
            Term value = vectors.loadFloats(rows, {row, column}, count);
            if (weights)
              value =
                  round(vectors.broadcast(code.load(weights, {token, choice})) *
                        value);
            return round(sum + value);
          },
          [&] { return sum; });
    });
  };
  code.parallel(tokens, [&](Term token) {
    vectors.forColumns(width, [&](Term column, std::optional<Term> count) {
      vectors.storeFloats(emitSum(token, column, count), result,
                          {token, column}, count);
    });
  });
  return {code.tensor(result, type)};
}

//===----------------------------------------------------------------------===//
// moe.mix
//===----------------------------------------------------------------------===//

/// The factors of a and b for one token.
static std::pair<Term, Term> emitFactors(MixOp op, Code &code, Term token) {
  if (op.getMode() == MixMode::add)
    return {code.real(op.getAScale().convertToDouble()),
            code.real(op.getBScale().convertToDouble())};
  Value coefficient = code.buffer(op.getCoefficient());
  Term first = code.load(coefficient, {token, code.index(0)});
  if (op.getMode() == MixMode::softmax) {
    // A softmax over two is a sigmoid of their difference.
    Term second = code.load(coefficient, {token, code.index(1)});
    return {code.sigmoid(first - second), code.sigmoid(second - first)};
  }
  Term share = code.sigmoid(first);
  return {op.getMode() == MixMode::sigmoid ? code.real(1)
                                           : code.sigmoid(-first),
          share};
}

Results mlir::moe::lowerToLoops(MixOp op, Code &code) {
  Value a = code.buffer(op.getA()), b = code.buffer(op.getB());
  Term tokens = code.dim(op.getA(), 0), width = code.dim(op.getA(), 1);
  Type type = op.getResult().getType();
  Value result = code.allocate(cast<ShapedType>(type), {tokens, width});
  VectorCode vectors(code, op.getA().getType());
  code.parallel(tokens, [&](Term token) {
    auto [aFactor, bFactor] = emitFactors(op, code, token);
    Term first = vectors.broadcast(aFactor),
         second = vectors.broadcast(bFactor);
    vectors.forColumns(width, [&](Term column, std::optional<Term> count) {
      SmallVector<Value> at = {token, column};
      vectors.storeFloats(first * vectors.loadFloats(a, at, count) +
                              second * vectors.loadFloats(b, at, count),
                          result, at, count);
    });
  });
  return {code.tensor(result, type)};
}
