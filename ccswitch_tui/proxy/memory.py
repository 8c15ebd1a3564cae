"""The memory this process has in use, asked of each system in its own way.

Sources: proc(5) `statm`; getrusage(2), which on macOS counts bytes and knows
the peak only; `GetProcessMemoryInfo` of Windows (psapi).
"""

import contextlib
import os
import sys
from collections.abc import Iterable


def give_back() -> None:
    """Returns to the system what the C library keeps of freed memory. glibc: elsewhere it comes back by itself."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def resident_mb(children: Iterable[int] = ()) -> float:
    """Resident memory in MB (on macOS the most there ever was); 0 where the system does not tell.

    That of the processes `children` (pids) is added on Linux; elsewhere it is
    this process alone.
    """
    total = 0
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        total = _resident_bytes()
    return round(total / 2**20 + sum(map(resident_mb_of, children)), 1)


def resident_mb_of(pid: int) -> float:
    """The same of another process; 0 where it has ended, and on all systems but Linux."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError, IndexError):
            return _resident_bytes(pid) / 2**20
    return 0.0


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS."""

        _fields_ = (
            ("cb", wintypes.DWORD),
            ("page_faults", wintypes.DWORD),
            *((name, ctypes.c_size_t) for name in ("peak_working_set", "working_set", "peak_paged", "paged")),
            *((name, ctypes.c_size_t) for name in ("peak_nonpaged", "nonpaged", "page_file", "peak_page_file")),
        )

    def _resident_bytes() -> int:
        counters = _Counters(cb=ctypes.sizeof(_Counters))
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        ask = kernel.K32GetProcessMemoryInfo
        ask.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Counters), wintypes.DWORD)
        if not ask(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
            raise ctypes.WinError(ctypes.get_last_error())
        return int(counters.working_set)

elif sys.platform == "darwin":

    def _resident_bytes() -> int:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

else:

    def _resident_bytes(pid: int | str = "self") -> int:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
