"""Each folder with a config.json is a test: the layer gives what the model's own code gave."""

import os

import lit.formats
import lit.Test
import lit.util


class GoldenLayer(lit.formats.TestFormat):
    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        if os.path.exists(os.path.join(suite.getSourcePath(path_in_suite), "config.json")):
            yield lit.Test.Test(suite, path_in_suite + ("config.json",), local_config)

    def execute(self, test, lit_config):
        config = test.getSourcePath()
        for dtype in ("f32", "bf16", "f16"):
            folder = os.path.join(os.path.dirname(config), dtype)
            for weights in checkpoints(folder):
                command = ["moe-run", config, f"--weights={weights}",
                           f"--input={folder}/input.safetensors",
                           f"--expect={folder}/expected.safetensors"]
                out, err, code = lit.util.executeCommand(command, env=test.config.environment)
                if code != 0:
                    return lit.Test.FAIL, " ".join(command) + "\n" + out + err
        return lit.Test.PASS, ""


def checkpoints(folder):
    """The published names, and where they were recorded those of transformers 5."""
    if os.path.exists(os.path.join(folder, "model.safetensors.index.json")):
        return [folder]
    names = ("weights.safetensors", "weights-fused.safetensors")
    paths = [os.path.join(folder, name) for name in names]
    return [path for path in paths if os.path.exists(path)]
