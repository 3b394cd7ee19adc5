"""Run the oracles of single ops and write their data.

  python3 test/Execute/oracle/generate.py [test ...]

Writes Data/<test>.<case>.in.safetensors and .out.safetensors, for every case that a
module's `cases` gives as (case, inputs, outputs); without arguments for every module.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "Data"
sys.path += [str(HERE), str(HERE.parent.parent / "Systems" / "oracle")]

from common import save  # noqa: E402

NO_TEST = {"generate", "nibbles", "order"}


def main():
    DATA.mkdir(exist_ok=True)
    found = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_TEST)
    for name in [name.replace("-", "_") for name in sys.argv[1:]] or found:
        stem = name.replace("_", "-")
        for old in DATA.glob(f"{stem}.*.safetensors"):
            old.unlink()
        for case, inputs, outputs in importlib.import_module(name).cases():
            save(DATA / f"{stem}.{case}.in.safetensors", inputs)
            save(DATA / f"{stem}.{case}.out.safetensors", outputs)
            print(f"{stem}.{case}")


if __name__ == "__main__":
    main()
