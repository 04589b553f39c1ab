#!/usr/bin/env python3
"""Boots a machine, has it log each kernel instruction from its mark on, and counts those of wake-ups: a part of vm/bench-path.

  count.py --name NAME --functions N --work FOLDER COMMAND...

COMMAND boots the machine; its monitor, its trace and the kernel's symbols are in FOLDER. Prints a row of a table: the median
number of instructions from the timer's interrupt to the probe's next system call (wake-up), and from there to the next
interrupt (back to sleep). The hogs' own instructions are not in the trace.
"""
import argparse
import base64
import bisect
import collections
import gzip
import os
import re
import socket
import statistics
import subprocess
import sys
import time

# What the trace may hold at most. More than fifty wake-ups, which differ little.
ENOUGH_BYTES = 200_000_000
STEP = re.compile(r"^Trace (\d+): .*?\[[0-9a-f]+/([0-9a-f]{16})/")
INTERRUPT, CALL = "asm_sysvec_apic_timer_interrupt", "entry_SYSCALL_64"


def tell(monitor, commands):
    """Types commands at the emulator's monitor, each after its prompt."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(monitor)
        for command in commands:
            heard = b""
            while not heard.endswith(b"(qemu) "):
                heard += line.recv(65536)
            line.sendall(command.encode() + b"\n")
        # The end of the connection or the next prompt says that the last one is done.
        heard = b""
        while not heard.endswith(b"(qemu) "):
            piece = line.recv(65536)
            if not piece:
                break
            heard += piece


def record(work, command):
    """Runs the machine. Its trace and its symbols are in the folder then."""
    trace, monitor = f"{work}/trace", f"{work}/monitor"
    guest = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace")
    marked = False
    for line in guest.stdout:
        if line.strip() != "@mark":
            print(f"guest: {line.rstrip()}", file=sys.stderr)
            continue
        marked = True
        # One instruction at a time, and no jump from one piece of translated code to the next without a line in the log.
        tell(monitor, ["one-insn-per-tb on", "log exec,nochain"])
        while os.path.getsize(trace) < ENOUGH_BYTES and guest.poll() is None:
            time.sleep(0.2)
        tell(monitor, ["log none", "quit"])
        break
    guest.wait()
    if not marked:
        sys.exit("error: the virtual machine ended before its mark: its messages are above")


def symbols(work):
    """Returns the addresses of the kernel's functions, ascending, and their names."""
    with open(f"{work}/symbols", encoding="ascii") as file:
        text = gzip.decompress(base64.b64decode(file.read())).decode()
    lines = (line.split() for line in text.splitlines())
    table = sorted((int(words[0], 16), words[2]) for words in lines if words[1] in "tTwW")
    return [address for address, _ in table], [name for _, name in table]


def spans(names, entries):
    """Yields (wake-up, back to sleep), each as (begin, end) in one CPU's instructions."""
    woken = [at for at in entries if names[at] == "hrtimer_wakeup"]
    interrupts = [at for at in entries if names[at] == INTERRUPT]
    calls = [at for at in entries if names[at] == CALL]
    for at in woken:
        first = bisect.bisect_right(interrupts, at)
        call = bisect.bisect_right(calls, at)
        if not first or call == len(calls):
            continue
        begin, end = interrupts[first - 1], calls[call]
        following = bisect.bisect_right(interrupts, end)
        # Without another interrupt in between.
        if following == first and following < len(interrupts):
            yield (begin, end), (end, interrupts[following])


def count(work):
    """Returns the lists of names of functions, an entry an instruction: of each wake-up, and of each way back to sleep."""
    starts, titles = symbols(work)
    cpus = collections.defaultdict(lambda: ([], []))
    with open(f"{work}/trace", errors="replace") as trace:
        for line in trace:
            step = STEP.match(line)
            if not step:
                continue
            names, entries = cpus[step.group(1)]
            address = int(step.group(2), 16)
            index = bisect.bisect_right(starts, address) - 1
            if starts[index] == address:
                entries.append(len(names))
            names.append(titles[index])
    both = ([], [])
    for names, entries in cpus.values():
        for pair in spans(names, entries):
            for kind, (begin, end) in zip(both, pair):
                # A tick has work of its own.
                if "tick_nohz_handler" not in names[begin:end]:
                    kind.append(names[begin:end])
    return both


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--functions", type=int, default=0)
    parser.add_argument("--work", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    for file in ("trace", "symbols", "monitor"):
        if os.path.exists(f"{args.work}/{file}"):
            os.remove(f"{args.work}/{file}")
    record(args.work, args.command)
    both = count(args.work)
    if not all(both):
        sys.exit(f"error: no undisturbed wake-up was found in {args.work}/trace")
    middles = [statistics.median(len(one) for one in kind) for kind in both]
    print(f"| {args.name} | {middles[0]:,.0f} | {middles[1]:,.0f} |", flush=True)
    for title, kind, middle in zip(("wake-up", "back to sleep"), both, middles):
        lengths = [len(one) for one in kind]
        print(f"{title}: {len(kind)} of {min(lengths)} to {max(lengths)}", file=sys.stderr)
        if not args.functions:
            continue
        typical = [one for one in kind if abs(len(one) - middle) < middle / 10]
        total = collections.Counter(name for one in typical for name in one)
        print(f"\n{title}, by function, mean of {len(typical)} near the median:\n")
        for name, number in total.most_common(args.functions):
            print(f"{number / len(typical):9.1f}  {name}")
        print(flush=True)


main()
