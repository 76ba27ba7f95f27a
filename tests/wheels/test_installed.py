"""What is installed is read once for all who ask: the audit, repair, link-flags and doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from customtags.wheels.installed import read_environment


def install(site: Path, name: str, version: str = "1", **files: str) -> str:
    """Write a ``.dist-info`` folder with these files beside METADATA."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    for file, text in {"METADATA": f"Name: {name}\nVersion: {version}\n", **files}.items():
        (info / file).write_text(text, encoding="utf-8")
    return str(site)


def test_the_first_of_a_name_counts_as_for_an_import(tmp_path: Path) -> None:
    path = [install(tmp_path / "one", "Vec.Lib"), install(tmp_path / "two", "vec_lib", "2")]
    path.append(install(tmp_path / "two", "other"))
    found = [*read_environment([*path])]
    assert sorted((each.name, each.version) for each in found) == [("Vec.Lib", "1"), ("other", "1")]
    assert {each.name: each.folder for each in found}["other"] == tmp_path / "two"


@pytest.mark.parametrize(
    "metadata", [None, "", "Name: part\n", "Version: 1\n", "Name:\nVersion: 1\n"]
)
def test_the_remains_of_an_uninstall_are_skipped(metadata: str | None, tmp_path: Path) -> None:
    (tmp_path / "part-1.dist-info").mkdir()
    if metadata is not None:
        (tmp_path / "part-1.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    assert [*read_environment([str(tmp_path)])] == []


def test_a_file_that_is_missing_or_unreadable_is_empty(tmp_path: Path) -> None:
    (found,) = read_environment([install(tmp_path, "vec", RECORD="vec.so,,\n")])
    assert found.text("RECORD") == "vec.so,,\n"
    assert found.text("WHEEL") == ""
    (tmp_path / "vec-1.dist-info" / "RECORD").write_bytes(b"\xff\xfe")
    assert found.text("RECORD") == ""
