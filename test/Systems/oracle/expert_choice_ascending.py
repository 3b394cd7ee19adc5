"""Expert Choice as in praxis (gshard_utils, first version). Like expert-choice, but

  C = trunc(floor(T / E) * 2.5)
  tokens are sorted by ascending s and the last C are taken: on a tie the HIGHER token wins

inputs   hidden_states [T,M]  router.weight [E,M]  experts.up.weight [E,F,M]
         experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,E] i32  topk_weights [T,E]  capacity [] i64
"""

from common import capacity_tensor, linear, relu, softmax, take
from expert_choice import E, draw, top_tokens
from language_model import find_cases, results, run_experts

NAME = "expert-choice-ascending"


def forward(layer):
    scores = softmax(linear(layer["hidden_states"], layer["router.weight"]))
    capacity = int(len(scores) // E * 2.5)
    ids = top_tokens(scores, capacity, tie="highest")
    weights = take(scores, ids)
    return results(run_experts(layer, ids, weights, relu), ids, weights,
                   capacity=capacity_tensor(capacity))


def cases():
    return find_cases(NAME, draw, forward, {"plain": 23, "ties": 22})
