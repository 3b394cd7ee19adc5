"""DeepSeek-V3 as in earlier versions of Hugging Face models/deepseek_v3 (later ones fill with -inf
too): the same as deepseek-v3 but for

  * the keys of the experts outside the best groups become 0 instead of -inf, so that such an
    expert is chosen when fewer than k of the remaining keys are positive;
  * w_c = 2.5 * (s_c / (sum of the chosen s + 1e-20)).

In case `negative` the biases are near -1, hence most keys negative: there the zeros win, the
lowest index first.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
         shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import deepseek_v3
from common import f32
from language_model import find_cases

NAME = "deepseek-v3-zero-fill"


def draw(rng, case, tokens):
    layer = deepseek_v3.draw(rng, case, tokens, bias_scale=0.3)
    if case == "negative":
        layer["router.bias"] = f32(layer["router.bias"] - 1.0)
    return layer


def cases():
    return find_cases(NAME, draw, lambda layer: deepseek_v3.forward(layer, fill=0.0, eps=1e-20),
                      {"plain": 20, "negative": 22})
