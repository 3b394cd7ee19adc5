"""A layer's bundle for CUDA as PyTorch can call it, over the C interface that comes with it."""

import ctypes
import json
import shutil
import subprocess

ABI, CUDA = 1, 2
# Codes and bits of element types, as DLPack has them.
DTYPES = {"BF16": (4, 16), "F16": (2, 16), "F32": (2, 32), "F8_E4M3": (10, 8), "I32": (0, 32), "I64": (0, 64),
          "I8": (0, 8), "U8": (1, 8), "BOOL": (6, 8)}


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class Input(ctypes.Structure):
    _fields_ = [("tensors", ctypes.POINTER(Tensor)), ("count", ctypes.c_size_t)]


class Arguments(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t), ("abi", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
        ("inputs", ctypes.POINTER(Input)), ("num_inputs", ctypes.c_size_t),
        ("outputs", ctypes.POINTER(Tensor)), ("num_outputs", ctypes.c_size_t),
        ("parallel_for", ctypes.c_void_p), ("parallel_context", ctypes.c_void_p),
        ("message", ctypes.c_char_p), ("message_size", ctypes.c_size_t),
    ]


class LoadOptions(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t), ("abi", ctypes.c_uint32), ("threads", ctypes.c_uint32),
        ("message", ctypes.c_char_p), ("message_size", ctypes.c_size_t), ("device", ctypes.c_int32),
    ]


def compile_bundle(moe_compile, config, folder, name, target):
    """Compiles a config.json, and the interface of its bundle to a shared object beside that."""
    subprocess.run([moe_compile, config, "--dtype=bf16", f"--target={target}", f"--name={name}", "-o", folder / name],
                   check=True)
    compiler = shutil.which("cc") or "clang-22"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", folder / name / f"{name}.c", "-o", folder / f"{name}.so"],
                   check=True)


def shape_of(described, tokens):
    return [tokens if extent == "tokens" else extent for extent in described["shape"]]


class Bundle:
    """A bundle that compile_bundle made."""

    def __init__(self, folder, name):
        self.manifest = json.loads((folder / name / "manifest.json").read_text())
        self.library = ctypes.CDLL(folder / f"{name}.so")
        self.prefix = f"moe_{name}"
        self.message = ctypes.create_string_buffer(512)
        self.layer = ctypes.c_void_p()
        options = LoadOptions(ctypes.sizeof(LoadOptions), ABI, 0, ctypes.addressof(self.message), 512, 0)
        self.call("load", str(folder / name).encode(), ctypes.byref(options), ctypes.byref(self.layer))

    def call(self, function, *arguments):
        status = getattr(self.library, f"{self.prefix}_{function}")(*arguments)
        if status:
            raise RuntimeError(f"{self.prefix}_{function}: status {status}: {self.message.value.decode()}")

    def workspace_bytes(self, tokens):
        size = ctypes.c_size_t()
        self.call("workspace_size", self.layer, ctypes.c_int64(tokens), ctypes.byref(size))
        return size.value

    def describe(self, tensor, described, tokens, has_experts=False):
        """`tensor` as the interface takes it; it must be what the manifest says."""
        shape = shape_of(described, tokens)
        if has_experts:
            shape = [described["experts"], *shape]
        if list(tensor.shape) != shape or not tensor.is_contiguous():
            raise ValueError(f"{described['name']} is {list(tensor.shape)}, expected {shape}, contiguous")
        code, bits = DTYPES[described["dtype"]]
        return Tensor(tensor.data_ptr(), CUDA, 0, len(shape), code, bits, 1, (ctypes.c_int64 * len(shape))(*shape),
                      None, 0)

    def bind(self, inputs, outputs, workspace, tokens):
        """A function of a stream that runs the layer on these tensors, which it keeps alive."""
        described = self.manifest["inputs"]
        tensors = [self.describe(tensor, it, tokens, "experts" in it) for tensor, it in zip(inputs, described)]
        given = (Input * len(tensors))(*[Input(ctypes.pointer(it), 1) for it in tensors])
        results = (Tensor * len(outputs))(
            *[self.describe(tensor, it, tokens) for tensor, it in zip(outputs, self.manifest["outputs"])])
        arguments = Arguments(ctypes.sizeof(Arguments), ABI, 0, given, len(given), results, len(results), None, None,
                              ctypes.addressof(self.message), 512)
        bytes_given = ctypes.c_size_t(workspace.numel())

        def run(stream, kept=(inputs, outputs, tensors)):
            self.call("run", self.layer, ctypes.byref(arguments), ctypes.c_void_p(workspace.data_ptr()), bytes_given,
                      ctypes.c_void_p(stream))

        return run
