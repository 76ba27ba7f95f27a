"""Several wheels at the same time: each is audited by a process that is forked for it.

A process that ends with its wheel gives all memory back, and one that crashes or is killed costs that wheel alone. What every
audit needs is loaded before the fork, so that a process costs a few milliseconds.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from itertools import islice
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, TypeVar

from customtags.errors import CustomtagsError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from multiprocessing.connection import Connection

__all__ = ["cpus", "each", "here"]

Item = TypeVar("Item")
Result = TypeVar("Result")

#: SIGKILL, which the kernel sends when memory is exhausted, as well.
_KILL = 9


def cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    work: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Generator[tuple[Item, Result | CustomtagsError]]:
    """Yield each item with what the work returns, or with the error that ended it, as soon as that is known.

    :param work: called in a process of its own; what it returns can be pickled
    :param jobs: the most processes at the same time; they are killed if the iterator is closed
    :raises CustomtagsError: no process can be started
    """
    waiting = iter(items)
    running: dict[Connection, tuple[Item, int]] = {}
    try:
        while True:
            for item in islice(waiting, jobs - len(running)):
                receiver, process = _start(work, item)
                running[receiver] = item, process
            if not running:
                return
            ready = wait([*running])
            for receiver in [each for each in running if each in ready]:
                item, process = running.pop(receiver)
                yield item, _outcome(receiver, process)
    finally:
        for receiver, (_, process) in running.items():
            receiver.close()
            os.kill(process, _KILL)
            os.waitpid(process, 0)


def here(
    work: Callable[[Item], Result], items: Iterable[Item], _: int
) -> Generator[tuple[Item, Result | CustomtagsError]]:
    """Yield the same as `each`, from this process."""
    for item in items:
        try:
            yield item, work(item)
        except CustomtagsError as error:
            yield item, error


def _start(work: Callable[[Item], Result], item: Item) -> tuple[Connection, int]:
    """Start a process for an item, and return what receives its result, and its number."""
    try:
        receiver, sender = Pipe(duplex=False)
        sys.stdout.flush()
        process = os.fork()
    except OSError as error:
        problem = f"no more processes can be started ({error.strerror})"
        raise CustomtagsError(problem, "choose a smaller number with -j") from error
    if not process:
        try:
            sender.send(_done(work, item))
        finally:  # no traceback of an interrupt, and nothing that the parent does at its exit
            os._exit(0)
    sender.close()
    return receiver, process


def _done(work: Callable[[Item], Result], item: Item) -> Result | CustomtagsError:
    try:
        return work(item)
    except CustomtagsError as error:  # without its class, which may not be made of these arguments
        return CustomtagsError(error.problem, error.cure)
    except Exception as error:  # noqa: BLE001 - the other wheels shall be audited
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
        problem = f"the audit failed with {type(error).__name__} in {where} ({error})"
        return CustomtagsError(problem, "report it with the wheel")


def _outcome(receiver: Connection, process: int) -> Any:
    """Return what a process sent, or why it sent nothing."""
    sent = []
    with receiver, suppress(EOFError, OSError):
        sent.append(receiver.recv())
    _, status = os.waitpid(process, 0)
    if sent:
        return sent[0]
    if not os.WIFSIGNALED(status):
        return CustomtagsError("its process ended without a result", "report it with the wheel")
    number = os.WTERMSIG(status)
    cure = "report it with the wheel"
    if number == _KILL:
        cure = "if the memory was exhausted, audit it alone"
    return CustomtagsError(f"its process was killed by signal {number}", cure)
