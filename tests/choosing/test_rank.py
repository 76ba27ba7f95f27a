"""The order of files, the one that is taken, and what one might not expect; real pips agree in tests/real/test_rank.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from packaging.specifiers import SpecifierSet

from customtags.choosing.offer import Offer, named, projects
from customtags.choosing.order import OLDER
from customtags.choosing.pip_settings import PipSettings
from customtags.choosing.rank import Ranking, rank
from customtags.choosing.request import Request
from sample import seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.choosing.order import Older
    from customtags.choosing.target import Target

MACHINE = seed()

BASE, STOCK = "cp312-cp312-linux_x86_64", "cp312-cp312-manylinux_2_17_x86_64"


def ranked(
    *names: str,
    requested: str = "",
    requires: dict[str, str] | None = None,
    target: Target = MACHINE,
    **settings: Any,
) -> Ranking:
    """Rank files by name, for Python 3.12.0 on the machine of the README's example."""
    pip = PipSettings()._replace(**settings)
    files = named(f"example-{name}" for name in names)
    request = Request("example", SpecifierSet(requested), pip)
    return rank(
        files, request, target, lambda offer: (requires or {}).get(offer.name[len("example-") :])
    )


class Trap(NamedTuple):
    """Files → the one that is taken, and the one that a trap names."""

    kind: str
    names: tuple[str, ...]
    chosen: str
    named: str


TRAPS = (
    Trap("local version", (f"1.0+cpu-{STOCK}.whl", f"1.0-{BASE}_v3.whl"), f"1.0+cpu-{STOCK}.whl", f"1.0-{BASE}_v3.whl"),
    Trap("version", (f"1.1-{STOCK}.whl", f"1.0-{BASE}_v3.whl"), f"1.1-{STOCK}.whl", f"1.0-{BASE}_v3.whl"),
    Trap("row", (f"1.0-{STOCK}.whl", "1.0-cp38-abi3-linux_x86_64_v3.whl"), f"1.0-{STOCK}.whl", "1.0-cp38-abi3-linux_x86_64_v3.whl"),
    Trap("sdist", ("1.1.tar.gz", f"1.0-{BASE}_v3.whl", f"1.1-{BASE}_v4.whl"), "1.1.tar.gz", f"1.0-{BASE}_v3.whl"),
    Trap("mixed set", (f"1.0-{BASE}_v3.manylinux_2_17_x86_64.whl",), f"1.0-{BASE}_v3.manylinux_2_17_x86_64.whl", f"1.0-{BASE}_v3.manylinux_2_17_x86_64.whl"),
    Trap("pip before 21.1", (f"1.0-{BASE}_v3.whl", f"1.0-1-{STOCK}.whl"), f"1.0-{BASE}_v3.whl", f"1.0-1-{STOCK}.whl"),
    Trap("pip before 26.3", (f"1.0-{BASE}.whl", f"1.0-{STOCK}.whl"), f"1.0-{BASE}.whl", f"1.0-{STOCK}.whl"),
)  # fmt: skip


@pytest.mark.parametrize("row", TRAPS, ids=lambda row: row.kind)
def test_a_trap_is_named_where_it_bites(row: Trap) -> None:
    ranking = ranked(*row.names)
    assert ranking.chosen == f"example-{row.chosen}"
    assert (row.kind, f"example-{row.named}") in [trap[:2] for trap in ranking.traps]


@pytest.mark.parametrize("row", TRAPS, ids=lambda row: row.kind)
def test_a_trap_is_not_named_where_it_does_not_bite(row: Trap) -> None:
    if row.kind == "mixed set":
        ranking = ranked(f"1.0-{BASE}_v2.linux_x86_64_v3.whl")
    else:
        ranking = ranked(row.chosen)
    assert ranking.chosen is not None
    assert ranking.traps == ()


#: The pip that changed the order → the row of those before.
CHANGED = {row.kind.rpartition(" ")[2]: row for row in TRAPS if row.kind.startswith("pip before ")}


def test_every_older_pip_has_a_row() -> None:
    assert [*CHANGED] == [each.changed for each in OLDER]


@pytest.mark.parametrize(("pip", "older"), [*zip(["20.3.4", "26.2+dfsg"], OLDER)])
def test_the_installed_pip_decides_and_a_note_names_what_the_newest_takes(
    pip: str, older: Older
) -> None:
    row = CHANGED[older.changed]
    ranking = ranked(*row.names, target=seed(pip=pip))
    assert ranking.chosen == f"example-{row.named}"
    (trap,) = ranking.traps
    assert trap[:2] == ("newer pip", f"example-{row.chosen}")
    assert f"the newest pip takes it, because pip {pip} {older.differs}" in trap.says
    assert trap.cure == "upgrade pip to 26.3 or later"


@pytest.mark.parametrize("row", [*CHANGED.values()], ids=lambda row: row.kind)
def test_a_pip_that_compares_as_the_newest_takes_what_the_newest_takes(row: Trap) -> None:
    ranking = ranked(*row.names, target=seed(pip="26.3"))
    assert ranking == ranked(*row.names)


@pytest.mark.parametrize(
    ("names", "requested", "settings", "chosen", "part"),
    [
        (["1.1rc1-py3-none-any.whl", "1.0.zip"], "", {}, "1.0.zip", "pre-release"),
        (["1.1rc1-py3-none-any.whl", "1.0.zip"], "", {"pre": True}, "1.1rc1-py3-none-any.whl", None),
        (["1.1rc1-py3-none-any.whl"], "", {}, "1.1rc1-py3-none-any.whl", None),
        (["1.1.zip", "1.0-py3-none-any.whl"], "", {"prefer_binary": True}, "1.0-py3-none-any.whl", None),
        (["1.1.zip", "1.0-py3-none-any.whl"], "", {"only_binary": frozenset([":all:"])}, "1.0-py3-none-any.whl", "format"),
        (["1.1.zip", "1.0-py3-none-any.whl"], "<1.1", {"no_binary": frozenset(["example"])}, None, "format"),
        (["1.0-py3-none-any.whl", "1.0-nonsense.whl"], "", {}, "1.0-py3-none-any.whl", "name"),
        (["1.0-py3-none-any.whl", "1.0.0-py3-none-any.whl"], "", {}, "1.0.0-py3-none-any.whl", None),
    ],
)  # fmt: skip
def test_what_pip_is_told_counts(
    names: Sequence[str],
    requested: str,
    settings: dict[str, Any],
    chosen: str | None,
    part: str | None,
) -> None:
    ranking = ranked(*names, requested=requested, **settings)
    assert ranking.chosen == (chosen and f"example-{chosen}")
    assert [miss.part for each in ranking.files for miss in each.misses] == ([part] if part else [])


def test_of_a_version_whose_best_file_can_t_be_taken_pip_takes_no_other() -> None:
    best, other = f"1.1-{BASE}_v3.whl", "1.1-py3-none-any.whl"
    ranking = ranked(best, other, "1.0-py3-none-any.whl", requires={best: ">=3.13"})
    assert ranking.chosen == "example-1.0-py3-none-any.whl"
    reasons = {each.offer.name: str(each.misses[0]) for each in ranking.files if each.misses}
    assert "requires Python >=3.13; this Python is 3.12.0" in reasons[f"example-{best}"]
    assert f"one file of a version, here example-{best}" in reasons[f"example-{other}"]


def test_an_older_pip_may_look_at_another_file_of_the_version() -> None:
    best, built = f"1.1-{BASE}_v3.whl", f"1.1-1-{STOCK}.whl"
    ranking = ranked(best, built, requires={best: ">=3.13"})
    assert ranking.chosen is None
    assert [trap[:2] for trap in ranking.traps] == [("pip before 21.1", f"example-{built}")]
    ranking = ranked(best, built, requires={built: ">=3.13"})
    assert ranking.chosen == f"example-{best}"
    assert [trap[:2] for trap in ranking.traps] == [("pip before 21.1", "")]


def test_files_of_other_projects_are_left_out() -> None:
    files = [*named(["a-1.0-py3-none-any.whl", "b-1.0.tar.gz", "b_c-1.0.tar.gz", "notes.txt"])]
    files += named(["a-1.0-py3-none-linux_x86_64_v3.manylinux_2_17_x86_64.whl"])
    assert projects(files) == {"a", "b", "b-c"}
    ranking = rank(files, Request("b-c"), MACHINE)
    assert [each.offer for each in ranking.files] == [Offer("b_c-1.0.tar.gz", "")]
    assert ranking.traps == ()


def test_no_file_tells_the_password_of_its_url() -> None:
    (file,) = named(["https://me:secret@wheels.invalid/a/a-1.0-py3-none-any.whl"])
    assert file == Offer("a-1.0-py3-none-any.whl", "https://wheels.invalid/a")
