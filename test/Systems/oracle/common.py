"""Shared mathematics of the system oracles: everything in f64, written for reading.

An oracle module describes one published system. It defines
  NAME     the system's name, with dashes
  cases()  yields (case name, inputs, outputs), both dicts from tensor name to array
and is run by generate.py. Conventions:
  * inputs are made f32-exact (`f32`), the arithmetic is f64;
  * expert ids are i32, -1 means "none"; equal keys are ranked by the lower index;
  * weight matrices are [out, in], expert weights have the expert dimension first;
  * `search` retries a case with other random numbers until every selection in it is
    clear: keys that decide something differ by far more than f32 rounding, or are
    exactly equal in any precision (`clear_order`, `integers`).
"""

import json
import math
import struct
import zlib

import numpy as np

EPS_F32 = float(np.finfo(np.float32).eps)  # 2^-23, the clamp that torch code takes from finfo

# ----------------------------------------------------------------------- test data


def random_state(*words):
    """A generator whose stream depends on the words only (RandomState streams are frozen)."""
    return np.random.RandomState(zlib.crc32("/".join(map(str, words)).encode()))


def f32(values):
    """Round to f32 and return as f64, so that the file holds what the oracle computes with."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def bf16(values):
    """Round to bf16 (nearest, ties to even) and return as f64. Finite values only."""
    bits = np.asarray(values, dtype=np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def normal(rng, *shape, scale=1.0):
    return f32(rng.standard_normal(shape) * scale)


def uniform(rng, *shape, low=0.0, high=1.0):
    return f32(rng.uniform(low, high, shape))


def gumbel(rng, *shape):
    return f32(rng.gumbel(size=shape))


def integers(rng, *shape, low=-2, high=2, scale=1.0):
    """Small integers times a power of two: their sums are exact in f32 in any order."""
    return rng.randint(low, high + 1, shape).astype(np.float64) * scale


def bf16_bytes(values):
    """bf16-exact values as a file holds them."""
    return (np.asarray(values, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16).view(BF16)


class Unclear(Exception):
    """A selection of this case could come out differently in f32."""


def clear_order(keys, gap=1e-4, relative=False):
    """Raise Unclear if two keys of a row differ, but by less than `gap`."""
    ordered = np.sort(np.asarray(keys, dtype=np.float64), axis=-1)
    low, high = ordered[..., :-1], ordered[..., 1:]
    step = np.where(low == high, 0.0, high - low)  # equal infinities are a tie too
    if relative:
        step = step / np.maximum(np.maximum(np.abs(low), np.abs(high)), 1e-300)
    if np.any((step > 0) & (step < gap)):
        raise Unclear


def clear_sides(values, limit, gap=1e-4):
    """Raise Unclear if a value is so near to the limit that f32 may see it on the other side."""
    if np.any(np.abs(np.asarray(values) - limit) < gap):
        raise Unclear


def search(name, case, build):
    """build(rng) -> (inputs, outputs) with the first random stream that gives a clear case."""
    for attempt in range(10000):
        try:
            inputs, outputs = build(random_state(name, case, attempt))
            return case, inputs, outputs
        except Unclear:
            continue
    raise RuntimeError(f"{name}.{case}: no clear case found")


# ----------------------------------------------------------------------- functions


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=np.float64)))


def relu(x):
    return np.maximum(x, 0.0)


def silu(x):
    return x * sigmoid(x)


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def normal_cdf(x):
    return 0.5 * (1.0 + erf(np.asarray(x) / math.sqrt(2.0)))


def gelu_erf(x):
    return x * normal_cdf(x)


def gelu_tanh(x):
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def logsumexp(x, axis=-1):
    m = np.max(x, axis=axis, keepdims=True)
    return np.squeeze(m, axis) + np.log(np.sum(np.exp(x - m), axis=axis))


def linear(x, weight, bias=None):
    """x [T, in], weight [out, in]. A plain sum, so that equal rows give equal results."""
    y = np.sum(x[:, None, :] * weight[None, :, :], axis=-1)
    return y if bias is None else y + bias


# ----------------------------------------------------------------------- selection


def topk(keys, k):
    """Indices of the k largest keys of each row, largest first, lowest index on a tie."""
    return np.argsort(-np.asarray(keys), axis=-1, kind="stable")[..., :k].astype(np.int32)


def take(scores, ids):
    """scores[t, ids[t, c]], and 0 where the id is -1."""
    ids = np.asarray(ids)
    return np.where(ids >= 0, np.take_along_axis(scores, np.maximum(ids, 0), axis=-1), 0.0)


def own(ids, num_experts):
    """ids, and -1 where they are not of [0, num_experts)."""
    ids = np.asarray(ids)
    return np.where((ids >= 0) & (ids < num_experts), ids, -1)


def descending(priority):
    """Token order by descending priority, equal ones by index."""
    return np.argsort(-np.asarray(priority), kind="stable")


def counts(ids, num_experts):
    ids = np.asarray(ids).reshape(-1)
    return np.bincount(ids[ids >= 0], minlength=num_experts)


# ----------------------------------------------------------------------- capacity


def round_up(value, multiple):
    return -(-int(value) // multiple) * multiple


def ceil_div(a, b):
    return -(-a // b)


def assign_slots(ids, capacity, num_experts, order="k_major", tokens=None):
    """Serve the choices one by one; one that finds its expert full is dropped.

    k_major: all first choices, then all second choices ...; token_major: all choices of
    a token, then those of the next. `tokens` is the order of the tokens, by default
    their position. Returns (kept ids, slots), -1 where dropped.
    """
    ids = np.asarray(ids)
    num_tokens, k = ids.shape
    tokens = range(num_tokens) if tokens is None else tokens
    if order == "k_major":
        sequence = [(t, c) for c in range(k) for t in tokens]
    else:
        sequence = [(t, c) for t in tokens for c in range(k)]
    used = [0] * num_experts
    kept = np.full(ids.shape, -1, dtype=np.int32)
    slots = np.full(ids.shape, -1, dtype=np.int32)
    for t, c in sequence:
        e = int(ids[t, c])
        if e >= 0 and used[e] < capacity:
            kept[t, c], slots[t, c] = e, used[e]
            used[e] += 1
    return kept, slots


# ----------------------------------------------------------------------- experts


def mlp(x, up, down, activation, up_bias=None, down_bias=None, gate=None, gate_bias=None):
    """down(act(up x)), or down(act(gate x) * up x) with a gate; matrices [out, in]."""
    u = linear(x, up, up_bias)
    h = activation(u) if gate is None else activation(linear(x, gate, gate_bias)) * u
    return linear(h, down, down_bias)


def combine(x, ids, weights, expert):
    """y[t] = sum_c weights[t,c] * expert(ids[t,c], x[t]) over the choices with id >= 0."""
    y = 0.0
    for c in range(ids.shape[1]):
        y = y + sum_over_experts(x, ids[:, c], weights[:, c], expert)
    return y


def mlp_of(tensors, name, activation):
    """f(e, x) for the weights <name>.up.weight, .gate.weight, .down.weight and their biases;
    e is None if they are those of a single MLP."""

    def apply(e, x):
        def part(key):
            tensor = tensors.get(f"{name}.{key}")
            return tensor if tensor is None or e is None else tensor[e]

        return mlp(x, part("up.weight"), part("down.weight"), activation, part("up.bias"),
                   part("down.bias"), part("gate.weight"), part("gate.bias"))

    return apply


def sum_over_experts(x, ids, weights, expert):
    y = None
    for e in sorted(set(ids[ids >= 0].tolist())):
        rows = np.flatnonzero(ids == e)
        out = expert(e, x[rows])
        y = np.zeros((x.shape[0], out.shape[1])) if y is None else y
        y[rows] += weights[rows, None] * out
    return np.zeros_like(x) if y is None else y


# ----------------------------------------------------------------------- losses


def balance_loss(scores, ids, num_experts):
    """E * sum_e f_e P_e with f_e the share of tokens that chose e and P_e the mean score.
    Like every loss it is 0 without tokens."""
    if len(scores) == 0:
        return 0.0
    fraction = counts(ids, num_experts) / len(scores)
    return num_experts * float(np.sum(fraction * np.mean(scores, axis=0)))


def z_loss(logits):
    if len(logits) == 0:
        return 0.0
    return float(np.mean(logsumexp(logits) ** 2))


def squared_variation(values, ddof=0):
    """(standard deviation / mean)^2"""
    return float(np.var(values, ddof=ddof) / np.mean(values) ** 2)


def importance_loss(scores):
    """Squared variation over the experts of the summed scores."""
    return 0.0 if len(scores) == 0 else squared_variation(np.sum(scores, axis=0))


def load_loss(logits, noisy, k, sigma):
    """Squared variation of the chance that, with fresh noise on its clean logit, an expert
    stays above the token's k-th largest noisy logit."""
    if len(logits) == 0:
        return 0.0
    threshold = np.sort(noisy, axis=-1)[:, -k][:, None]
    return squared_variation(np.sum(1.0 - normal_cdf((threshold - logits) / sigma), axis=0))


def entropy(p, axis=-1):
    return -np.sum(p * np.log(p), axis=axis)


# ----------------------------------------------------------------------- safetensors

# Unknown to numpy: opaque bytes.
E4M3, E5M2, BF16 = np.dtype("V1"), np.dtype("S1"), np.dtype("V2")
_DTYPES = {"float64": "F64", "float32": "F32", "int64": "I64", "int32": "I32", "int8": "I8",
           "uint8": "U8", "void8": "F8_E4M3", "bytes8": "F8_E5M2", "void16": "BF16",
           "float16": "F16"}


def to_file(array):
    """Arrays of the oracle are f64 and stored as f32; integer arrays are stored as they are."""
    array = np.asarray(array, order="C")
    return array.astype(np.float32) if array.dtype == np.float64 else array


def save(path, tensors):
    """Write a safetensors file: names sorted, no metadata, header padded to 8 bytes."""
    header, blobs, offset = {}, [], 0
    for name in sorted(tensors):
        array = to_file(tensors[name])
        blob = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": _DTYPES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def scalar(value):
    """A tensor of rank 0."""
    return np.array(float(value))


def capacity_tensor(value):
    return np.array(int(value), dtype=np.int64)
