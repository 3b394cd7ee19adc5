"""The small operators around vLLM's Triton kernels, in Triton, for where its compiled ones are
not there: they are far larger than all the rest, and made for one version of PyTorch. Those
that are there stay. These are written for this comparison; each does in one pass over memory
what vLLM's does, but moe_align_block_size takes three launches and two fills."""

import importlib.util
import sys
import types

import torch
import triton
import triton.language as tl

SILU, GELU_TANH, SWIGLU_OAI = 0, 1, 2
BLOCK = 1024


@triton.jit
def _activate(out, x, columns, alpha, limit, KIND: tl.constexpr, WIDTH: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    mask = at < columns
    x += row * 2 * columns
    if KIND == 2:  # outputs alternate
        gate = tl.load(x + 2 * at, mask, 0).to(tl.float32)
        up = tl.load(x + 2 * at + 1, mask, 0).to(tl.float32)
        gate = tl.minimum(gate, limit)
        up = tl.minimum(tl.maximum(up, -limit), limit)
        y = gate * tl.sigmoid(gate * alpha) * (up + 1)
    else:
        gate = tl.load(x + at, mask, 0).to(tl.float32)
        up = tl.load(x + columns + at, mask, 0).to(tl.float32)
        if KIND == 0:
            y = gate * tl.sigmoid(gate) * up
        else:  # tanh(z) = 2 sigmoid(2 z) - 1
            inner = 0.7978845608028654 * (gate + 0.044715 * gate * gate * gate)
            y = gate * tl.sigmoid(2 * inner) * up
    tl.store(out + row * columns + at, y.to(out.dtype.element_ty), mask)


def _launch_activate(out, x, kind, alpha=0.0, limit=0.0):
    columns = out.shape[-1]
    rows = out.numel() // columns
    if rows:
        _activate[(rows, triton.cdiv(columns, BLOCK))](out, x, columns, alpha, limit, KIND=kind, WIDTH=BLOCK)


def silu_and_mul(out, x):
    _launch_activate(out, x, SILU)


def gelu_tanh_and_mul(out, x):
    _launch_activate(out, x, GELU_TANH)


def swigluoai_and_mul(out, x, alpha=1.702, limit=7.0):
    _launch_activate(out, x, SWIGLU_OAI, alpha, limit)


@triton.jit
def _sum(x, out, columns, K: tl.constexpr, WIDTH: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    mask = at < columns
    total = tl.zeros([WIDTH], tl.float32)
    for k in tl.static_range(K):
        total += tl.load(x + (row * K + k) * columns + at, mask, 0).to(tl.float32)
    tl.store(out + row * columns + at, total.to(out.dtype.element_ty), mask)


def moe_sum(x, out):
    tokens, k, columns = x.shape
    _sum[(tokens, triton.cdiv(columns, BLOCK))](x, out, columns, K=k, WIDTH=BLOCK)


@triton.jit
def _top_k(logits, weights, ids, experts, RENORMALIZE: tl.constexpr, K: tl.constexpr, WIDTH: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, WIDTH)
    x = tl.load(logits + row * experts + at, at < experts, -float("inf")).to(tl.float32)
    e = tl.exp(x - tl.max(x, 0))
    p = tl.where(at < experts, e / tl.sum(e, 0), -1.0)
    left = p
    total = 0.0
    for k in tl.static_range(K):
        best = tl.argmax(left, 0)
        total += tl.max(left, 0)
        left = tl.where(at == best, -1.0, left)
    scale = 1.0 / total if RENORMALIZE else 1.0
    left = p
    for k in tl.static_range(K):
        best = tl.argmax(left, 0)
        tl.store(weights + row * K + k, tl.max(left, 0) * scale)
        tl.store(ids + row * K + k, best.to(ids.dtype.element_ty))
        left = tl.where(at == best, -1.0, left)


def topk_softmax(weights, ids, token_expert_indices, logits, renormalize, bias=None):
    if bias is not None:
        raise ValueError("topk_softmax has a bias, expected none")
    tokens, experts = logits.shape
    _top_k[(tokens,)](logits, weights, ids, experts, RENORMALIZE=renormalize, K=weights.shape[1],
                      WIDTH=triton.next_power_of_2(experts))


@triton.jit
def _count(ids, counts, numel, WIDTH: tl.constexpr):
    at = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)
    expert = tl.load(ids + at, at < numel, 0)
    tl.atomic_add(counts + expert, 1, at < numel)


@triton.jit
def _find_blocks(counts, cursors, block_experts, total, experts, blocks, block_size,
                 WIDTH: tl.constexpr, PART: tl.constexpr):
    at = tl.arange(0, WIDTH)
    count = tl.load(counts + at, at < experts, 0)
    padded = (count + block_size - 1) // block_size * block_size
    ends = tl.cumsum(padded, 0)
    if tl.program_id(0) == 0:
        tl.store(cursors + at, ends - padded, at < experts)
        tl.store(total, tl.sum(padded, 0))
    block = tl.program_id(0) * PART + tl.arange(0, PART)
    before = (ends[None, :] <= block[:, None] * block_size) & (at < experts)[None, :]
    expert = tl.sum(before.to(tl.int32), 1)
    tl.store(block_experts + block, tl.minimum(expert, experts - 1), block < blocks)


@triton.jit
def _place(ids, cursors, rows, numel, WIDTH: tl.constexpr):
    at = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)
    expert = tl.load(ids + at, at < numel, 0)
    place = tl.atomic_add(cursors + expert, 1, at < numel)
    tl.store(rows + place, at, at < numel)


def moe_align_block_size(ids, experts, block_size, rows, block_experts, total, expert_map=None):
    if expert_map is not None:
        raise ValueError("moe_align_block_size has a map of experts, expected none")
    numel, blocks, width = ids.numel(), block_experts.numel(), 256
    rows.fill_(numel)
    counts = torch.zeros(2, experts, dtype=torch.int32, device=ids.device)
    grid = (triton.cdiv(numel, width),)
    _count[grid](ids, counts[0], numel, WIDTH=width)
    _find_blocks[(triton.cdiv(blocks, 32),)](counts[0], counts[1], block_experts, total, experts, blocks, block_size,
                                             WIDTH=triton.next_power_of_2(experts), PART=32)
    _place[grid](ids, counts[1], rows, numel, WIDTH=width)


# vLLM asks these while it is imported.


def cutlass_scaled_mm_supports_fp8(capability):
    return False


def cutlass_scaled_mm_supports_block_fp8(capability):
    return False


def cutlass_group_gemm_supported(capability):
    return False


SCHEMAS = {
    "_C": {
        cutlass_scaled_mm_supports_fp8: "(int cuda_device_capability) -> bool",
        cutlass_scaled_mm_supports_block_fp8: "(int cuda_device_capability) -> bool",
        cutlass_group_gemm_supported: "(int cuda_device_capability) -> bool",
        silu_and_mul: "(Tensor! result, Tensor input) -> ()",
        gelu_tanh_and_mul: "(Tensor! result, Tensor input) -> ()",
        swigluoai_and_mul: "(Tensor! out, Tensor input, float alpha=1.702, float limit=7.0) -> ()",
    },
    "_moe_C": {
        moe_sum: "(Tensor input, Tensor! output) -> ()",
        topk_softmax: "(Tensor! topk_weights, Tensor! topk_indices, Tensor! token_expert_indices, "
                      "Tensor gating_output, bool renormalize, Tensor? bias=None) -> ()",
        moe_align_block_size: "(Tensor topk_ids, int num_experts, int block_size, Tensor! sorted_token_ids, "
                              "Tensor! experts_ids, Tensor! num_tokens_post_pad, Tensor? maybe_expert_map=None) -> ()",
    },
}


def stand_in_for_libraries():
    """Empty modules for the compiled ones that are not there: vLLM imports them unasked."""
    for name in ("vllm._C", "vllm._moe_C", "vllm._C_stable_libtorch", "vllm._moe_C_stable_libtorch"):
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            sys.modules[name] = types.ModuleType(name)


def define_missing():
    """Makes those operators that vLLM has not defined; the names of those that compute something."""
    defined = []
    for namespace, functions in SCHEMAS.items():
        for function, schema in functions.items():
            if hasattr(getattr(torch.ops, namespace), function.__name__):
                continue
            library = torch.library.Library(namespace, "FRAGMENT")
            library.define(function.__name__ + schema)
            library.impl(function.__name__, function, "CompositeExplicitAutograd")
            KEPT.append(library)
            defined += [function.__name__] if schema.endswith("()") else []
    return defined


KEPT = []  # an operator lives as long as its library
