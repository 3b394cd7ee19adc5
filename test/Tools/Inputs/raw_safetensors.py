"""Writes a safetensors file, right or wrong: a header as it stands in a file, then zero bytes.

usage: raw_safetensors.py HEADER TARGET BYTES [LENGTH OF THE HEADER]
"""

import struct
import sys

source, target, size = sys.argv[1:4]
with open(source, "rb") as file:
    header = file.read().rstrip(b"\n")
length = int(sys.argv[4]) if len(sys.argv) > 4 else len(header)
with open(target, "wb") as file:
    file.write(struct.pack("<Q", length) + header + bytes(int(size)))
