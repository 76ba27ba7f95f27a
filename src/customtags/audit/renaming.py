"""How a wheel gets the name that its audit finds to be true, as ``customtags retag --from-audit`` does it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from customtags.audit.finding import FALSE, true_interpreter, true_platforms
from customtags.errors import CustomtagsError, WheelError
from customtags.variants import names
from customtags.wheels.claims import NameClaims
from customtags.wheels.retag import NewTags, plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from customtags.audit.finding import Finding

__all__ = ["command", "true_tags"]

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


def command(wheel: Path, findings: Sequence[Finding]) -> str | None:
    """Return the command that puts a wheel with true claims in the place of this one; None if `retag` would refuse.

    :param findings: those of all checks
    """
    try:
        edit = plan(wheel, true_tags(wheel, findings))
    except CustomtagsError:
        return None
    if edit.target.name != wheel.name and edit.target.exists():
        return None  # another build has the true name
    path = f"./{wheel}" if str(wheel).startswith("-") else str(wheel)
    return shlex.join(["customtags", "retag", path, "--from-audit", "--remove"])
