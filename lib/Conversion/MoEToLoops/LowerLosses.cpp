//===- LowerLosses.cpp - Auxiliary losses and balance updates -------------===//

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
  Term begin, end;
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
  Term isCounted(Term token);
  void forEachCounted(Group group, Code::Body body);
  Term sumCounted(Group group, function_ref<Term(Term token)> number);
  Value allocatePerExpert();
  Term lossOf(Group group, Term count);

  // Losses that are the mean of a number per token.
  Value computePerToken(function_ref<Term(Term token)> number);
  Term squareOfLogSum(Term token);

  // Losses of a sum over the tokens for each expert.
  Term kthLargest(Term token);
  Term chanceToStay(Term token, Term expert);
  Value sumPerExpert(Group group,
                     function_ref<Term(Term token, Term expert)> number);
  Value countChoices(Group group);
  Term balance(Group group, Term count);
  Term squaredVariation(Value sums);
  Term entropy(function_ref<Term(Term expert)> probability);

  AuxLossOp op;
  Code &code;
  Value scores, mask;
  Term tokens, experts;
  /// What the kind computes for each token on its own, or null.
  Value perToken;
};
} // namespace

//===- Groups -------------------------------------------------------------===//

Term AuxLoss::isCounted(Term token) {
  return mask ? code.load(mask, token) != 0 : code.boolean(true);
}

void AuxLoss::forEachCounted(Group group, Code::Body body) {
  code.forRange(group.begin, group.end, 1, [&](Term token) {
    code.ifThen(isCounted(token), [&] { body(token); });
  });
}

Term AuxLoss::sumCounted(Group group, function_ref<Term(Term token)> number) {
  return code.fold(
      group.begin, group.end, code.real(0), [&](Term token, Term sum) {
        return code.select(isCounted(token), sum + number(token), sum);
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
    break;
  default:
    break;
  }

  Term groups = code.index(op.getGroups());
  Term size = code.ceilDiv(tokens, groups);
  Value losses = code.allocate(code.realType, groups);
  code.parallel(groups, [&](Term index) {
    Term begin = code.min(index * size, tokens);
    Group group{begin, code.min(begin + size, tokens)};
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
  auto score = [&](Term token, Term expert) {
    return code.load(scores, {token, expert});
  };
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
    return squaredVariation(sumPerExpert(group, score));
  case LossKind::load:
    return squaredVariation(sumPerExpert(group, [&](Term token, Term expert) {
      return chanceToStay(token, expert);
    }));
  case LossKind::entropy_global: {
    Value sums = sumPerExpert(group, score);
    Term entropyOfMean =
        entropy([&](Term expert) { return code.load(sums, expert) / count; });
    code.deallocate(sums);
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
  return code.fold(experts, code.real(0), [&](Term expert, Term sum) {
    Term p = probability(expert);
    return sum - code.select(p == 0, p, p * code.log(p));
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

Value AuxLoss::allocatePerExpert() {
  Value zeros = code.allocate(code.realType, experts);
  code.forEach(experts,
               [&](Term expert) { code.store(code.real(0), zeros, expert); });
  return zeros;
}

Value AuxLoss::sumPerExpert(
    Group group, function_ref<Term(Term token, Term expert)> number) {
  Value sums = allocatePerExpert();
  forEachCounted(group, [&](Term token) {
    code.forEach(experts, [&](Term expert) {
      code.store(code.load(sums, expert) + number(token, expert), sums, expert);
    });
  });
  return sums;
}

Value AuxLoss::countChoices(Group group) {
  Value indices = code.buffer(op.getIndices());
  Value counts = allocatePerExpert();
  forEachCounted(group, [&](Term token) {
    code.forEach(code.dim(indices, 1), [&](Term choice) {
      Term expert = code.load(indices, {token, choice});
      code.ifThen(expert >= 0 && expert < experts, [&] {
        code.store(code.load(counts, expert) + 1, counts, expert);
      });
    });
  });
  return counts;
}

/// E * sum_e f_e P_e, over the number of choices of a token where the kind says
/// so.
Term AuxLoss::balance(Group group, Term count) {
  Value sums = sumPerExpert(group, [&](Term token, Term expert) {
    return code.load(scores, {token, expert});
  });
  Value counts = countChoices(group);
  Term sum = code.fold(experts, code.real(0), [&](Term expert, Term sum) {
    Term fraction = code.load(counts, expert) / count;
    Term mean = code.load(sums, expert) / count;
    return sum + fraction * mean;
  });
  code.deallocate(sums);
  code.deallocate(counts);
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

/// (standard deviation / mean)^2 of sums that are no longer needed afterwards.
Term AuxLoss::squaredVariation(Value sums) {
  Term total = code.fold(experts, code.real(0), [&](Term expert, Term sum) {
    return sum + code.load(sums, expert);
  });
  Term mean = total / code.toReal(experts);
  Term squares = code.fold(experts, code.real(0), [&](Term expert, Term sum) {
    Term deviation = code.load(sums, expert) - mean;
    return sum + deviation * deviation;
  });
  code.deallocate(sums);
  Term variance = squares / code.toReal(experts - code.index(op.getDdof()));
  return variance / (mean * mean);
}

Results mlir::moe::lowerToLoops(AuxLossOp op, Code &code) {
  // Sums over all tokens are too long for f32.
  Code wide(code.builder, code.loc, code.builder.getF64Type());
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
  Term total = code.fold(experts, code.index(0), [&](Term expert, Term sum) {
    return sum + code.load(counts, expert);
  });
  Term rate = code.real(op.getRate().convertToDouble());
  code.forEach(experts, [&](Term expert) {
    // Times the number of experts, the difference from the mean is an exact
    // integer.
    Term scaled = code.load(counts, expert) * experts;
    Term step = code.select(scaled < total, rate,
                            code.select(scaled > total, -rate, code.real(0)));
    code.store(code.load(bias, expert) + step, updated, expert);
  });
  return {code.tensor(updated, op.getUpdated().getType())};
}
