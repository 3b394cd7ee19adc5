"""Where tensors are, and how work on them is timed: a GPU, or the driver that simulates one."""

import ctypes
import statistics
import sys
import time

import torch

REPETITIONS = 30
SECONDS = 0.5  # that repetitions of one work may take
FEWEST = 5


class Gpu:
    device, is_simulated = "cuda", False

    def __init__(self):
        if not torch.cuda.is_available():
            sys.exit("error: PyTorch finds no GPU; --simulated runs without one")
        self.cache = torch.empty(256 << 20, dtype=torch.uint8, device="cuda")
        self.name = torch.cuda.get_device_name()

    def share(self, tensor):
        return tensor

    def stream(self):
        return torch.cuda.current_stream().cuda_stream

    def capture(self, work):
        """A replay of the work, and whether it is a graph's."""
        work()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                work()
        except RuntimeError:  # it waits for the device
            torch.cuda.synchronize()
            return work, False
        return graph.replay, True

    def time(self, replay, cold=True):
        """Milliseconds, by events; cold is after a write that clears the cache."""
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        if cold:
            self.cache.zero_()
        begin.record()
        replay()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end)

    def synchronize(self):
        torch.cuda.synchronize()

    def ceilings(self):
        """Operations per second of the largest product, and bytes of the largest copy."""
        a, b = (torch.randn(8192, 8192, dtype=torch.bfloat16, device="cuda") for _ in range(2))
        product = self.median(lambda: a @ b)
        source, target = (torch.empty(1 << 30, dtype=torch.uint8, device="cuda") for _ in range(2))
        copy = self.median(lambda: target.copy_(source))
        return 2 * 8192**3 / product * 1e3, 2 * (1 << 30) / copy * 1e3

    def median(self, work):
        for _ in range(3):
            work()
        return statistics.median(self.time(work) for _ in range(20))


class Simulated:
    """Memory of the host that the simulated driver takes for the device's."""

    device, name, is_simulated = "cpu", "simulated sm_90a", True

    def __init__(self):
        self.driver = ctypes.CDLL("libcuda.so.1")

    def share(self, tensor):
        if tensor.numel():
            size = ctypes.c_size_t(tensor.numel() * tensor.element_size())
            if self.driver.cuMemHostRegister_v2(ctypes.c_void_p(tensor.data_ptr()), size, 0):
                raise RuntimeError("the driver does not take memory of the host: it is not a simulated one")
        return tensor

    def stream(self):
        return 0

    def capture(self, work):
        return work, False

    def time(self, replay, cold=True):
        start = time.perf_counter()
        replay()
        return 1e3 * (time.perf_counter() - start)

    def synchronize(self):
        pass

    def ceilings(self):
        return 1e12, 1e12


def measure(works, device, cold):
    """The sorted times of each replay, taken in turn."""
    times = {name: [] for name in works}
    rounds = 1 if device.is_simulated else REPETITIONS
    for _ in range(rounds):
        for name, replay in works.items():
            if len(times[name]) < FEWEST or sum(times[name]) < 1e3 * SECONDS:
                if not cold and not device.is_simulated:
                    replay()
                times[name].append(device.time(replay, cold))
    return {name: sorted(found) for name, found in times.items()}


def summarize(times):
    """Median, and how far apart the quartiles are."""
    return {"ms": statistics.median(times), "spread": times[3 * len(times) // 4] - times[len(times) // 4],
            "runs": len(times)}
