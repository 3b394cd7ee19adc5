"""BASE layers at evaluation (fairseq modules/base_layer.py): like base-layer, but each token goes
to the expert with the largest a[t,e], the lowest on a tie, however many tokens that expert gets.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.norm.weight [E,M]
         experts.norm.bias [E,M]  experts.up.weight [E,F,M]  experts.up.bias [E,F]
         experts.down.weight [E,M,F]  experts.down.bias [E,M]
results  hidden_states [T,M]  topk_ids [T,1] i32  topk_weights [T,1]
"""

from base_layer import draw, run
from common import clear_order, linear, topk
from language_model import find_cases

NAME = "base-layer-eval"


def forward(layer):
    scores = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(scores)
    return run(layer, scores, topk(scores, 1))


def cases():
    return find_cases(NAME, draw, forward, {"plain": 21, "ties": 18, "flood": 9, "t0": 0})
