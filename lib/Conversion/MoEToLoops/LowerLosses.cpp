//===- LowerLosses.cpp - Auxiliary losses and balance updates -------------===//

#include "Lanes.h"
#include "Lowerings.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// moe.aux_loss
//===----------------------------------------------------------------------===//

namespace {
/// The tokens [begin, end) have one loss, of those whose mask is not 0.
struct Group {
  Term index, begin, end;
};

class AuxLoss {
public:
  AuxLoss(AuxLossOp op, Code &code)
      : op(op), code(code), scores(code.buffer(op.getScores())),
        tokens(code.dim(scores, 0)), experts(code.dim(scores, 1)) {
    if (op.getMask())
      mask = code.buffer(op.getMask());
  }

  Term compute();

private:
  Group getGroup(Term index);
  Term isCounted(Term token);
  Term sumCounted(Group group, function_ref<Term(Term token)> number);
  Term lossOf(Group group, Term count);

  // Losses that are the mean of a number per token.
  Value computePerToken(function_ref<Term(Term token)> number);
  Term squareOfLogSum(Term token);

  // Losses of a sum over the tokens of a group for each expert.
  Term kthLargest(Term token);
  Term chanceToStay(Term token, Term expert);
  Value sumPerExpert(function_ref<Term(Term token, Term expert)> number);
  Term countChoices(Term token, Term expert);
  Term balance(Group group, Term count);
  Term squaredVariation(Group group);
  Term entropy(function_ref<Term(Term expert)> probability);

  AuxLossOp op;
  Code &code;
  Value scores, mask;
  Term tokens, experts;
  /// What the kind computes for each token on its own, or null.
  Value perToken;
  /// For each group and expert sums over tokens, and how many choose it, or
  /// null.
  Value sums, counts;
};
} // namespace

//===- Groups -------------------------------------------------------------===//

Group AuxLoss::getGroup(Term index) {
  Term size = code.ceilDiv(tokens, code.index(op.getGroups()));
  Term begin = code.min(index * size, tokens);
  return {index, begin, code.min(begin + size, tokens)};
}

Term AuxLoss::isCounted(Term token) {
  return mask ? code.load(mask, token) != 0 : code.boolean(true);
}

Term AuxLoss::sumCounted(Group group, function_ref<Term(Term token)> number) {
  return sumLanes(code, group.end - group.begin, code.real(0), [&](Term i) {
    Term token = group.begin + i;
    return code.select(isCounted(token), number(token), code.real(0));
  });
}

Term AuxLoss::compute() {
  switch (op.getKind()) {
  case LossKind::z:
    perToken =
        computePerToken([&](Term token) { return squareOfLogSum(token); });
    break;
  case LossKind::entropy_local:
    perToken = computePerToken([&](Term token) {
      return entropy(
          [&](Term expert) { return code.load(scores, {token, expert}); });
    });
    break;
  case LossKind::load:
    perToken = computePerToken([&](Term token) { return kthLargest(token); });
    sums = sumPerExpert(
        [&](Term token, Term expert) { return chanceToStay(token, expert); });
    break;
  case LossKind::balance:
  case LossKind::l1:
    counts = sumPerExpert(
        [&](Term token, Term expert) { return countChoices(token, expert); });
    [[fallthrough]];
  case LossKind::importance:
  case LossKind::entropy_global:
    sums = sumPerExpert([&](Term token, Term expert) {
      return code.load(scores, {token, expert});
    });
    break;
  }

  Term groups = code.index(op.getGroups());
  Value losses = code.allocate(code.realType, groups);
  code.parallel(groups, [&](Term index) {
    Group group = getGroup(index);
    Term count = sumCounted(group, [&](Term) { return code.real(1); });
    code.store(code.select(count == 0, code.real(0), lossOf(group, count)),
               losses, index);
  });
  Term sum = code.fold(groups, code.real(0), [&](Term index, Term sum) {
    return sum + code.load(losses, index);
  });
  return sum / code.toReal(groups) * op.getCoefficient().convertToDouble();
}

Term AuxLoss::lossOf(Group group, Term count) {
  switch (op.getKind()) {
  case LossKind::z:
  case LossKind::entropy_local:
    return sumCounted(group,
                      [&](Term token) { return code.load(perToken, token); }) /
           count;
  case LossKind::balance:
  case LossKind::l1:
    return balance(group, count);
  case LossKind::importance:
  case LossKind::load:
    return squaredVariation(group);
  case LossKind::entropy_global: {
    Term entropyOfMean = entropy([&](Term expert) {
      return code.load(sums, {group.index, expert}) / count;
    });
    return code.max(code.real(0),
                    op.getTau()->convertToDouble() - entropyOfMean);
  }
  }
  llvm_unreachable("unknown loss");
}

//===- Numbers per token --------------------------------------------------===//

Value AuxLoss::computePerToken(function_ref<Term(Term token)> number) {
  Value numbers = code.allocate(code.realType, tokens);
  code.parallel(tokens,
                [&](Term token) { code.store(number(token), numbers, token); });
  return numbers;
}

Term AuxLoss::squareOfLogSum(Term token) {
  double infinity = std::numeric_limits<double>::infinity();
  auto logit = [&](Term expert) { return code.load(scores, {token, expert}); };
  Term largest =
      code.fold(experts, code.real(-infinity), [&](Term expert, Term largest) {
        return code.max(largest, logit(expert));
      });
  // The largest exponent becomes 0, unless the difference has no value.
  Term shift =
      code.select(code.absolute(largest) < infinity, largest, code.real(0));
  Term sum = code.fold(experts, code.real(0), [&](Term expert, Term sum) {
    return sum + code.exp(logit(expert) - shift);
  });
  Term logSum = shift + code.log(sum);
  return logSum * logSum;
}

/// -sum p log p with 0 log 0 = 0.
Term AuxLoss::entropy(function_ref<Term(Term expert)> probability) {
  return sumLanes(code, experts, code.real(0), [&](Term expert) {
    Term p = probability(expert);
    return -code.select(p == 0, p, p * code.log(p));
  });
}

/// The k-th largest noisy logit, by inserting each into a descending list of k.
Term AuxLoss::kthLargest(Term token) {
  Value noisy = code.buffer(op.getNoisy());
  Term k = code.index(*op.getK());
  Value largest = code.allocate(code.realType, k);
  code.forEach(k, [&](Term i) {
    code.store(code.real(-std::numeric_limits<double>::infinity()), largest, i);
  });
  code.forEach(experts, [&](Term expert) {
    code.fold(k, code.load(noisy, {token, expert}), [&](Term i, Term inserted) {
      Term other = code.load(largest, i);
      code.store(code.max(other, inserted), largest, i);
      return code.min(other, inserted);
    });
  });
  Term result = code.load(largest, k - 1);
  code.deallocate(largest);
  return result;
}

//===- Sums per expert ----------------------------------------------------===//

/// With many threads, lanes share the tokens of each group and expert; else the
/// tokens are read in the order of memory.
Value AuxLoss::sumPerExpert(
    function_ref<Term(Term token, Term expert)> number) {
  Term groups = code.index(op.getGroups());
  Value result = code.allocate(code.realType, {groups, experts});
  if (code.hasManyThreads) {
    code.parallel(groups * experts, [&](Term item) {
      Term expert = item % experts;
      Group group = getGroup(item / experts);
      Term sum =
          sumCounted(group, [&](Term token) { return number(token, expert); });
      code.store(sum, result, {group.index, expert});
    });
    return result;
  }
  code.parallel(groups, [&](Term index) {
    Group group = getGroup(index);
    code.forEach(experts, [&](Term expert) {
      code.store(code.real(0), result, {index, expert});
    });
    code.forRange(group.begin, group.end, 1, [&](Term token) {
      code.ifThen(isCounted(token), [&] {
        code.forEach(experts, [&](Term expert) {
          Term sum = code.load(result, {index, expert});
          code.store(sum + number(token, expert), result, {index, expert});
        });
      });
    });
  });
  return result;
}

Term AuxLoss::countChoices(Term token, Term expert) {
  Value indices = code.buffer(op.getIndices());
  return code.fold(code.dim(indices, 1), code.real(0),
                   [&](Term choice, Term count) {
                     Term found = code.load(indices, {token, choice});
                     return code.select(found == expert, count + 1, count);
                   });
}

/// E * sum_e f_e P_e, over the number of choices of a token where the kind says
/// so.
Term AuxLoss::balance(Group group, Term count) {
  Term sum = sumLanes(code, experts, code.real(0), [&](Term expert) {
    Term fraction = code.load(counts, {group.index, expert}) / count;
    Term mean = code.load(sums, {group.index, expert}) / count;
    return fraction * mean;
  });
  Term loss = code.toReal(experts) * sum;
  if (op.getKind() == LossKind::l1)
    return loss / code.real(*op.getK());
  if (op.getDivideByChoices())
    return loss / code.toReal(code.dim(op.getIndices(), 1));
  return loss;
}

/// 1 - Phi((theta_t - s) / sigma): the chance that an expert with clean logit s
/// stays above the token's threshold under fresh noise.
Term AuxLoss::chanceToStay(Term token, Term expert) {
  double scale = op.getSigma()->convertToDouble() * std::sqrt(2.0);
  Term distance =
      code.load(perToken, token) - code.load(scores, {token, expert});
  return 0.5 * (1 - code.erf(distance / scale));
}

/// (standard deviation / mean)^2 of the sums.
Term AuxLoss::squaredVariation(Group group) {
  auto sumOf = [&](function_ref<Term(Term)> number) {
    return sumLanes(code, experts, code.real(0), [&](Term expert) {
      return number(code.load(sums, {group.index, expert}));
    });
  };
  Term mean = sumOf([](Term sum) { return sum; }) / code.toReal(experts);
  Term squares = sumOf([&](Term sum) {
    Term deviation = sum - mean;
    return deviation * deviation;
  });
  Term variance = squares / code.toReal(experts - code.index(op.getDdof()));
  return variance / (mean * mean);
}

Results mlir::moe::lowerToLoops(AuxLossOp op, Code &code) {
  // Sums over all tokens are too long for f32.
  Code wide(code.builder, code.loc, code.builder.getF64Type());
  wide.hasManyThreads = code.hasManyThreads;
  Term loss = AuxLoss(op, wide).compute();
  Value result = wide.allocate(op.getLoss().getType(), {});
  wide.store(loss, result, {});
  return {wide.tensor(result, op.getLoss().getType())};
}

//===----------------------------------------------------------------------===//
// moe.update_bias
//===----------------------------------------------------------------------===//

Results mlir::moe::lowerToLoops(UpdateBiasOp op, Code &code) {
  Value bias = code.buffer(op.getBias());
  Value counts = code.buffer(op.getCounts());
  Term experts = code.dim(bias, 0);
  Value updated = code.allocate(op.getUpdated().getType(), experts);
  Term rate = code.real(op.getRate().convertToDouble());
  code.parallel(experts, [&](Term expert) {
    Term total = sumLanes(code, experts, code.index(0),
                          [&](Term other) { return code.load(counts, other); });
    // Times the number of experts, the difference from the mean is an exact
    // integer.
    Term scaled = code.load(counts, expert) * experts;
    Term step = code.select(scaled < total, rate,
                            code.select(scaled > total, -rate, code.real(0)));
    code.store(code.load(bias, expert) + step, updated, expert);
  });
  return {code.tensor(updated, op.getUpdated().getType())};
}
