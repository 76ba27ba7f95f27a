"""How a wheel gets the name that its audit finds to be true, as ``customtags retag --from-audit`` does it."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from customtags.audit.finding import FALSE, true_interpreter, true_platforms
from customtags.errors import CustomtagsError, WheelError
from customtags.tags import stock
from customtags.variants import names
from customtags.wheels import filename
from customtags.wheels.claims import NameClaims
from customtags.wheels.retag import NewTags, plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from customtags.audit.finding import Finding
    from customtags.wheels.filename import FileName

__all__ = ["cure", "true_tags"]

#: The codes of false claims that other tags resolve although they name none: `retag` makes WHEEL agree with the name.
_RESOLVED = frozenset(("tags-disagree", "mixed-set"))


def true_tags(wheel: Path, findings: Sequence[Finding]) -> NewTags:
    """Return the tags that make every claim of a wheel true.

    :raises WheelError: it is a variant wheel, whose properties give its tags
    :raises CustomtagsError: a claim is false that no other tag makes true
    """
    name, label = names.split(wheel.name)
    if label is not None:
        raise WheelError(str(wheel), "is a variant wheel", "retag it without --from-audit first")
    for each in findings:
        if each.severity == FALSE and not each.fix and each.code not in _RESOLVED:
            problem = f"{wheel.name}: {each.code}: {each.sentence}"
            raise CustomtagsError(problem, each.cure or "rebuild the wheel")
    platforms = true_platforms(findings, NameClaims.of(str(name)))
    interpreter = true_interpreter(findings)
    return NewTags(platforms, interpreter=interpreter, unknown=True, trust_name=True)


def cure(wheel: Path, findings: Sequence[Finding]) -> str | None:
    """Return what puts a wheel with true claims in the place of this one: a command, or why no other name does.

    :param findings: those of all checks
    :returns: None if `retag` would refuse the wheel
    """
    try:
        edit = plan(wheel, true_tags(wheel, findings))
    except CustomtagsError:
        return None
    same = _same_build(wheel, edit.name)
    if same is not None and edit.target.name != wheel.name:
        why = f"no other name, because {same} in the same folder is the same build"
        return f"{why}: compile this wheel again for what its name claims, or delete it"
    path = f"./{wheel}" if str(wheel).startswith("-") else str(wheel)
    return shlex.join(["customtags", "retag", path, "--from-audit", "--remove"])


def _same_build(wheel: Path, true: FileName) -> str | None:
    """Return the name of another wheel in the folder that has a tag of the true name, maybe by a policy's other name."""
    tags = _tags(true)
    for path in sorted(wheel.parent.glob("*.whl")):
        with suppress(WheelError):  # its name is not a wheel's, or has a label
            name = filename.parse(path.name)
            release = name.matches(true.project, true.version) and name.build == true.build
            if release and path.name != wheel.name and tags & _tags(name):
                return path.name
    return None


def _tags(name: FileName) -> set[str]:
    """Return every tag of a name, with the names that policies have since PEP 600."""
    modern = ".".join(map(stock.modern, name.platforms))
    return set(name._replace(platform=modern).tags)
