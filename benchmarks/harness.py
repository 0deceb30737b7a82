"""Measure one function of ours against its rivals, and keep the table.

A room's benchmark builds :class:`Case` objects and hands them to :func:`main`::

    def cases(quick: bool) -> Iterator[Case]:
        flops = 2 * 256**3 / 1e9
        yield Case("gemm f32 256", lambda: matmul(a, b), {"numpy": lambda: a @ b}, flops, "GFLOP/s")

    if __name__ == "__main__":
        main("linalg", cases)

and is run from the top of the source tree as a module, ``python -m benchmarks.linalg``. (As
a script it would put this folder first on the path, where ``random.py`` hides the standard
library's module of that name.) Options: ``--quick`` for a rough look, ``--only TEXT`` for the
cases whose name contains it, ``--threads 1,2``, and ``--write`` to replace the room's section
of ``RESULTS.md``.

How it measures. Ours and its rivals take turns in one process, sample by sample, so that a
busy neighbour or a changing clock meets all of them alike. A sample repeats the call until
it lasts a few milliseconds; with one thread it counts that thread's processor time, which
waiting for a processor does not add to, with more the time on the wall. The ratio is the
median over the turns of (rival's time / our time): above 1, ours is faster. Beside it stands
the ratio of the two minima, which is what the two would do on a machine of their own; where
the two disagree, the machine was busy.

With several threads a pause stands before every sample, and then a few calls that are not
counted: OpenBLAS's threads go on spinning for some 100 ms after a call, on the core that the
other side's sample would need.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
import platform
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import threadpoolctl

import minigrad
from minigrad._native import ffi, lib

RESULTS = Path(__file__).with_name("RESULTS.md")

Call = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """What one row measures.

    Parameters
    ----------
    name : str
        What is computed: operation, element type, size.
    ours : callable
        The call of ours, without arguments. Inputs and outputs are prepared outside it.
    rivals : mapping of str to callable
        The same work by others, under the name that the table shows.
    work : float, default 0
        Amount of work of one call, in `unit` seconds; 0 leaves the column empty.
    unit : str
        Unit of work per second, such as ``"GFLOP/s"`` (work in 1e9 operations) or ``"Mvalue/s"``.
    peak : callable, optional
        From a number of threads to the machine's limit in `unit`; adds the share that ours reaches.
    threads : tuple of int, optional
        Measure only with these numbers of threads.
    """

    name: str
    ours: Call
    rivals: Mapping[str, Call]
    work: float = 0.0
    unit: str = ""
    peak: Callable[[int], float] | None = None
    threads: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Row:
    """One measured line of the table; times in seconds per call."""

    case: Case
    threads: int
    rival: str
    ours_times: list[float] = field(repr=False)
    rival_times: list[float] = field(repr=False)

    @property
    def ours(self) -> float:
        """Median of our times."""
        return statistics.median(self.ours_times)

    @property
    def rival_time(self) -> float:
        """Median of the rival's times."""
        return statistics.median(self.rival_times)

    @property
    def ratio(self) -> float:
        """Median over the turns of the rival's time over ours."""
        return statistics.median(r / o for o, r in zip(self.ours_times, self.rival_times, strict=True))

    @property
    def ratio_of_minima(self) -> float:
        """The rival's best time over our best."""
        return min(self.rival_times) / min(self.ours_times)

    @property
    def spread(self) -> float:
        """Interquartile range of our times over their median."""
        if len(self.ours_times) < 4:
            return (max(self.ours_times) - min(self.ours_times)) / self.ours
        low, _, high = statistics.quantiles(self.ours_times, n=4)
        return (high - low) / self.ours


@contextlib.contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Give ours and every rival that is loaded `count` threads."""
    before = minigrad.get_num_threads()
    torch = sys.modules.get("torch")
    torch_before = torch.get_num_threads() if torch else 0
    minigrad.set_num_threads(count)
    if torch:
        torch.set_num_threads(count)
    try:
        with threadpoolctl.threadpool_limits(count):
            yield
    finally:
        minigrad.set_num_threads(before)
        if torch:
            torch.set_num_threads(torch_before)


def _sample(call: Call, repeats: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats


def measure(
    calls: Mapping[str, Call],
    *,
    sample_time: float,
    total_time: float,
    clock: Callable[[], float] = time.perf_counter,
    min_turns: int = 3,
    pause: float = 0.0,
) -> dict[str, list[float]]:
    """Time the calls in turns, after a warm-up; return the seconds per call of every turn.

    A sample repeats its call until it lasts about `sample_time` seconds; turns are taken for
    about `total_time` seconds, but at least `min_turns` of them. If `pause` is not 0, it comes
    before every sample, followed by calls that wake the threads, unless one takes long enough
    for their waking not to count.
    """
    repeats, wakes = {}, {}
    for name, call in calls.items():
        once = max(_sample(call, 1, clock), 1e-7)
        # The first call also warms up, and the first estimate includes the clock's own cost.
        for _ in range(2 if once < 1.0 else 0):
            repeats[name] = max(1, round(sample_time / once))
            once = max(_sample(call, repeats[name], clock), 1e-7)
        repeats[name] = max(1, round(sample_time / once))
        wakes[name] = 3 if once < 0.1 else 0
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + total_time
    turn = 0
    while turn < min_turns or time.perf_counter() < end:
        # The order alternates, so that nobody always runs in another's wake.
        order = list(calls)[:: 1 if turn % 2 == 0 else -1]
        for name in order:
            if pause:
                time.sleep(pause)
                for _ in range(wakes[name]):
                    calls[name]()
            times[name].append(_sample(calls[name], repeats[name], clock))
        turn += 1
    return times


def run(cases: Iterable[Case], threads: Iterable[int], *, quick: bool, report: Callable[[str], None]) -> list[Row]:
    """Measure every case with every number of threads."""
    sample_time, total_time = (0.002, 0.1) if quick else (0.005, 0.6)
    threads = list(threads)
    rows: list[Row] = []
    for case in cases:
        for count in threads:
            if case.threads is not None and count not in case.threads:
                continue
            report(f"{case.name}, {count} thread(s) ...")
            with use_threads(count):
                clock = time.thread_time if count == 1 else time.perf_counter
                calls = {"": case.ours, **case.rivals}
                pause = 0.0 if count == 1 else 0.15
                times = measure(
                    calls, sample_time=sample_time, total_time=total_time, clock=clock, min_turns=5, pause=pause
                )
            rows.extend(Row(case, count, rival, times[""], times[rival]) for rival in case.rivals)
    return rows


def _seconds(value: float) -> str:
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value * 1e9:.0f} ns"


def table(rows: list[Row]) -> str:
    """Return the rows as a markdown table, its columns padded so that it reads as plain text too."""
    head = ["case", "threads", "ours", "rival", "rival time", "ratio", "ratio of minima", "rate", "spread"]
    lines = [head]
    for row in rows:
        rate = ""
        if row.case.work:
            rate = f"{row.case.work / row.ours:.4g} {row.case.unit}"
            if row.case.peak is not None:
                rate += f" ({100 * row.case.work / row.ours / row.case.peak(row.threads):.0f} %)"
        lines.append(
            [
                row.case.name,
                str(row.threads),
                _seconds(row.ours),
                row.rival,
                _seconds(row.rival_time),
                f"{row.ratio:.2f}",
                f"{row.ratio_of_minima:.2f}",
                rate,
                f"{100 * row.spread:.0f} %",
            ]
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |" for line in lines]
    text.insert(1, "| " + " | ".join("-" * w for w in widths) + " |")
    return "\n".join(text)


def _in_threads(work: Callable[[int], None], threads: int) -> float:
    """Seconds until `work` is done in every thread; it must give up the interpreter lock."""
    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - start


@functools.cache
def fma_peak(dtype: str, threads: int = 1) -> float:
    """GFLOP/s of multiply-adds on registers, in `threads` threads at once; the best of several runs.

    `dtype` is ``"float32"`` or ``"float64"``; the instruction set is the one in use.
    """
    probe = {"float32": lib.mg_fma_probe_f32, "float64": lib.mg_fma_probe_f64}[dtype]
    element = {"float32": "float *", "float64": "double *"}[dtype]
    sinks = [ffi.new(element) for _ in range(threads)]
    iterations = 2_000_000
    flops = probe(iterations, sinks[0]) * threads
    best = min(_in_threads(lambda i: probe(iterations, sinks[i]), threads) for _ in range(12))
    return float(flops / best / 1e9)


@functools.cache
def memory_bandwidth(threads: int = 1, megabytes: int = 128) -> float:
    """GB/s read plus written while every thread copies its own block of `megabytes`."""
    source = [np.ones(megabytes * 2**20 // 8) for _ in range(threads)]
    target = [np.zeros_like(block) for block in source]
    best = min(_in_threads(lambda i: np.copyto(target[i], source[i]), threads) for _ in range(12))
    return float(2 * sum(block.nbytes for block in source) / best / 1e9)


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
        if match:
            return match.group(1)
    return platform.processor() or platform.machine()


def machine(threads: Iterable[int]) -> str:
    """Lines that say on what and with what the numbers were measured."""
    config = minigrad.config()
    rivals = {"numpy": np.__version__}
    for name in ("scipy", "sklearn", "torch", "cv2"):
        if name in sys.modules:
            rivals[name] = str(getattr(sys.modules[name], "__version__", "?"))
    blas = {
        f"{pool['internal_api']} {pool.get('version') or ''}".strip()
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    }
    lines = [
        f"- measured: {datetime.date.today().isoformat()} on {_cpu_model()}, {platform.system()} {platform.machine()}",
        f"- ours: minigrad {config['version']}, instruction set {config['isa']}, {config['compiler']}",
        "- rivals: "
        + ", ".join(f"{k} {v}" for k, v in rivals.items())
        + (f"; BLAS {', '.join(sorted(blas))}" if blas else "")
        + f"; Python {platform.python_version()}",
    ]
    for count in threads:
        lines.append(
            f"- limits with {count} thread(s): FMA {fma_peak('float32', count):.1f} GFLOP/s float32, "
            f"{fma_peak('float64', count):.1f} float64; memory copy {memory_bandwidth(count):.1f} GB/s"
        )
    return "\n".join(lines)


def write_section(room: str, body: str, path: Path = RESULTS) -> None:
    """Replace the room's section of the results file, or append it."""
    begin, end = f"<!-- begin {room} -->", f"<!-- end {room} -->"
    text = path.read_text("utf-8") if path.exists() else "# Benchmark results\n"
    section = f"{begin}\n{body}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section, text)
    else:
        text = text.rstrip("\n") + "\n\n" + section + "\n"
    path.write_text(text, "utf-8")


def main(room: str, cases: Callable[[bool], Iterable[Case]], argv: list[str] | None = None) -> list[Row]:
    """Parse the options, measure, print, and write the section if asked to."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{room}", description=f"Benchmark of the room {room}.")
    parser.add_argument("--quick", action="store_true", help="short measurements, smaller set of cases")
    parser.add_argument("--write", action="store_true", help=f"replace the section '{room}' of {RESULTS.name}")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose name contains TEXT")
    parser.add_argument("--threads", default="1,2", metavar="LIST", help="numbers of threads (default 1,2)")
    options = parser.parse_args(argv)
    threads = [int(part) for part in options.threads.split(",")]
    chosen = (case for case in cases(options.quick) if options.only in case.name)
    header = machine(threads)  # its limits are measured before any rival's threads are awake
    rows = run(chosen, threads, quick=options.quick, report=lambda line: print(line, file=sys.stderr))
    body = f"## {room}\n\n{header}\n\nratio = rival's time / our time; above 1, ours is faster.\n\n{table(rows)}"
    print(body)
    if options.write:
        write_section(room, body)
    return rows
