"""How lit runs the tests written in MLIR; lit.site.cfg.py in the build folder loads this."""

import importlib.util
import os
import shutil
import sys

import lit.formats

config.name = "MoE"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.build_root, "test")
# Inputs and expected outputs, and the scripts that made them.
config.excludes = ["Data", "Inputs", "oracle"]
if "quick" in lit_config.params:
    config.excludes += ["Bundle", "Execute", "Models", "Plans", "Systems"]  # they run whole layers

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.build_root, "bin"), config.llvm_tools, os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --allow-unused-prefixes=false"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

# Bundles need no compiler but the one that every system has.


def cpu_flags():
    """What this processor can do, by Linux' names; nothing where there is no such file."""
    try:
        with open("/proc/cpuinfo") as info:
            return next((set(line.split()) for line in info if line.startswith("flags")), set())
    except OSError:
        return set()


# The width of the vectors that the target `native` has, for schedules written by hand.
flags = cpu_flags()
vector_bits = (512 if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags
               else 256 if {"avx2", "fma"} <= flags else 128)
config.substitutions += [("%lanes32", str(vector_bits // 32)),
                         ("%lanes64", str(vector_bits // 64))]
if vector_bits == 512 and "avx512_bf16" in flags:
    config.available_features.add("avx512bf16")

# Programs of the CUDA toolkit, wherever tools/kernel_report.py finds them.
sys.path.insert(0, os.path.join(config.test_source_root, "..", "tools"))
import kernel_report

for tool in ("ptxas", "nvdisasm"):
    if kernel_report.find_tool(tool) or tool == "nvdisasm" and kernel_report.find_tool("cuobjdump"):
        config.available_features.add(tool)
if kernel_report.find_headers():
    config.available_features.add("cuda-headers")
    config.substitutions += [("%cuda_headers", kernel_report.find_headers())]
if "ptxas" not in config.available_features:
    lit_config.note("no ptxas: tests of what it makes of kernels are skipped")

# What the scripts in benchmarks/ need, in the Python that runs lit.
if all(importlib.util.find_spec(name) for name in ("torch", "transformers")):
    config.available_features.add("torch")

cc = shutil.which("cc") or shutil.which("clang-22") or "cc"
driver_cc = cc
if config.sanitizers:
    # The simulated driver needs the sanitizers' runtime in the program that loads it, with the
    # options that our own programs have built in.
    driver_cc = f"clang-22 -fsanitize={config.sanitizers}"
    config.environment.setdefault("ASAN_OPTIONS",
                                  "allow_user_poisoning=0:allocator_may_return_null=1")
config.substitutions += [("%cc", cc), ("%driver_cc", driver_cc)]
config.substitutions += [("%python", sys.executable), ("%build", config.build_root)]
