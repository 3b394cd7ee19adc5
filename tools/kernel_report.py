#!/usr/bin/env python3
"""Reports what ptxas makes of kernels: registers, spills, shared memory, notes, loops.

    kernel_report.py [--arch=sm_90a] [--opt=3] FILE

FILE is PTX, or MLIR with a gpu.binary that holds it (`-` for standard input). ptxas is
looked for in PATH, then in the toolkits that CUDA_HOME, CUDA_PATH and CUDA_ROOT name, then
in /usr/local/cuda. With nvdisasm or cuobjdump beside it or in PATH, each innermost loop is
listed with the instructions in it; without, a line says that it is missing. Each kernel
gives lines such as

    kernel gemm: 168 registers, 0 bytes stack, 0 bytes spill stores, 0 bytes spill loads, ...
      note C7510: Potential Performance Loss: ...
      loop of 96 instructions: HGMMA 32, SYNCS 4, R2UR 4, BRA 1
"""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOOLKITS = ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT")
KERNEL = re.compile(r"Compiling entry function '([^']+)'")
NOTE = re.compile(r"^ptxas \w+\s*: (?:\((C\d+)\) )?(.*?)(?: in (?:the )?function '([^']+)')?\.?$")
ASSEMBLY = re.compile(r'\b(?:assembly|bin) = "((?:[^"\\]|\\.)*)"')
COUNTS = {
    "registers": r"Used (\d+) registers",
    "bytes stack": r"(\d+) bytes stack frame",
    "bytes spill stores": r"(\d+) bytes spill stores",
    "bytes spill loads": r"(\d+) bytes spill loads",
    "bytes shared": r"(\d+) bytes smem",
    "bytes local": r"(\d+) bytes lmem",
    "barriers": r"used (\d+) barriers",
}
FUNCTION = re.compile(r"^\s*(?:Function : |\.text\.)([^\s:]+):?\s*$")
LABEL = re.compile(r"^(\.L_\w+):")
INSTRUCTION = re.compile(r"^\s*/\*([0-9a-f]{4,})\*/\s+(@!?U?P\w+\s+)?([A-Z][\w.]*)([^;]*);")
TARGET = re.compile(r"`\((\.L_\w+)\)|\b0x([0-9a-f]+)\s*$")
# Loops of no more instructions with one of these ask again and again, and do no work.
LONGEST_WAIT = 8
WAITS = {"ELECT", "SYNCS", "USETMAXREG"}

Instruction = collections.namedtuple("Instruction", "opcode target conditional")


def fail(text):
    print(f"error: {text}", file=sys.stderr)
    sys.exit(1)


def list_toolkits():
    """Folders in which a CUDA toolkit may be."""
    return [os.environ[key] for key in TOOLKITS if os.environ.get(key)] + ["/usr/local/cuda"]


def find_tool(name):
    """The path of a program of the CUDA toolkit, or nothing."""
    folders = [os.path.join(toolkit, "bin") for toolkit in list_toolkits()]
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", "")] + folders))


def find_headers():
    """The folder that holds cuda.h, or nothing."""
    folders = [os.path.join(toolkit, "include") for toolkit in list_toolkits()]
    return next((it for it in folders if os.path.exists(os.path.join(it, "cuda.h"))), None)


def unescape(text):
    """A string as MLIR prints it."""
    value = re.sub(r"\\([0-9A-Fa-f]{2}|.)",
                   lambda m: chr(int(m[1], 16)) if len(m[1]) == 2 else m[1], text)
    return value.rstrip("\0")


def read_ptx(path):
    """The PTX modules of a file."""
    try:
        text = sys.stdin.read() if path == "-" else open(path, encoding="utf-8").read()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path}: {error.strerror if isinstance(error, OSError) else 'not a text'}")
    if re.search(r"^\s*\.version ", text, re.M):
        return [text]
    modules = [unescape(match) for match in ASSEMBLY.findall(text)]
    modules = [module for module in modules if re.search(r"^\s*\.version ", module, re.M)]
    return modules or fail(f"{path}: expected PTX or a gpu.binary that holds it")


def assemble(ptxas, ptx, arch, opt, folder):
    """Compiles PTX; the cubin's path and what ptxas said."""
    source, cubin = (os.path.join(folder, "kernel." + end) for end in ("ptx", "cubin"))
    with open(source, "w", encoding="utf-8") as file:
        file.write(ptx)
    done = subprocess.run([ptxas, "-v", f"-arch={arch}", f"-O{opt}", source, "-o", cubin],
                          capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if done.returncode:
        problem = [line for line in said.splitlines() if "error" in line or "fatal" in line]
        fail("ptxas: " + (problem or [f"exit status {done.returncode}"])[0].strip())
    return cubin, said


def parse_log(said):
    """For each kernel the numbers and notes in what ptxas said."""
    kernels = collections.OrderedDict()
    current = None
    for line in said.splitlines():
        match = KERNEL.search(line)
        if match:
            current = kernels.setdefault(match[1], {"counts": {}, "notes": []})
        elif current is not None:
            for name, pattern in COUNTS.items():
                found = re.search(pattern, line)
                if found:
                    current["counts"][name] = int(found[1])
    for line in said.splitlines():
        match = NOTE.match(line.strip())
        if match and (match[1] or line.startswith("ptxas warning")):
            owner = kernels.get(match[3]) if match[3] else None
            for kernel in [owner] if owner else kernels.values():
                kernel["notes"].append(f"note {match[1] or 'warning'}: {match[2]}")
    return kernels


def parse_code(text):
    """For each function its instructions by address."""
    functions = {}
    labels = {}
    code = pending = None
    for line in text.splitlines():
        match = FUNCTION.match(line)
        if match:
            code, pending = functions.setdefault(match[1], {}), []
            continue
        match = LABEL.match(line.strip())
        if match and code is not None:
            pending.append(match[1])
            continue
        match = INSTRUCTION.match(line)
        if not match or code is None:
            continue
        address, predicate, name, operands = int(match[1], 16), *match.groups()[1:]
        labels.update(dict.fromkeys(pending, address))
        pending = []
        opcode = name.split(".")[0]
        target = TARGET.search(operands) if opcode in ("BRA", "JMP") else None
        conditional = bool(predicate) or bool(re.search(r"\bU?P\d", operands))
        code[address] = Instruction(
            opcode, target and (target[1] or int(target[2], 16)), conditional)
    return {name: {address: item._replace(target=labels.get(item.target, item.target))
                   for address, item in code.items()} for name, code in functions.items()}


def find_blocks(code):
    """The addresses of each block, by that of its first instruction; and its successors."""
    addresses = sorted(code)
    starts = {addresses[0]} | {item.target for item in code.values() if item.target in code}
    ends = {"BRA", "JMP", "BRX", "EXIT", "RET"}
    starts |= {after for at, after in zip(addresses, addresses[1:]) if code[at].opcode in ends}
    blocks = {}
    for address in addresses:
        if address in starts:
            current = blocks.setdefault(address, [])
        current.append(address)
    following = dict(zip(list(blocks), list(blocks)[1:]))
    successors = {}
    work = [addresses[0]]
    while work:  # Blocks that nothing reaches fill up the code's end.
        start = work.pop()
        if start in successors:
            continue
        last = code[blocks[start][-1]]
        successors[start] = {last.target} & set(blocks)
        if start in following and (last.opcode not in ends or last.conditional):
            successors[start].add(following[start])
        work += successors[start]
    return {start: blocks[start] for start in sorted(successors)}, successors


def find_dominators(entry, successors):
    """For each block those that every way to it passes."""
    before = {block: {other for other in successors if block in successors[other]}
              for block in successors}
    dominators = {block: set(successors) for block in successors}
    dominators[entry] = {entry}
    changed = True
    while changed:
        changed = False
        for block in successors:
            if block == entry:
                continue
            new = {block} | set.intersection(*(dominators[other] for other in before[block]))
            if new != dominators[block]:
                dominators[block], changed = new, True
    return dominators, before


def find_loops(code):
    """The opcodes of each loop that holds no other; loops that only wait do not count."""
    if not code:
        return []
    blocks, successors = find_blocks(code)
    dominators, before = find_dominators(next(iter(blocks)), successors)
    loops = {}
    for block in blocks:
        for head in successors[block] & dominators[block]:
            body, work = loops.setdefault(head, {head}), [block]
            while work:
                other = work.pop()
                if other not in body:
                    body.add(other)
                    work += before[other]
    listed = {head: [code[at].opcode for block in sorted(body) for at in blocks[block]]
              for head, body in loops.items()}
    busy = {head: body for head, body in loops.items()
            if len(listed[head]) > LONGEST_WAIT or WAITS.isdisjoint(listed[head])}
    return [listed[head] for head in sorted(busy)
            if not any(other != head and other in busy[head] for other in busy)]


def disassemble(cubin):
    for name, flags in (("nvdisasm", ["-c"]), ("cuobjdump", ["-sass"])):
        tool = find_tool(name)
        if tool:
            done = subprocess.run([tool, *flags, cubin], capture_output=True, text=True,
                                  check=False)
            if done.returncode == 0:
                return parse_code(done.stdout)
    return None


def describe(name, kernel, code):
    counts = {key: kernel["counts"].get(key, 0) for key in COUNTS}
    yield f"kernel {name}: " + ", ".join(f"{value} {key}" for key, value in counts.items())
    for note in kernel["notes"]:
        yield "  " + note
    for loop in find_loops(code or []):
        mix = collections.Counter(loop)
        listed = sorted(mix.items(), key=lambda item: (-item[1], item[0]))
        yield (f"  loop of {len(loop)} instructions: "
               + ", ".join(f"{opcode} {count}" for opcode, count in listed))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--arch", default="sm_90a")
    parser.add_argument("--opt", default="3", choices=list("0123"))
    arguments = parser.parse_args()
    ptxas = find_tool("ptxas")
    if not ptxas:
        fail("ptxas is not in PATH, nor in a toolkit that " + ", ".join(TOOLKITS) + " names")
    for ptx in read_ptx(arguments.file):
        with tempfile.TemporaryDirectory() as folder:
            cubin, said = assemble(ptxas, ptx, arguments.arch, arguments.opt, folder)
            functions = disassemble(cubin)
        if functions is None:
            print("no nvdisasm and no cuobjdump: loops are not listed")
        for name, kernel in parse_log(said).items():
            print("\n".join(describe(name, kernel, (functions or {}).get(name))))


if __name__ == "__main__":
    main()
