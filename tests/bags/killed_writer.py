"""Writes steps of 10 ms to a bag until it is killed, as fast as their time goes by; says each written tick."""

import sys
import time

from skillkit.bags import BagWriter


def main(path: str) -> None:
    writer = BagWriter(path)
    writer.attach("task.yaml", b"task: t", "application/yaml")
    writer.metadata("run", {"task": "t"})
    began = time.monotonic()
    for tick in range(100_000):
        now = tick * 0.01
        entry = {"kind": "signal", "name": "fill", "stamp": now, "received": now, "values": [float(tick)], "text": ""}
        writer.write_step({"tick": tick, "now": now, "inputs": [entry] * 5}, {"tick": tick})
        print(tick, flush=True)
        time.sleep(max(0.0, began + now / 4 - time.monotonic()))


main(sys.argv[1])
