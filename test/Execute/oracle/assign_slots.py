"""moe.assign_slots: every order, priority and overflow, full and empty experts.

The slots of an expert are given out by a list of candidates, as the op describes it; a
candidate without a choice is a token that takes a slot and leaves it empty.
"""

import numpy as np
from order import awkward, best_first, unchosen

E, K = 4, 3


class Slots:
    def __init__(self, ids, capacity, groups):
        self.ids, self.capacity = ids, capacity
        tokens = len(ids)
        size = -(-tokens // groups)
        self.groups = [range(min(g * size, tokens), min(g * size + size, tokens))
                       for g in range(groups)]
        self.kept, self.slots = unchosen(tokens, K), unchosen(tokens, K)
        self.used = np.zeros((groups, E), int)

    def is_choice(self, t, c):
        return 0 <= self.ids[t, c] < E

    def serve(self, g, expert, t=None, c=None):
        if self.used[g, expert] == self.capacity:
            return
        if t is not None:
            self.kept[t, c] = expert
            self.slots[t, c] = g * self.capacity + self.used[g, expert]
        self.used[g, expert] += 1


def sequence(order, tokens):
    if order == "k_major":
        return [(t, c) for c in range(K) for t in tokens]
    return [(t, c) for t in tokens for c in range(K)]


def in_token_order(ids, capacity, order="k_major", groups=1, priority=None, overflow="drop",
                   random=None):
    s = Slots(ids, capacity, groups)
    for g, group in enumerate(s.groups):
        tokens = list(group)
        if priority is not None:
            tokens = [group[i] for i in best_first(priority[tokens])]
        choices = [tc for tc in sequence(order, tokens) if s.is_choice(*tc)]
        for t, c in choices:
            if overflow != "next_choice" or np.all(s.kept[t] < 0):
                s.serve(g, ids[t, c], t, c)
        for t, c in choices if overflow == "random_spare" else []:
            spare = np.flatnonzero(s.used[g] < capacity)
            if s.kept[t, c] < 0 and len(spare):
                s.serve(g, spare[random[t, c] % len(spare)], t, c)
    return s.kept, s.slots


def by_priority(ids, capacity, priority, order="k_major", groups=1, idle=None):
    s = Slots(ids, capacity, groups)
    sets = [[c] for c in range(K)] if order == "k_major" else [range(K)]
    for g, group in enumerate(s.groups):
        for columns in sets:
            for expert in range(E):
                candidates = []
                for t in group:
                    chosen = [(t, c) for c in columns if ids[t, c] == expert]
                    candidates += [(priority[tc], tc) for tc in chosen]
                    if idle is not None and not chosen:
                        candidates.append((idle, ()))
                for i in best_first([key for key, _ in candidates]):
                    s.serve(g, expert, *candidates[i][1])
    return s.kept, s.slots


def cases():
    rng = np.random.default_rng(11)
    for case, tokens, capacity in (("plain", 30, 5), ("full", 26, 1), ("none", 9, 0),
                                   ("roomy", 14, 50), ("t0", 0, 2), ("t1", 1, 2)):
        ids = rng.integers(-2, E + 2, (tokens, K)).astype(np.int32)
        priority = awkward(rng, tokens, K)
        by_token = awkward(rng, tokens, 1)[:, 0]
        random = rng.integers(-9, 99, (tokens, K)).astype(np.int32)
        results = {
            "k_major": in_token_order(ids, capacity, groups=4),
            "token_major": in_token_order(ids, capacity, "token_major"),
            "prioritised": in_token_order(ids, capacity, groups=3, priority=by_token),
            "next": in_token_order(ids, capacity, "token_major", priority=by_token,
                                   overflow="next_choice"),
            "spare": in_token_order(ids, capacity, groups=2, overflow="random_spare",
                                    random=random),
            "by_column": by_priority(ids, capacity, priority, groups=2),
            "by_choice": by_priority(ids, capacity, priority, "token_major"),
            "column_and_idle": by_priority(ids, capacity, priority, groups=2, idle=0.0),
            "choice_and_idle": by_priority(ids, capacity, priority, "token_major", idle=-1.0),
        }
        outputs = {}
        for name, (kept, slots) in results.items():
            outputs |= {f"{name}.kept": kept, f"{name}.slots": slots}
        yield case, {"indices": ids, "capacity": np.array(capacity, np.int32),
                     "priority": priority, "token_priority": by_token, "random": random}, outputs
