"""A layer of layers.json in ONNX Runtime: a router and the contrib op com.microsoft.MoE."""

import os

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper

# The layers that the op's CPU kernel can express. It scores by softmax, with experts of ReLU, GELU
# or SiLU alone or of SwiGLU: no sigmoid scores or groups of experts, and no gated GELU.
KINDS = ("mixtral", "qwen3_moe", "olmoe", "gpt_oss")


def tensors_of(golden, state):
    """The op's inputs, None where the layer has none: it wants [experts, out, in], and the rows of gate and
    up interleaved."""
    if golden.config["model_type"] == "gpt_oss":
        up = state["experts.gate_up_proj"].mT
        down = state["experts.down_proj"].mT
    else:
        up = torch.stack(state["experts.gate_up_proj"].chunk(2, dim=1), dim=2).flatten(1, 2)
        down = state["experts.down_proj"]
    return {
        "router": state[f"{golden.router}.weight"].mT,
        "router_bias": state.get(f"{golden.router}.bias"),
        "up": up,
        "up_bias": state.get("experts.gate_up_proj_bias"),
        "down": down,
        "down_bias": state.get("experts.down_proj_bias"),
    }


def activation_of(config):
    if config["model_type"] == "gpt_oss":
        return {"activation_alpha": 1.702, "activation_beta": 1.0, "swiglu_limit": config["swiglu_limit"]}
    return {"activation_alpha": 1.0, "activation_beta": 0.0}


def model_of(config, arrays):
    """The model without its weights, which are too large to be part of one."""
    named = {name: name if name in arrays else "" for name in ("up", "up_bias", "down", "down_bias")}
    product = "logits" if "router_bias" not in arrays else "product"
    nodes = [helper.make_node("MatMul", ["hidden_states", "router"], [product])]
    if "router_bias" in arrays:
        nodes.append(helper.make_node("Add", ["product", "router_bias"], ["logits"]))
    nodes.append(
        helper.make_node(
            "MoE", ["hidden_states", "logits", *named.values()], ["output"], domain="com.microsoft",
            k=config["num_experts_per_tok"], normalize_routing_weights=int(config.get("norm_topk_prob", True)),
            activation_type="swiglu", swiglu_fusion=1, **activation_of(config),
        )
    )
    hidden, experts = arrays["router"].shape
    shapes = {"hidden_states": ["tokens", hidden], "output": ["tokens", hidden], "logits": ["tokens", experts]}
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(nodes, "layer", infos[:1], infos[1:], [external(*item) for item in arrays.items()])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def external(name, array):
    """An initializer whose values the session gets from memory."""
    tensor = TensorProto(
        name=name, dims=array.shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL
    )
    tensor.external_data.add(key="location", value=name)
    return tensor


class OnnxLayer:
    def __init__(self, golden, state):
        self.k = golden.config["num_experts_per_tok"]
        # The session reads the arrays in place, so they must live as long as it does.
        self.arrays = {
            name: np.ascontiguousarray(tensor) for name, tensor in tensors_of(golden, state).items()
            if tensor is not None
        }
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count()
        self.values = [
            onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(array, TensorProto.FLOAT)
            for array in self.arrays.values()
        ]
        options.add_external_initializers(list(self.arrays), self.values)
        model = model_of(golden.config, self.arrays).SerializeToString()
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, tokens):
        """The output and the ids of each token's experts."""
        output, logits = map(torch.from_numpy, self.session.run(None, {"hidden_states": tokens.numpy()}))
        return output, logits.topk(self.k).indices


def onnx_layer(golden, state, dtype):
    """None if the CPU kernel lacks the type or the mathematics."""
    supported = dtype == torch.float32 and golden.config["model_type"] in KINDS
    return OnnxLayer(golden, state) if supported else None
