"""The public names: where they are loaded, and what the functions return."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import customtags
from customtags import Host, TagError
from sample import MACHINES, SEED


def test_the_public_names_are_loaded_on_first_use() -> None:
    for name in customtags.__all__:
        assert getattr(customtags, name) is not None
    assert [*customtags.__all__] == sorted(customtags.__all__)
    assert {*dir(customtags)} == {*customtags.__all__, "__version__"}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        customtags.nothing  # type: ignore[attr-defined] # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; before = {*sys.modules}; import customtags; print(*{*sys.modules} - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["customtags"]


def test_parse_and_format_are_inverse() -> None:
    parsed = customtags.parse("linux_x86_64_v3_fc39_rocm6_0")
    assert (parsed.base, parsed.segments) == ("linux_x86_64", ("v3", "fc39", "rocm6_0"))
    assert customtags.format(*parsed) == "linux_x86_64_v3_fc39_rocm6_0"
    with pytest.raises(TagError):
        customtags.parse("linux_x86_64_V3")


def test_a_profile_in_a_file_extends_the_stock_tags(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED), encoding="utf-8")
    profile = customtags.read_profile(path)
    found = customtags.extend(["linux_x86_64"], profile)
    assert found.tags[0] == "linux_x86_64_v3_fc39_rocm6_0_gfx90a"
    assert found.dropped == 0
    few = customtags.extend(["linux_x86_64"], profile, limit=3)
    assert (len(few.tags), few.dropped) == (3, len(found.tags) - 3)


def test_a_machine_below_a_folder_is_detected() -> None:
    folder = next(each for each in MACHINES if each.name.endswith("--v4_deb12"))
    profile = customtags.detect(Host(str(folder)))
    assert customtags.extend(["linux_x86_64"], profile).tags[0] == "linux_x86_64_v4_deb12"
