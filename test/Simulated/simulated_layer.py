"""The layers and ops that other folders run on the CPU, on a simulated GPU.

A test here is a file of Execute/ or Systems/, whose lines that run it are run again with
another target, or a layer of Models/. The data and the tolerances are the same.
"""

import os
import shlex

import lit.formats
import lit.Test
import lit.util

TARGET = "--target=sim-sm_90a"

# Memory whose size only the device knows cannot be given in advance.
SIZED_BY_DATA = "allocates memory whose size depends on data"
RESULT_OF_DATA = "expected a buffer whose only dynamic extent is the number of tokens"
# There is one number of tokens.
TWO_EXTENTS = "2 dynamic extents, expected at most one, the number of tokens"
ERRORS = {**{f"Execute/{name}.mlir": TWO_EXTENTS for name in (
              "assign-balanced", "choices", "score", "sinkhorn", "top-tokens", "weights")},
          "Execute/group-by-expert.mlir": RESULT_OF_DATA,
          "Systems/deepspeed-moe-no-drop.mlir": SIZED_BY_DATA,
          "Systems/tutel-auto.mlir": SIZED_BY_DATA}


class SimulatedLayer(lit.formats.TestFormat):
    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        for folder in ("Execute", "Systems"):
            for name in sorted(os.listdir(os.path.join(suite.source_root, folder))):
                if name.endswith(".mlir"):
                    yield lit.Test.Test(suite, path_in_suite + (folder, name), local_config)
        models = os.path.join(suite.source_root, "Models")
        for name in sorted(os.listdir(models)):
            if os.path.exists(os.path.join(models, name, "config.json")):
                yield lit.Test.Test(suite, path_in_suite + ("Models", name), local_config)

    def execute(self, test, lit_config):
        folder, name = test.path_in_suite[-2:]
        source = os.path.join(test.suite.source_root, folder, name)
        commands = model_commands(source) if folder == "Models" else run_lines(source)
        if not commands:
            return lit.Test.UNSUPPORTED, f"{source} does not run by itself"
        wanted = ERRORS.get(f"{folder}/{name}")
        for command in commands:
            out, err, code = lit.util.executeCommand(command, env=test.config.environment)
            failed = code != 1 or wanted not in err if wanted else code != 0
            if failed:
                return (lit.Test.FAIL,
                        f"{shlex.join(command)}\n{out}{err}exit status {code}"
                        + (f", expected the error '{wanted}'" if wanted else ""))
        return lit.Test.PASS, ""


def run_lines(source):
    """The lines of a test that run the file itself and expect results."""
    with open(source) as file:
        lines = file.read().splitlines()
    commands = []
    for line in lines:
        if line.startswith("// RUN: moe-run %s ") and "|" not in line and "--expect=" in line:
            line = line.replace("%S", os.path.dirname(source)).replace("%s", source)
            commands.append(shlex.split(line[len("// RUN: "):]) + [TARGET])
    return commands


def model_commands(folder):
    commands = []
    for dtype in ("f32", "bf16", "f16"):
        data = os.path.join(folder, dtype)
        weights = os.path.join(data, "weights.safetensors")
        if os.path.exists(os.path.join(data, "model.safetensors.index.json")):
            weights = data
        if os.path.exists(weights):
            commands.append(["moe-run", os.path.join(folder, "config.json"),
                             f"--weights={weights}", f"--input={data}/input.safetensors",
                             f"--expect={data}/expected.safetensors", TARGET])
    return commands
