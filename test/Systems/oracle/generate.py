"""Run the system oracles and write their data.

  python3 test/Systems/oracle/generate.py [system ...]

Writes Data/<system>.<case>.in.safetensors and .out.safetensors; without arguments for
every module in this folder. The result depends on nothing but the modules.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "Data"
NO_SYSTEM = {"common", "draws", "generate"}


def modules(names):
    found = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_SYSTEM)
    wanted = [name.replace("-", "_").replace(".", "_") for name in names] or found
    for name in wanted:
        if name not in found:
            sys.exit(f"error: no oracle {name!r}, known: {', '.join(found)}")
        module = importlib.import_module(name)
        if hasattr(module, "NAME"):
            yield module


def main():
    sys.path.insert(0, str(HERE))
    from common import save

    DATA.mkdir(exist_ok=True)
    for module in modules(sys.argv[1:]):
        for old in DATA.glob(f"{module.NAME}.*.safetensors"):
            old.unlink()
        for case, inputs, outputs in module.cases():
            save(DATA / f"{module.NAME}.{case}.in.safetensors", inputs)
            save(DATA / f"{module.NAME}.{case}.out.safetensors", outputs)
            print(f"{module.NAME}.{case}")


if __name__ == "__main__":
    main()
