"""MMoE (multi-gate mixture of experts): every task mixes the same experts with its own gate.

  f_e(x) = relu(up[e] x + up_bias[e])                    one layer, no second projection
  g_q = softmax(x gates.q.weight^T + gates.q.bias)       over all experts, for task q = 0, 1
  task_q[t] = sum over all e of g_q[t,e] f_e(x[t])
The experts run once for both tasks. No selection, no capacity.

Inputs:  hidden_states [T,13], gates.0.weight [5,13], gates.0.bias [5], gates.1.weight [5,13],
         gates.1.bias [5], experts.up.weight [5,8,13], experts.up.bias [5,8]
Results: task_0 [T,8], task_1 [T,8]
"""

from common import linear, normal, relu, search, softmax

NAME = "mmoe"
E, M, F = 5, 13, 8


def layer(i):
    x = i["hidden_states"]
    experts = [relu(linear(x, i["experts.up.weight"][e], i["experts.up.bias"][e]))
               for e in range(E)]
    results = {}
    for q in (0, 1):
        gate = softmax(linear(x, i[f"gates.{q}.weight"], i[f"gates.{q}.bias"]))
        results[f"task_{q}"] = sum(gate[:, e, None] * experts[e] for e in range(E))
    return results


def build(rng, tokens):
    i = {"hidden_states": normal(rng, tokens, M),
         "experts.up.weight": normal(rng, E, F, M, scale=M**-0.5),
         "experts.up.bias": normal(rng, E, F, scale=0.5)}
    for q in (0, 1):
        i[f"gates.{q}.weight"] = normal(rng, E, M, scale=M**-0.5)
        i[f"gates.{q}.bias"] = normal(rng, E)
    return i, layer(i)


def cases():
    for case, tokens in (("plain", 17), ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, tokens))
