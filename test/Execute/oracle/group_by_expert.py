"""moe.count, group_by_expert and row_experts: foreign experts, empty ones, empty slots."""

import numpy as np
from assign_slots import in_token_order

FIRST, E, K, GROUPS = 1, 3, 2, 2  # experts 1, 2 and 3; ids of assign_slots end at 3


def group(ids, slots=None, capacity=0):
    """(offsets, sources, positions, expert of each row)"""
    positions = np.full(ids.shape, -1, np.int32)
    offsets, sources, experts = [0], [], []
    for e in range(E):
        choices = [tuple(tc) for tc in np.argwhere(ids == FIRST + e)]
        rows = len(choices) if slots is None else GROUPS * capacity
        own = np.full(rows, -1, np.int32)
        for i, (t, c) in enumerate(choices):
            row = i if slots is None else slots[t, c]
            own[row], positions[t, c] = t, offsets[-1] + row
        offsets.append(offsets[-1] + rows)
        sources += list(own)
        experts += [e] * rows
    return (np.array(offsets, np.int32), np.array(sources, np.int32), positions,
            np.array(experts, np.int32))


def cases():
    rng = np.random.default_rng(12)
    for case, tokens, capacity in (("plain", 17, 3), ("none", 5, 0), ("t0", 0, 2), ("t1", 1, 1)):
        ids = rng.integers(-2, 6, (tokens, K)).astype(np.int32)
        if case == "plain":
            ids[ids == 2] = 3
        kept, slots = in_token_order(np.pad(ids, ((0, 0), (0, 1)), constant_values=-1), capacity,
                                     groups=GROUPS)
        kept, slots = kept[:, :K], slots[:, :K]
        outputs = {"counts": np.array([np.sum(ids == e) for e in range(5)], np.int32),
                   "first_counts": np.array([np.sum(ids[:, 0] == e) for e in range(5)], np.int32)}
        for name, grouping in (("sorted", group(ids)), ("slotted", group(kept, slots, capacity))):
            for result, value in zip(("offsets", "sources", "positions", "experts"), grouping):
                outputs[f"{name}.{result}"] = value
        yield case, {"indices": ids, "kept": kept, "slots": slots,
                     "capacity": np.array(capacity, np.int32)}, outputs
