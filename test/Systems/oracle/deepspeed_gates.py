"""DeepSpeed's three ways to drop on one small table, with results worked out by hand.

Five tokens, four experts, two choices each. The logits are logarithms of the numbers below, so the
softmax of a row is the row divided by its sum, and all weights are fractions:

          e0    e1    e2    e3     choices
  t0       8     4     2     1     e0 e1
  t1       4     8     1     2     e1 e0
  t2       7     2     4     1     e0 e2
  t3       9     3     1     2     e0 e1
  t4     1/8   1/9   1/4   1/2     e3 e2, with negative logits

  C = max(ceil((5 / 4) * 1.0), 2) = 2 in f32

`top2` serves all first choices by token, then all second ones:
  e0 takes t0 t2 and is full for t3 and t1; e1 takes t1 t0 and is full for t3;
  e2 takes t2 t4; e3 takes t4.
`position` serves both choices of a token before the next token:
  e0 takes t0 t1; e1 takes t0 t1; e2 takes t2 t4; e3 takes t4.
`probs` gives each expert its two largest logits, where a token that did not choose it counts as 0:
  e0 takes t3 t0; e1 takes t1 t0; e2 takes t2 and a zero, e3 two zeros, so that t4 is lost.
The weights of what is left are divided by their sum.

Inputs:  logits [5,4]
Results: for each of top2, position and probs <way>_ids [5,2] i32 (-1 dropped) and
         <way>_weights [5,2]; for top2 and position also <way>_slots [5,2] i32; capacity [] i64
"""

import numpy as np
from common import capacity_tensor, f32

NAME = "deepspeed-gates"

LOGITS = np.log([[8, 4, 2, 1], [4, 8, 1, 2], [7, 2, 4, 1], [9, 3, 1, 2],
                 [1 / 8, 1 / 9, 1 / 4, 1 / 2]])
TOP2 = {"ids": [[0, 1], [1, -1], [0, 2], [-1, -1], [3, 2]],
        "weights": [[2 / 3, 1 / 3], [1, 0], [7 / 11, 4 / 11], [0, 0], [2 / 3, 1 / 3]],
        "slots": [[0, 1], [0, -1], [1, 0], [-1, -1], [0, 1]]}
POSITION = {"ids": [[0, 1], [1, 0], [-1, 2], [-1, -1], [3, 2]],
            "weights": [[2 / 3, 1 / 3], [2 / 3, 1 / 3], [0, 1], [0, 0], [2 / 3, 1 / 3]],
            "slots": [[0, 0], [1, 1], [-1, 0], [-1, -1], [0, 1]]}
PROBS = {"ids": [[0, 1], [1, -1], [-1, 2], [0, -1], [-1, -1]],
         "weights": [[2 / 3, 1 / 3], [1, 0], [0, 1], [1, 0], [0, 0]]}


def table(way, columns):
    return {f"{way}_{name}": np.array(rows, dtype=np.float64 if name == "weights" else np.int32)
            for name, rows in columns.items()}


def cases():
    results = table("top2", TOP2) | table("position", POSITION) | table("probs", PROBS)
    yield "plain", {"logits": f32(LOGITS)}, results | {"capacity": capacity_tensor(2)}
