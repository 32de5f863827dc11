"""What the operating system's and Python's own keeping of memory cost a server, and what is done about it."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading

# glibc's mallopt(3)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

_frozen = threading.Lock()


def set_up_allocator() -> None:
    """Let large tensors go back to the system as soon as they are dropped, and keep threads from having a heap each,
    which would stay as large as it once was. What small tensors leave at the end of the heap stays for the next
    trace, which would spend a twentieth of its time on having it again; `give_back` takes it at rest. Early, before
    threads begin; does nothing without glibc."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, 1_000_000)
        libc.mallopt(_M_TRIM_THRESHOLD, 256_000_000)
        libc.mallopt(_M_ARENA_MAX, 2)


def give_back() -> None:
    """Hand what is free back to the system."""
    gc.collect()
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def freeze() -> None:
    """Take all that is there now out of Python's collector, which Streamlit runs after every run of a script: it would
    look through some 300,000 objects of torch and friends, which never go, for 80 ms. To be called again when a model
    has come or gone: what is no longer needed is collected first."""
    with _frozen:
        gc.unfreeze()
        gc.collect()
        gc.freeze()


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
