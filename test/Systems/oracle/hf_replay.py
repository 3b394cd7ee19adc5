"""Router replay (Hugging Face transformers v5): the experts are recorded, the weights are not.

  p = softmax(x W^T)
  e1, e2, e3 = replayed_ids[t]          distinct, whatever p prefers; in case `foreign` some are
                                        outside [0, 6), and count as no choice
  w_i = p[e_i] / sum_j p[e_j]
  y[t] = sum_i w_i f_{e_i}(x[t]), f as in hf-grouped: gate_up fused with the gate half first, silu

Inputs:  hidden_states [T,9], replayed_ids [T,3] i32, router.weight [6,9],
         experts.gate_up_proj [6,20,9], experts.down_proj [6,9,10]
Results: hidden_states [T,9], topk_ids [T,3] i32 (the replayed ones), topk_weights [T,3]
"""

from common import linear, own, search, softmax, take, topk
from draws import foreign
from hf_grouped import E, K, draw, finish

NAME = "hf-replay"


def build(rng, case, tokens):
    i = draw(rng, case, tokens)
    ids = topk(rng.uniform(size=(tokens, E)), K)
    if case == "foreign":
        # Most tokens keep one choice or two, the last none.
        ids.reshape(-1)[::2] = foreign(E, len(ids.reshape(-1)[::2]))
        ids[-1] = foreign(E, K)
    p = softmax(linear(i["hidden_states"], i["router.weight"]))
    results = finish(i, own(ids, E), take(p, own(ids, E)))
    return {**i, "replayed_ids": ids}, {**results, "topk_ids": ids}


def cases():
    for case, tokens in (("plain", 15), ("foreign", 15), ("t0", 0)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
