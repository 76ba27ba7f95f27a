"""What an audit reports of one wheel, and the settings that all wheels of one run share."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from customtags import __version__
from customtags.audit import audit, instructions, libraries, select, stable_abi
from customtags.audit.finding import Finding, true_name
from customtags.audit.isa.levels import NAMES
from customtags.audit.isa.scan import decoder
from customtags.audit.variants import named
from customtags.errors import ToolError, WheelError
from customtags.wheels import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.audit.isa.decoder import Decoder
    from customtags.libraries.supplier import Supplier

__all__ = ["Auditor", "Report"]


class Report(NamedTuple):
    """What an audit found in one wheel.

    :ivar wheel: its path, as it was given
    :ivar true_name: the file name that its contents allow
    :ivar findings: false claims first, then what is undecided, then notes
    """

    wheel: str
    true_name: str
    findings: list[Finding]

    @property
    def wrong(self) -> bool:
        """Whether a claim of the name is false."""
        return any(finding.severity == "false" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON, as an entry of ``customtags audit --json``."""
        findings = [
            {**each._asdict(), "fix": each.fix and each.fix._asdict()} for each in self.findings
        ]
        return {**self._asdict(), "findings": findings}


class Auditor:
    """An audit with its settings.

    :ivar settings: as JSON, with the release of customtags: what equal reports of a wheel have in common
    """

    def __init__(
        self,
        only: Sequence[str] = (),
        *,
        full: bool = False,
        dispatched: Sequence[str] = (),
        suppliers: Sequence[Supplier] | None = None,
    ) -> None:
        """Choose the checks.

        :param only: names of checks, and codes to report; empty for all
        :param full: read every function instead of a sample of each file
        :param dispatched: patterns (`fnmatch`) of members and functions that are chosen at run time
        :param suppliers: the distributions whose libraries a wheel may use; by default those that are installed
        :raises CustomtagsError: a check or code of `only` is unknown
        """
        named = [str(each) for each in suppliers or () if each.root is None]
        self.settings = {
            "customtags": __version__,
            "only": [*only],
            "full": full,
            "dispatched": [*dispatched],
            "with": named,
        }
        self._checks, self._codes = select(only)
        self._decoders: dict[str, Decoder] = {}
        if instructions.NAME in self._checks:
            self._checks[instructions.NAME] = partial(
                instructions.check, full=full, dispatched=dispatched, decoders=self._decoders
            )
        if libraries.NAME in self._checks and suppliers is not None:
            self._checks[libraries.NAME] = partial(libraries.check, suppliers=suppliers)

    def prepare(self) -> None:
        """Load what audits of several wheels have in common, for the processes that are forked from this one."""
        if instructions.NAME in self._checks:
            for arch in NAMES:
                with suppress(ToolError):  # a wheel for another architecture does not take it
                    self._decoders[arch] = decoder(arch)
        if stable_abi.NAME in self._checks:
            with suppress(ImportError):
                import abi3info  # noqa: F401

    def report(self, wheel: Path) -> Report:
        """Audit one wheel.

        :raises WheelError: the file is not a wheel, or cannot be read
        :raises ToolError: a check requires a package that is not installed
        """
        listing.check(wheel)
        if wheel.is_dir():
            why = "is a folder without wheels"
            raise WheelError(
                str(wheel), why, "name a wheel, or a folder with files that end in .whl"
            )
        found = audit(wheel, self._checks)
        findings = [each for each in found if not self._codes or each.code in self._codes]
        fixed = any(finding.fix for finding in findings)
        name = true_name(findings, named(wheel).claims) if fixed else wheel.name
        return Report(str(wheel), name, findings)
