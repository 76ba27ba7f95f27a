"""Build back ends beside the hook: every wheel has the name that it has without."""

from __future__ import annotations

import functools
import os
import platform
import shutil
from typing import TYPE_CHECKING, Protocol

import pytest
from packaging.tags import parse_tag

from needs import lacking, requires
from real import table
from real.stand_ins import V3

if TYPE_CHECKING:
    from collections.abc import Callable

    from real.environments import Environment, MakeEnvironment, Wheelhouse

    class Make(Protocol):
        def __call__(self, *, hooked: bool) -> Environment: ...


pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: What back ends look for on the path, unless a wheel brings it.
TOOLS = {"maturin": ("cargo",), "meson-python": ("cc",), "setuptools": ("cc",)}

#: What runs them where pip does not, and all that is to be in an environment without isolation.
FROM_INDEX = ("build==1.6.1", "ninja==1.13.2", "uv==0.13.9")
REQUIRES = sorted({each for backend in table.BACKENDS for each in backend.requires})


@pytest.fixture(scope="module")
def make(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Make:
    """Make an environment with every back end in it, with or without customtags."""

    def make(*, hooked: bool) -> Environment:
        environment = make_environment(hooked=hooked)
        if not environment.command("uv").exists():
            wanted = (*FROM_INDEX, *REQUIRES)
            links = [f"--find-links={wheelhouse.fetch(each)}" for each in wanted]
            environment.pip("install", "-q", "--no-index", *links, *wanted)
        return environment

    return make


@pytest.fixture(scope="module")
def build(
    make: Make, wheelhouse: Wheelhouse, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[str]]:
    """Build a back end's project, and tell the tags of what came out; the same is done once."""

    @functools.cache
    def build(name: str, command: str, *, hooked: bool) -> list[str]:
        (backend,) = (each for each in table.BACKENDS if each.name == name)
        for tool in TOOLS.get(name, ()):
            if shutil.which(tool) is None:
                lacking(tool)
        environment = make(hooked=hooked)
        project, out = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("out")
        for path, content in backend.files.items():
            (project / path).parent.mkdir(exist_ok=True)
            (project / path).write_text(content, encoding="utf-8")
        requires = f"requires = {list(backend.requires)}\nbuild-backend = {backend.module!r}\n"
        with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(f"[build-system]\n{requires}")
        env = {
            **V3,
            "PATH": f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": " ".join(str(wheelhouse.fetch(each)) for each in backend.requires),
        }
        environment.run(*command.format(out=out).split(), env=env, cwd=project)
        names = [wheel.stem.split("-", 2)[2] for wheel in out.glob("*.whl")]
        for found in out.glob("tiny-*.dist-info/WHEEL"):  # where the front end installs
            lines = found.read_text(encoding="utf-8").splitlines()
            names += [line[5:] for line in lines if line.startswith("Tag: ")]
        return sorted(str(tag) for name in names for tag in parse_tag(name))

    return build


@pytest.mark.parametrize(
    ("front", "backend"),
    [
        (front, backend)
        for front in table.FRONT_ENDS
        for backend in table.BACKENDS
        if backend.name in front.only or not (front.only or (front.isolated and not backend.asks))
    ],
    ids=lambda value: value.name,
)
def test_a_wheel_has_the_name_that_it_has_without_the_hook(
    front: table.FrontEnd, backend: table.Backend, build: Callable[..., list[str]]
) -> None:
    (reference,) = (each for each in table.FRONT_ENDS if each.name.endswith("build -n"))
    expected = build(backend.name, reference.command, hooked=False)
    assert expected
    assert build(backend.name, front.command, hooked=True) == expected


def test_the_wheels_would_show_an_over_claim(make: Make) -> None:
    """Only a wheel that is not pure can have a wrong name, and only where the hook is on."""
    show = "import packaging.tags as t; print(*(x.platform for x in t.sys_tags()))"
    platforms = make(hooked=True).run("-c", show, env=V3).stdout.split()
    assert platforms[0] == "linux_x86_64"
    assert platforms[1] == "linux_x86_64_v3"
    assert "linux_x86_64_v3" not in make(hooked=False).run("-c", show, env=V3).stdout.split()
