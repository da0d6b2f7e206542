"""What a program that a test runs in a process of its own says of its memory and its processor time."""

COSTS = '''
import time

def costs():
    """The most private memory so far, in bytes, and the seconds of processor time so far."""
    with open("/proc/self/status") as lines:
        values = dict(line.split(":", 1) for line in lines)
    peak, files = (int(values[name].split()[0]) * 1024 for name in ("VmHWM", "RssFile"))
    return peak - files, time.process_time()
'''
"""The first lines of such a program.

Pages of files do not count: how many come with the one that is read depends on the machine's file system. `ru_maxrss`
does not serve: a process begins with that of its parent, so it stays the same until it has as much memory.
"""
