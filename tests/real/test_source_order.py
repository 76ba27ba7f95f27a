"""Several sources are one: each project, its page and its files come from the first source that has the project."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customtags.wheels.writer import create
from needs import requires

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = requires(sys.version_info >= (3, 11), "Python 3.11, which the server requires")

#: Folder → the versions of its projects; the second one has a higher version of a project of the first.
SOURCES: Mapping[str, Mapping[str, str]] = {
    "a": {"one": "1.0", "both": "1.0"},
    "b": {"two": "1.0", "both": "2.0"},
}


def wheel(project: str, version: str) -> str:
    return f"{project}-{version}-py3-none-linux_x86_64.whl"


def made(root: Path) -> list[Path]:
    """Make the folders, and return their paths."""
    for folder, projects in SOURCES.items():
        for project, version in projects.items():
            code = {f"{project}.py": b""}
            create(root / folder, project, version, "py3-none-linux_x86_64", code)
    return [root / folder for folder in SOURCES]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return made(tmp_path)


def test_a_folder_tells_an_unknown_project_from_an_unknown_file(folders: list[Path]) -> None:
    from simple_repository import errors

    from customtags.view.folder import FolderRepository

    folder = FolderRepository(folders[0])
    with pytest.raises(errors.PackageNotFoundError):
        asyncio.run(folder.get_project_page("two"))
    for file in (wheel("two", "1.0"), f"{wheel('two', '1.0')}.metadata"):
        with pytest.raises(errors.PackageNotFoundError):
            asyncio.run(folder.get_resource("two", file))
    with pytest.raises(errors.ResourceUnavailable):
        asyncio.run(folder.get_resource("one", wheel("one", "2.0")))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_page_and_the_files_of_a_project_come_from_one_source(
    folders: list[Path], order: tuple[int, int]
) -> None:
    import httpx
    from simple_repository import errors, model

    from customtags.view.sources import merged, opened

    places = [str(folders[number]) for number in order]

    async def ask() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        async with httpx.AsyncClient() as http:
            source = merged(opened(places, http), http)
            for project in ("one", "two", "both"):
                for file in (await source.get_project_page(project)).files:
                    resource = await source.get_resource(project, file.filename)
                    assert isinstance(resource, model.LocalResource)
                    described = await source.get_resource(project, f"{file.filename}.metadata")
                    assert isinstance(described, model.TextResource)
                    assert f"Name: {project}" in described.text
                    found.setdefault(project, []).append(file.filename)
            with pytest.raises(errors.PackageNotFoundError):
                await source.get_resource("three", wheel("three", "1.0"))
            with pytest.raises(errors.ResourceUnavailable):  # the other source's is another project
                await source.get_resource("both", wheel("both", ("2.0", "1.0")[order[0]]))
        return found

    first = ("1.0", "2.0")[order[0]]
    expected = {"one": "1.0", "two": "1.0", "both": first}
    assert asyncio.run(ask()) == {project: [wheel(project, v)] for project, v in expected.items()}


#: Lists, as nobody, the files that several folders show of a project; before, it imports what nobody may not be allowed to.
AS_NOBODY = """
import asyncio, os, sys
import httpx
from customtags.view.sources import merged, opened
async def ask():
    async with httpx.AsyncClient() as http:
        source = merged(opened(sys.argv[1:], http), http)
        await source.get_project_page("one")
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            page = await source.get_project_page("both")
        except OSError as error:
            print(type(error).__name__)
        else:
            print([file.filename for file in page.files])
asyncio.run(ask())
"""


@pytest.mark.parametrize(("closed", "printed"), [("file", "[]"), ("folder", "PermissionError")])
def test_a_project_that_cannot_be_read_is_not_replaced_by_that_of_another_source(
    closed: str, printed: str
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        folders = made(Path(name))
        place = folders[0] / wheel("both", "1.0")
        if closed == "folder":
            (folders[0] / "Both").mkdir()
            place = place.rename(folders[0] / "Both" / place.name).parent
        place.chmod(0)
        command = [sys.executable, "-c", AS_NOBODY, *map(str, folders)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        place.chmod(0o700)  # or it could not be removed
    assert (done.stdout, done.stderr) == (f"{printed}\n", "")
