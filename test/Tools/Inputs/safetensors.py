"""Writes a safetensors file from tensors in JSON: {"name": {"dtype": "F32", "shape": [2], "values": [1, 2]}}.

Without values the elements are zero bytes.
"""

import json
import struct
import sys

FORMATS = {"F32": "f", "F64": "d", "I32": "i", "I64": "q", "U8": "B"}
SIZES = {"F16": 2, "BF16": 2, "F8_E4M3": 1}

source, target = sys.argv[1:]
with open(source) as file:
    tensors = json.load(file)
header, elements = {}, b""
for name, tensor in tensors.items():
    count = 1
    for size in tensor["shape"]:
        count *= size
    dtype = tensor["dtype"]
    if "values" in tensor:
        data = struct.pack(f"<{count}{FORMATS[dtype]}", *tensor["values"])
    else:
        data = bytes(count * (SIZES.get(dtype) or struct.calcsize(FORMATS[dtype])))
    begin = len(elements)
    elements += data
    header[name] = {"dtype": dtype, "shape": tensor["shape"], "data_offsets": [begin, len(elements)]}
text = json.dumps(header).encode()
with open(target, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + elements)
