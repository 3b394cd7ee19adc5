#!/usr/bin/env python3
"""Pack what peers need on a GPU machine that has PyTorch but reaches no package index.

  pack_peers.py FOLDER [--python=3.12]

Downloads wheels for x86-64 Linux with pip and writes archives to FOLDER, which are to be unpacked
into one folder there; PYTHONPATH is that folder and, for SonicMoE, `nvidia_cutlass_dsl/python_packages`
in it, too:

  vllm.tar.xz     10 MB    the Python files of vLLM, its tables of configurations, and packages that
                           importing its MoE kernels asks for
  sonic.tar.xz    15 MB    SonicMoE and what it is built on, without
  cutlass.tar.xz  41 MB    the compiler of it

Packages that come with PyTorch, Triton and the transformers library are not packed. Versions are
fixed: vLLM's is one for PyTorch 2.11, CUTLASS' is the one that SonicMoE names.
"""

import argparse
import fnmatch
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

VLLM = ["vllm==0.24.0", "annotated-types", "cbor2", "httpcore2", "httpx2", "openai", "openai-harmony", "pydantic",
        "pyzmq", "sniffio", "truststore", "typing-inspection"]
SONIC = ["sonic-moe==0.1.2.post1", "quack-kernels==0.3.11", "nvidia-cutlass-dsl==4.4.2",
         "nvidia-cutlass-dsl-libs-base==4.4.2", "apache-tvm-ffi", "torch-c-dlpack-ext"]
COMPILER = "*/_cutlass_ir.*.so"
VLLM_FILES = ("vllm/*.py", "vllm/model_executor/layers/fused_moe/configs/*", "vllm-*.dist-info/*")
GLIBC = (39, 35, 34, 31, 28, 27, 24, 17)


def download(packages, python, folder):
    version = python.replace(".", "")
    platforms = [f"manylinux_2_{it}_x86_64" for it in GLIBC] + ["manylinux2014_x86_64", "manylinux1_x86_64"]
    options = [f"--platform={it}" for it in platforms] + [f"--abi={it}" for it in (f"cp{version}", "abi3", "none")]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:",
                    "--implementation=cp", f"--python-version={python}", *options, "-d", folder, *packages], check=True)
    return sorted(Path(folder).glob("*.whl"))


def list_files(wheels, wanted):
    """Names and contents of those files of the wheels that are wanted."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if not name.endswith("/") and wanted(wheel.name, name):
                    yield name, archive.read(name)


def pack(path, files):
    with tarfile.open(path, "w:xz") as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def is_for_vllm(wheel, name):
    return not wheel.startswith("vllm-") or any(fnmatch.fnmatch(name, it) for it in VLLM_FILES)


def is_compiler(name):
    return fnmatch.fnmatch(name, COMPILER)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default="3.12")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheels = download(VLLM, options.python, folder)
        # pydantic wants one version of what it is built on.
        wheels += download([find_core(wheels)], options.python, folder + "/core")
        pack(options.folder / "vllm.tar.xz", list_files(wheels, is_for_vllm))
    with tempfile.TemporaryDirectory() as folder:
        wheels = download(SONIC, options.python, folder)
        pack(options.folder / "sonic.tar.xz", list_files(wheels, lambda _, name: not is_compiler(name)))
        pack(options.folder / "cutlass.tar.xz", list_files(wheels, lambda _, name: is_compiler(name)))


def find_core(wheels):
    """The pydantic-core that the downloaded pydantic wants, as `name==version`."""
    wheel = next(it for it in wheels if it.name.startswith("pydantic-"))
    _, data = next(list_files([wheel], lambda _, name: name.endswith("/METADATA")))
    prefix = "Requires-Dist: pydantic-core"
    return next(line for line in data.decode().splitlines() if line.startswith(prefix)).split(": ")[1].replace(" ", "")


if __name__ == "__main__":
    main()
