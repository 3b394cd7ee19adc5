"""Codes of four bits as checkpoints pack them into words."""

import numpy as np

ASCENDING = np.arange(8)
EVEN_FIRST = np.array([0, 2, 4, 6, 1, 3, 5, 7])  # nibble n of a word holds this neighbour


def pack(codes, axis, held=ASCENDING, word=np.uint32):
    """Neighbours along `axis` share a word, whose nibble n holds the one of number held[n]."""
    nibbles = np.dtype(word).itemsize * 2
    codes = np.moveaxis(codes, axis, -1).astype(np.uint64)
    codes = codes.reshape(*codes.shape[:-1], -1, nibbles)
    packed = sum(codes[..., held[n]] << np.uint64(4 * n) for n in range(nibbles))
    packed = np.moveaxis(packed.astype(word), -1, axis)
    return np.ascontiguousarray(packed).view(np.int32 if word == np.uint32 else np.int8)


def spread(values, axis, size, extent):
    """What each element has, of values that `size` neighbours share."""
    return np.repeat(values, size, axis).take(range(extent), axis)
