"""LIMoE: one V-MoE router for image and text tokens, one expert, entropy losses per modality.

  l = x W^T, n = l + noise / E          p = softmax(n), e = argmax p (lowest on a tie), w = p[e]
  C = ceil(T * 1.05 / E), rounded up to a multiple of 4
Tokens are served by descending w, equal ones by index, whatever their modality.
  y[t] = w f_e(x[t]) if kept, else 0    f(x) = down gelu_tanh(up x + up_bias) + down_bias
Losses, each times 0.04; with q = softmax(l), H(q) = -sum q log q, and a modality's tokens being
those where its mask is 1 (the loss is 0 if there are none):
  importance_loss, load_loss            as V-MoE, over all tokens, k = 1, sigma = 1/E
  z_loss = mean_t logsumexp(l[t])^2     over all tokens
  text_local_loss = mean over text tokens of H(q[t])
  text_global_loss = max(0, ln 6 - H(mean over text tokens of q[t]))
  image_global_loss = max(0, ln 4 - H(mean over image tokens of q[t]))

Inputs:  hidden_states [T,10], noise [T,6], text_mask [T], image_mask [T], router.weight [6,10],
         experts.up.weight [6,9,10], experts.up.bias [6,9], experts.down.weight [6,10,9],
         experts.down.bias [6,10]
Results: hidden_states [T,10], topk_ids [T,1] i32 (before dropping), topk_weights [T,1],
         slots [T,1] i32 (-1 dropped), capacity [] i64, importance_loss [], load_loss [],
         z_loss [], text_local_loss [], text_global_loss [], image_global_loss []
"""

import math

import numpy as np
from common import (assign_slots, capacity_tensor, clear_order, combine, descending, entropy,
                    gelu_tanh, importance_loss, linear, load_loss, mlp_of, normal, round_up,
                    scalar, search, softmax, take, topk, z_loss)
from draws import mlp_weights, require, tokens_and_router

NAME = "limoe"
E, M, F = 6, 10, 9


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    noisy = logits + i["noise"] / E
    clear_order(noisy)
    ids = topk(noisy, 1)
    weights = take(softmax(noisy), ids)
    clear_order(weights[:, 0], 5e-6)
    capacity = round_up(math.ceil(len(x) * 1.05 / E), 4)
    kept, slots = assign_slots(ids, capacity, E, tokens=descending(weights[:, 0]))
    clean = softmax(logits)
    losses = {"importance_loss": importance_loss(clean),
              "load_loss": load_loss(logits, noisy, 1, 1 / E),
              "z_loss": z_loss(logits),
              "text_local_loss": local_loss(clean[i["text_mask"] == 1]),
              "text_global_loss": global_loss(clean[i["text_mask"] == 1], math.log(6)),
              "image_global_loss": global_loss(clean[i["image_mask"] == 1], math.log(4))}
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            **{name: scalar(0.04 * loss) for name, loss in losses.items()}}


def local_loss(q):
    return np.mean(entropy(q)) if len(q) else 0.0


def global_loss(q, tau):
    return max(0.0, tau - entropy(np.mean(q, axis=0))) if len(q) else 0.0


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    i["noise"] = np.zeros((tokens, E)) if case == "ties" else normal(rng, tokens, E)
    text = np.zeros(tokens) if case == "images" else rng.randint(0, 2, tokens).astype(np.float64)
    i |= {"text_mask": text, "image_mask": 1.0 - text}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 33), ("drops", 37), ("images", 18), ("ties", 24), ("empty", 19),
                         ("flood", 20), ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
