"""What a layer is timed beside. Each peer says of itself what it cannot run, and why.

All get the tensors of the transformers library's block, and give the whole layer: router, experts
and shared experts. Where a peer has no kernel for a part, the library's own code does that part.

eager, grouped   the block, with the experts that the library calls so
vllm             the Triton kernels of vLLM and its tables of tuned configurations, as installed
sonic            SonicMoE
flashinfer       the CUTLASS kernels of FlashInfer, which it compiles when they are first used
"""

import importlib
import importlib.metadata

import torch
from torch.nn import functional

from library_block import choose_experts

# Routers that are a softmax and the k largest: whether these are normalised.
NORMALIZED = {
    "mixtral": lambda config: True, "gpt_oss": lambda config: True,
    "qwen3_moe": lambda config: config["norm_topk_prob"], "qwen3_next": lambda config: config["norm_topk_prob"],
    "olmoe": lambda config: config["norm_topk_prob"],
}
TOP_K = ("num_experts_per_tok", "top_k_experts")


class Layer:
    """A block's parts, whatever the model calls them."""

    def __init__(self, golden, block):
        self.golden, self.block, self.config = golden, block, golden.config
        self.kind = golden.config["model_type"]
        self.experts = block.experts
        self.router = block.get_submodule(golden.router)
        self.weight = next(it for it in self.router.parameters() if it.dim() == 2)
        self.bias = self.router.bias if self.kind == "gpt_oss" else None
        self.k = next(golden.config[name] for name in TOP_K if name in golden.config)
        self.is_softmax = self.kind in NORMALIZED
        self.is_normalized = self.is_softmax and NORMALIZED[self.kind](golden.config)
        self.activation = golden.config.get("hidden_activation", golden.config.get("hidden_act"))
        # gpt-oss: outputs alternate, weights are in_out, and all have a bias.
        self.is_interleaved = self.kind == "gpt_oss"

    def logits(self, hidden):
        return functional.linear(hidden, self.weight, self.bias)

    def route(self, hidden):
        """The library's choice: weights and ids."""
        *_, first, second = self.router(hidden)
        return (first, second) if first.is_floating_point() else (second, first)

    def finish(self, hidden, result):
        """With the experts that all tokens pass."""
        if self.kind == "deepseek_v3":
            return result + self.block.shared_experts(hidden)
        if self.kind == "qwen3_next":
            gate = functional.linear(hidden, self.block.shared_expert_gate.weight).sigmoid()
            return result + gate * self.block.shared_expert(hidden)
        return result

    def prepare(self, hidden):
        """What experts see, if not what the router does."""
        return self.block.pre_feedforward_layernorm_2(hidden) if self.kind == "gemma4_text" else hidden


class Library:
    """The library's block. Its eager experts ask the device which of them have tokens."""

    def __init__(self, name, implementation):
        self.name, self.implementation = name, implementation
        self.waits = implementation == "eager"

    def load(self):
        return f"transformers {importlib.metadata.version('transformers')}, {self.implementation}"

    def refuse(self, layer):
        return None

    def bind(self, layer):
        def run(hidden):
            choose_experts(layer.block, self.implementation)
            output = layer.block(hidden[None])
            return (output[0] if isinstance(output, tuple) else output).reshape(hidden.shape)

        return run


class Vllm:
    name, waits = "vllm", False

    def load(self):
        import vllm_operators

        vllm_operators.stand_in_for_libraries()
        importlib.import_module("vllm._custom_ops")  # loads those that are there
        replaced = vllm_operators.define_missing()
        fused = importlib.import_module("vllm.model_executor.layers.fused_moe.fused_moe")
        self.activations = importlib.import_module("vllm.model_executor.layers.fused_moe.activation").MoEActivation
        self.config = importlib.import_module("vllm.model_executor.layers.fused_moe.config")
        routers = "vllm.model_executor.layers.fused_moe.router."
        self.fused_topk = importlib.import_module(routers + "fused_topk_router").fused_topk
        self.fused = fused
        found = f"vllm {importlib.metadata.version('vllm')}"
        return found + (f" with operators of ours: {', '.join(replaced)}" if replaced else "")

    def refuse(self, layer):
        if layer.is_interleaved and layer.config["swiglu_limit"] != 7.0:
            return f"vLLM's swigluoai has the limit 7.0, found {layer.config['swiglu_limit']}"
        return None

    def describe(self, layer):
        """Whether vLLM has a tuned table for the shape on this card."""
        experts, *shape = layer.experts.down_proj.shape
        inner = shape[0 if layer.is_interleaved else 1]
        return "tuned" if self.fused.get_moe_configs(experts, inner, None) else "default configuration"

    def weights(self, layer):
        experts = layer.experts
        if layer.is_interleaved:
            return experts.gate_up_proj.transpose(1, 2).contiguous(), experts.down_proj.transpose(1, 2).contiguous()
        return experts.gate_up_proj, experts.down_proj

    def bind(self, layer):
        up, down = self.weights(layer)
        quant = None
        activation = self.activations.from_str(layer.activation)
        if layer.is_interleaved:
            activation = self.activations.SWIGLUOAI
            # Nothing is quantised; only this carries biases.
            quant = self.config.biased_moe_quant_config(layer.experts.gate_up_proj_bias, layer.experts.down_proj_bias)

        def run(hidden):
            if layer.is_softmax:
                weights, ids, _ = self.fused_topk(hidden, layer.logits(hidden), layer.k, layer.is_normalized)
            else:
                weights, ids = layer.route(hidden)
            result = self.fused.fused_experts(layer.prepare(hidden), up, down, weights.float(), ids.int(),
                                              activation=activation, quant_config=quant)
            return layer.finish(hidden, result)

        return run


def refuse_all_but_swiglu(layer):
    """Why kernels that have no other activation, and no biases, cannot run a layer."""
    found = "clamped swiglu" if layer.is_interleaved else layer.activation
    return None if found == "silu" else f"swiglu is expected, found {found}"


class Sonic:
    name, waits = "sonic", False

    def load(self):
        self.module = importlib.import_module("sonicmoe")
        self.activations = importlib.import_module("sonicmoe.enums").ActivationType
        return f"sonic-moe {importlib.metadata.version('sonic-moe')}"

    def refuse(self, layer):
        return refuse_all_but_swiglu(layer)

    def bind(self, layer):
        # Experts last; gates before ups, not in turn.
        up, down = (it.permute(1, 2, 0) for it in (layer.experts.gate_up_proj, layer.experts.down_proj))
        stream = torch.cuda.current_stream().cuda_stream if up.is_cuda else 0
        experts = up.shape[-1]

        def run_softmax(hidden):
            result, _, _ = self.module.moe_TC_softmax_topk_layer(
                hidden, layer.weight, up, None, down, None, layer.k, stream,
                activation_type=self.activations.SWIGLU, is_inference_mode_enabled=True,
                is_softmax_over_topk=False, norm_topk_probs=layer.is_normalized, concat_layout=True)
            return layer.finish(hidden, result)

        def run_any(hidden):
            weights, ids = layer.route(hidden)
            tokens = torch.arange(len(hidden), dtype=torch.int32, device=hidden.device)
            result, _ = self.module.moe_general_routing_inputs(
                layer.prepare(hidden), weights.reshape(-1).float(), tokens.repeat_interleave(layer.k),
                ids.reshape(-1).int(), up, None, down, None, experts, stream, self.activations.SWIGLU,
                is_inference_mode_enabled=True, concat_layout=True)
            return layer.finish(hidden, result)

        return run_softmax if layer.is_softmax else run_any


class FlashInfer:
    name, waits = "flashinfer", False

    def load(self):
        self.run = importlib.import_module("flashinfer.fused_moe").cutlass_fused_moe
        return f"flashinfer-python {importlib.metadata.version('flashinfer-python')}"

    def refuse(self, layer):
        return refuse_all_but_swiglu(layer)

    def bind(self, layer):
        # Ups before gates.
        gate, up = layer.experts.gate_up_proj.chunk(2, dim=1)
        both = torch.cat([up, gate], dim=1)

        def run(hidden):
            weights, ids = layer.route(hidden)
            result = self.run(layer.prepare(hidden), ids.int(), weights.float(), both, layer.experts.down_proj,
                              hidden.dtype, quant_scales=[])
            return layer.finish(hidden, result[0] if isinstance(result, list) else result)

        return run


PEERS = {it.name: it for it in (Library("eager", "eager"), Library("grouped", "grouped_mm"), Vllm(), Sonic(),
                                FlashInfer())}


def load_peers(names, on_gpu):
    """The peers that are there, and a line for each one asked for: its version, or why it is skipped."""
    found, lines = [], {}
    for name in names:
        peer = PEERS[name]
        if not on_gpu and not isinstance(peer, Library):
            lines[name] = "skipped: it needs a GPU"
            continue
        try:
            lines[name] = peer.load()
            found.append(peer)
        except ImportError as error:
            lines[name] = f"skipped, not installed: {error}".splitlines()[0]
        except Exception as error:  # a package that is there and broken
            lines[name] = f"skipped, cannot be loaded: {type(error).__name__}: {error}".splitlines()[0]
    return found, lines
