"""Layers of ../Models and ../Systems give the same numbers whatever kernels they become.

A test is a layer with a plan that is not the usual one: as MODEL-PLAN and SYSTEM-PLAN. Where the plan is not
legal for the layer, the test is unsupported; moe-select-plan says why. So it is where the layer has nothing that the
plan is about, and else the plan must show in the ops that the layer becomes.
"""

import os
import re
import tempfile

import lit.formats
import lit.Test
import lit.util

PLANS = {
    "plain": "routing=separate gather=copy",
    "slots": "combine=slots",
    "atomic": "combine=atomic deterministic=false",
    "rows": "shared-experts=rows",
    "rows-slots": "shared-experts=rows combine=slots",
}
# For each: what a layer has that the plan is about, and what it has, and has not, once it has obeyed.
SHARED_EXPERT = (r"moe\.mix", r"moe\.expert_mlp \w+ %\w+\s+up\(")
NEEDS = {
    "plain": (r"moe\.group_by_expert", r"moe\.dispatch"), "slots": (r"moe\.combine",), "atomic": (r"moe\.combine",),
    "rows": SHARED_EXPERT, "rows-slots": SHARED_EXPERT,
}
SHOWS = {
    "plain": NEEDS["plain"], "slots": (r"moe\.row_choices", r"by_choice"), "atomic": (r"\badds\b",),
    "rows": (r"moe\.append_choice",), "rows-slots": (r"moe\.append_choice", r"moe\.row_choices"),
}
HIDES = {"plain": (r"moe\.route\b",), "atomic": (r"moe\.combine",)}
# Their MLPs without experts are other layers.
NOT_SHARED = ("mixture-of-depths.mlir", "nllb-moe.mlir", "st-moe.mlir")
SYSTEM_PLANS = ("slots", "atomic", "rows")
# Of each system: ordinary tokens, and a case of its own.
SYSTEM_RUNS = 2


class Failure(Exception):
    pass


class Illegal(Exception):
    pass


class PlannedLayer(lit.formats.TestFormat):
    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        root = suite.source_root
        for model in sorted(os.listdir(os.path.join(root, "Models"))):
            if os.path.exists(os.path.join(root, "Models", model, "config.json")):
                for plan in PLANS:
                    yield self.make(suite, path_in_suite, local_config, "Models", model, plan)
        for system in sorted(os.listdir(os.path.join(root, "Systems"))):
            if system.endswith(".mlir"):
                for plan in SYSTEM_PLANS:
                    if plan == "rows" and system in NOT_SHARED:
                        continue
                    yield self.make(suite, path_in_suite, local_config, "Systems", system, plan)

    @staticmethod
    def make(suite, path_in_suite, config, folder, layer, plan):
        return lit.Test.Test(suite, path_in_suite + (folder, f"{layer}-{plan}"), config)

    def execute(self, test, lit_config):
        folder, name = test.path_in_suite[-2:]
        layer, plan = next((name[:-len(plan) - 1], plan) for plan in sorted(PLANS, key=len, reverse=True)
                           if name.endswith("-" + plan))
        source = os.path.join(test.suite.source_root, folder, layer)
        run = run_model if folder == "Models" else run_system
        with tempfile.TemporaryDirectory() as scratch:
            try:
                run(Runner(test, plan, scratch), source)
            except Illegal as reason:
                return lit.Test.UNSUPPORTED, str(reason)
            except Failure as reason:
                return lit.Test.FAIL, str(reason)
        return lit.Test.PASS, ""


class Runner:
    def __init__(self, test, plan, scratch):
        self.environment = test.config.environment
        self.plan = plan
        self.scratch = scratch

    def call(self, *command):
        out, err, code = lit.util.executeCommand(list(command), env=self.environment)
        if code == 0:
            return
        message = " ".join(command) + "\n" + out + err
        raise Illegal(err) if "error: plan field" in err else Failure(message)

    def fuse(self, layer):
        """The layer after fusion, as a file."""
        with open(layer) as file:
            text = file.read()
        if not all(re.search(op, text) for op in NEEDS[self.plan]):
            raise Illegal(f"the layer has nothing for plan {self.plan}")
        fused = os.path.join(self.scratch, "fused.mlir")
        self.call("moe-opt", layer, f"--moe-select-plan={PLANS[self.plan]}", "--moe-fuse", "-o", fused)
        with open(fused) as file:
            ops = re.sub("^.*func.func.*$", "", file.read(), flags=re.MULTILINE)
        missing = [op for op in SHOWS[self.plan] if not re.search(op, ops)]
        left = [op for op in HIDES.get(self.plan, ()) if re.search(op, ops)]
        if missing or left:
            raise Failure(f"plan {self.plan}: {missing} missing, {left} left in\n{ops}")
        return fused


def run_model(runner, folder):
    for dtype in ("f32", "bf16", "f16"):
        files = os.path.join(folder, dtype)
        weights = next((path for path in (os.path.join(files, "weights.safetensors"), files)
                        if os.path.exists(path)), None)
        if not weights:
            continue
        layer = os.path.join(runner.scratch, "layer.mlir")
        runner.call("moe-import", os.path.join(folder, "config.json"), f"--dtype={dtype}",
                    "-o", layer)
        fused = runner.fuse(layer)
        # By tiles, and by the loops that every kernel means.
        for lowering in ("--fuse=true", "--fuse=false"):
            runner.call("moe-run", fused, lowering, f"--weights={weights}",
                        f"--input={files}/input.safetensors",
                        f"--expect={files}/expected.safetensors")


def run_system(runner, source):
    text = open(source).read()
    runs = re.findall(r"^// RUN: moe-run %s (--input=.*)$", text, re.MULTILINE)
    fused = runner.fuse(source)
    for options in runs[:SYSTEM_RUNS]:
        options = options.replace("%S", os.path.dirname(source)).split()
        runner.call("moe-run", fused, *options)
