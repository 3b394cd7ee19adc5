"""MoE blocks that the transformers library does not offer as one runnable module."""

import torch
from torch import nn
from transformers.models.gemma4.modeling_gemma4 import Gemma4RMSNorm, Gemma4TextExperts, Gemma4TextRouter
from transformers.models.nllb_moe.modeling_nllb_moe import NllbMoeSparseMLP


class Gemma4Moe(nn.Module):
    """The routed branch of the library's Gemma 4 decoder layer, built from the library's own
    parts: the router sees the residual, the experts see its norm. The dense branch and the
    norm after the experts stay outside, as attention does."""

    def __init__(self, config):
        super().__init__()
        self.router = Gemma4TextRouter(config)
        self.experts = Gemma4TextExperts(config)
        self.pre_feedforward_layernorm_2 = Gemma4RMSNorm(config.hidden_size, eps=config.rms_norm_eps)

    def forward(self, residual):
        tokens = residual.reshape(-1, residual.shape[-1])
        _, weights, ids = self.router(tokens)
        return self.experts(self.pre_feedforward_layernorm_2(tokens), ids, weights).reshape(residual.shape)


class NllbMoe(NllbMoeSparseMLP):
    """The library's router and expert modules, with every routed expert run as up to version 4.
    Version 5.23 one-hot encodes the top-1 mask instead, so that only experts 0 and 1 ever run."""

    def __init__(self, config):
        super().__init__(config, config.encoder_ffn_dim)

    def forward(self, hidden_states):
        tokens = hidden_states.reshape(-1, hidden_states.shape[-1])
        _, weights, _ = self.router(tokens)
        result = torch.zeros_like(tokens)
        for index in range(self.num_experts):
            rows = weights[:, index].nonzero().squeeze(-1)
            output = self.experts[f"expert_{index}"](tokens[rows]) * (1 - self.experts.moe_token_dropout)
            result.index_add_(0, rows, output * weights[rows, index, None])
        return result.reshape(hidden_states.shape)


class Grok1Expert(nn.Module):
    def __init__(self, hidden, inner):
        super().__init__()
        self.linear = nn.Linear(hidden, inner, bias=False)
        self.linear_v = nn.Linear(hidden, inner, bias=False)
        self.linear_1 = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.linear_1(nn.functional.gelu(self.linear(x), approximate="tanh") * self.linear_v(x))


class Grok1Router(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.k = config.num_experts_per_tok
        self.weight = nn.Parameter(torch.empty(config.num_experts, config.hidden_size))

    def forward(self, tokens):
        logits = nn.functional.linear(tokens.float(), self.weight.float())
        weights, ids = logits.softmax(dim=-1).topk(self.k, dim=-1)
        return logits, weights.to(tokens.dtype), ids


class Grok1Moe(nn.Module):
    """Written after the mathematics of the published Grok-1 code, with the tensor names of its
    Hugging Face port: f32 router, softmax over all experts, no renormalisation, tanh GELU."""

    def __init__(self, config):
        super().__init__()
        self.gate = Grok1Router(config)
        self.experts = nn.ModuleList(
            Grok1Expert(config.hidden_size, config.intermediate_size) for _ in range(config.num_experts)
        )

    def forward(self, hidden_states):
        tokens = hidden_states.reshape(-1, hidden_states.shape[-1])
        _, weights, ids = self.gate(tokens)
        outputs = torch.stack([expert(tokens) for expert in self.experts], dim=1)
        chosen = outputs.gather(1, ids[..., None].expand(-1, -1, tokens.shape[-1]))
        return (chosen * weights[..., None]).sum(dim=1).reshape(hidden_states.shape)
