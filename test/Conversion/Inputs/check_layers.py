"""Compiles layers for a GPU as moe-compile does, and checks what ptxas makes of their kernels.

    check_layers.py LAYERS.json [--layers=NAME,...] [--tokens=512,32768]

Each layer must become few kernels, none of which spills or has memory of its own, and its
GEMMs must multiply by tensor cores without waits that ptxas adds. What a schedule says of
shared memory and of bytes that are copied is computed here again, from its fields, and
compared with what the kernels ask for and do. Prints one line for each layer and number of
tokens, with the instructions of the GEMMs' main loops where a disassembler is at hand.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import re
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tools"))
import kernel_report

TO_PTX = "builtin.module(gpu.module(convert-nvvm-to-llvm),gpu-module-to-binary{format=isa})"
REGISTERS, THREAD_REGISTERS = 65536, 255
# Seconds that two cores have for all kernels of a layer, at the same time.
LONGEST = 10
SCHEDULE = re.compile(r"moe\.grouped_gemm [^\n]*?weights\(([^)]*?) : [^\n]*?\)[^\n]*?"
                      r"schedule = #moe\.warpgroup_schedule<([^>]*)>")

class Wrong(Exception):
    pass


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"{' '.join(command)}: {done.stderr[:500]}")
    return done.stdout


def expect(condition, text):
    if not condition:
        raise Wrong(text)


def schedules_of(planned):
    """The fields of each GEMM's schedule, and how many weight matrices it has."""
    for weights, fields in SCHEDULE.findall(planned):
        values = dict(field.split(" = ") for field in fields.split(", "))
        yield {key: int(value) for key, value in values.items()}, weights.count("%")


def kernels_of(lowered):
    """The launches: kernel, bytes of dynamic shared memory, and the bytes of the boxes of the
    tensor maps that are made for it."""
    module = lowered[lowered.index("gpu.module"):]
    names = re.findall(r"^    llvm\.func @(\w+)\(.*gpu\.kernel", module, re.M)
    numbers = {name: int(value) for name, value in
               re.findall(r"%(\w+) = llvm\.mlir\.constant\((-?\d+) : i32\)", lowered)}
    launches, boxes = [], []
    for operands, types in re.findall(r"llvm\.call %\w+\(([^)]*)\) : !llvm\.ptr, \(([^)]*)\)",
                                      lowered):
        values = [numbers.get(name.lstrip("%")) for name in operands.split(", ")]
        if types.count("i64"):  # an encoding
            boxes.append(values[-2] * values[-1] * 2)
        else:
            launches.append((names[values[1]], values[4], boxes))
            boxes = []
    return launches


def threads_of(ptx):
    return int(re.search(r"\.reqntid (\d+)", ptx)[1])


def argument_in(ptx, register):
    """The number of the argument whose address is in a register."""
    while register.startswith("%"):
        register, = re.findall(rf"(?:mov|cvta)\S*\s+{register}, ([%\w]+);", ptx)
    return int(register.rpartition("_")[2])


def stage_bytes(ptx, boxes):
    """What a kernel copies for each stage: by bulk copies, which a barrier expects, and by
    its threads."""
    expected = set()
    for register in re.findall(r"mbarrier\.arrive\.expect_tx[^;]*, (%?\w+);", ptx):
        if register.startswith("%"):
            register, = re.findall(rf"mov\.b32\s+{register}, (\d+);", ptx)
        expected.add(int(register))
    expect(len(expected) == 1, f"barriers expect {sorted(expected)} bytes, expected one number")
    stages = len(re.findall(r"mbarrier\.arrive\.expect_tx", ptx))
    copies = collections.Counter(
        argument_in(ptx, name)
        for name in re.findall(r"cp\.async\.bulk\.tensor[^\[]*\[[^\]]*\], \[(%\w+),", ptx))
    maps = sorted(copies)  # the first arguments
    expect(len(maps) == len(boxes), f"{len(maps)} maps in the kernel, {len(boxes)} encoded")
    copied = sum(box * copies[name] // stages for name, box in zip(maps, boxes))
    groups = max(len(re.findall(r"cp\.async\.commit_group", ptx)), 1)
    chunks = len(re.findall(r"cp\.async\.c[ag]\.shared\.global", ptx))
    return expected.pop(), copied, chunks // groups * 128 * 16


def check_gemm(schedule, matrices, launch, ptx, kernel, loops, experts):
    name, shared, boxes = launch
    sums = schedule["columns"] * matrices
    stage = (schedule["rows"] + sums) * schedule["depth"] * 2
    threads = threads_of(ptx)
    expect(threads == 128 * (schedule["consumers"] + 1), f"{name}: {threads} threads")
    ring = schedule["stages"] * stage + schedule["consumers"] * 4 * 2048
    # Barriers, where experts begin, and where gathered rows are.
    totals = [ring + schedule["stages"] * 16 + 8 * (count + 1) + 1024
              for count in (1, experts, experts + 1)]
    expect(shared in totals, f"{name}: {shared} bytes of shared memory, expected {totals}")
    expected, bulk, gathered = stage_bytes(ptx, boxes)
    # The others of a cluster copy the rest of the weights.
    cluster = schedule.get("cluster", 1)
    received = bulk + sums * schedule["depth"] * 2 * (cluster - 1) // cluster
    expect(expected == received,
           f"{name}: barriers expect {expected} bytes, {received} are copied")
    expect(received + gathered == stage,
           f"{name}: {received} and {gathered} bytes are copied, the model has {stage}")
    for note in kernel["notes"]:
        expect("C7510" not in note and "C7517" not in note, f"{name}: {note}")
    if loops is None:
        return ""
    main = [loop for loop in loops if "HGMMA" in loop]
    expect(main, f"{name}: no loop has HGMMA")
    mix = collections.Counter(main[0])
    # Four steps of 16 inputs for each block of 64 rows. A loop over few inputs is unrolled:
    # then those for all numbers of blocks are in the loop over tiles. Two projections that are
    # one matrix take one instruction.
    most = schedule["rows"] // schedule["consumers_per_tile"] // 64
    units = [4 * blocks * matrices for blocks in (most, most * (most + 1) // 2)]
    expect(any(mix["HGMMA"] * shared % unit == 0 for unit in units for shared in (1, matrices)),
           f"{name}: {mix['HGMMA']} HGMMA in the main loop, expected {units}")
    return f"{mix['HGMMA']}/{sum(mix.values())}"


def check_layer(layer, tokens):
    experts = max(value for key, value in layer["config"].items()
                  if key in ("num_local_experts", "num_experts", "n_routed_experts"))
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "config.json")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(layer["config"], file)
        source = run(["moe-import", config, "--dtype=bf16"])
        target = f"target=sm_90a tokens={tokens}"
        schedules = list(schedules_of(run(["moe-opt", f"--moe-plan-kernels={target}"], source)))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        lowered = run(["moe-opt", f"--moe-lower-to-cuda={target}"], source)
        path = os.path.join(folder, "layer.mlir")
        with open(path, "w", encoding="utf-8") as file:
            file.write(run(["moe-opt", f"--pass-pipeline={TO_PTX}"], lowered))
        module, = kernel_report.read_ptx(path)
        cubin, said = kernel_report.assemble(kernel_report.find_tool("ptxas"), module, "sm_90a",
                                             "3", folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        code = kernel_report.disassemble(cubin)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    expect(seconds < 2 * LONGEST, f"{seconds:.1f} s of two cores' {2 * LONGEST} s")
    texts = {part.split("(")[0].strip(): part for part in module.split(".visible .entry ")[1:]}
    kernels = kernel_report.parse_log(said)
    launches = kernels_of(lowered)
    gemms = [launch for launch in launches if launch[2]]
    expect(len(gemms) == len(schedules), f"{len(gemms)} GEMMs, {len(schedules)} schedules")
    for name in dict.fromkeys(launch[0] for launch in launches):
        counts = kernels[name]["counts"]
        for key in ("bytes stack", "bytes spill stores", "bytes spill loads", "bytes local"):
            expect(not counts.get(key), f"{name}: {counts.get(key)} {key}")
        budget = min(REGISTERS // threads_of(texts[name]) // 8 * 8, THREAD_REGISTERS)
        expect(counts["registers"] <= budget,
               f"{name}: {counts['registers']} registers, expected at most {budget}")
    mixes = []
    for launch, (schedule, matrices) in zip(gemms, schedules):
        loops = None if code is None else kernel_report.find_loops(code[launch[0]])
        mixes.append(check_gemm(schedule, matrices, launch, texts[launch[0]],
                                kernels[launch[0]], loops, experts))
    return (f"{len(launches)} launches, {len(gemms)} GEMMs, HGMMA of the instructions in their "
            f"main loops: {' '.join(mixes)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--layers")
    parser.add_argument("--tokens", default="512,32768")
    arguments = parser.parse_args()
    with open(arguments.file, encoding="utf-8") as file:
        layers = json.load(file)
    if arguments.layers:
        layers = [layer for layer in layers if layer["name"] in arguments.layers.split(",")]
    cells = [(layer, int(tokens)) for layer in layers for tokens in arguments.tokens.split(",")]
    failed = False
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        futures = [pool.submit(check_layer, *cell) for cell in cells]
        for (layer, tokens), future in zip(cells, futures):
            try:
                text = future.result()
            except Wrong as error:
                failed, text = True, f"error: {error}"
            print(f"{layer['name']} T={tokens}: {text}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
