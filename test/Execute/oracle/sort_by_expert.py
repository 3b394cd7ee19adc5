"""Rows and slots in the order of the choices of each expert, for few and for many tokens."""

import numpy as np
from assign_slots import in_token_order

FIRST, E, K, WIDTH = 3, 40, 3, 4
GROUPS, SLOT_EXPERTS = 2, 4  # of assign_slots, whose oracle has four experts


def cases():
    rng = np.random.default_rng(23)
    for case, tokens, capacity in (("few", 150, 20), ("many", 700, 90), ("none", 33, 2),
                                   ("t0", 0, 1), ("t1", 1, 1)):
        ids = rng.integers(-2, FIRST + E + 3, (tokens, K)).astype(np.int32)
        if case == "none":
            ids[ids >= FIRST] = FIRST + E
        x = rng.standard_normal((tokens, WIDTH)).astype(np.float32)
        own = ids.reshape(-1) - FIRST
        own = np.where((own >= 0) & (own < E), own, -1)
        order = [i for i in np.argsort(own, kind="stable") if own[i] >= 0]
        positions = np.full(ids.size, -1, np.int32)
        positions[order] = np.arange(len(order), dtype=np.int32)
        positions = positions.reshape(ids.shape)
        # Each row comes back to its token.
        returned = x * np.sum(positions >= 0, axis=1, keepdims=True).astype(np.float32)
        slot_ids = (ids % (SLOT_EXPERTS + 1)).astype(np.int32)
        outputs = {"offsets": np.searchsorted(own[order], np.arange(E + 1)).astype(np.int32),
                   "positions": positions, "returned": returned}
        for major in ("token_major", "k_major"):
            kept, slots = in_token_order(slot_ids, capacity, major, groups=GROUPS)
            outputs |= {f"{major}.kept": kept, f"{major}.slots": slots}
        yield case, {"indices": ids, "slot_indices": slot_ids, "x": x,
                     "capacity": np.array(capacity, np.int32)}, outputs
