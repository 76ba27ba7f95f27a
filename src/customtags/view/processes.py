"""The processes that serve views: uvicorn's, each with the application that a file describes."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile

import uvicorn

from customtags.errors import CustomtagsError
from customtags.view.machines import Served
from customtags.view.server import Views

__all__ = ["run"]

#: The variable that names the file.
VARIABLE = "_CUSTOMTAGS_SERVED"


def run(served: Served, host: str, port: int, workers: int) -> None:
    """Serve until a signal stops it.

    :raises CustomtagsError: nothing can listen there, or no temporary file can be written
    """
    try:
        asyncio.run(_listen(host, port))
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or str(error)
        problem = f"cannot listen on {host} port {port} ({why})"
        raise CustomtagsError(problem, "choose another with --host or --port") from error
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold whole addresses
    try:
        tempfile.gettempdir()
    except OSError as error:
        problem = "no folder for temporary files can be written to"
        raise CustomtagsError(problem, "name one by the variable TMPDIR") from error
    # A file, because Linux limits a variable to 128 KiB; only this user may read it.
    with tempfile.NamedTemporaryFile("w", prefix="customtags-", encoding="utf-8") as file:
        file.write(served.dump())
        file.flush()
        os.environ[VARIABLE] = file.name
        uvicorn.run(
            f"{__name__}:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            server_header=False,
            timeout_graceful_shutdown=10,
        )


async def _listen(host: str, port: int) -> None:
    """Listen for a moment."""
    listening = await asyncio.start_server(lambda *_: None, host, port)
    listening.close()
    await listening.wait_closed()


def from_environment() -> Views:
    """Return the application that `run` describes to each worker."""
    with open(os.environ[VARIABLE], encoding="utf-8") as file:
        return Views(Served.load(file.read()))
