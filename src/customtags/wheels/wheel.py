"""The reader of wheels: file name, own ``.dist-info``, members.

https://packaging.python.org/specifications/binary-distribution-format/
"""

from __future__ import annotations

import re
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from customtags.wheels import filename, metadata
from customtags.wheels.archive import Archive
from customtags.wheels.metadata import Fields
from customtags.wheels.record import Record

if TYPE_CHECKING:
    from pathlib import Path

    from customtags.errors import WheelError
    from customtags.wheels.filename import FileName

__all__ = ["Wheel"]

_AGAIN = "build it again"

#: The most of a member that is read as text, bytes.
_TEXT = 1 << 20


class Wheel:
    """A wheel; its members are read on demand, and the file is closed between two calls.

    :ivar name: its file name, parsed
    :ivar members: name → member, in the order of the archive
    """

    def __init__(self, path: Path, name: FileName | None = None) -> None:
        """Read the directory of a wheel.

        :param name: the name by which it is known, if it is not that of the file
        :raises WheelError: the file is not a wheel, or cannot be read
        """
        self.path = path
        self.name = filename.parse(path.name) if name is None else name
        self.archive = Archive(path)
        self.members = {member.name: member for member in self.archive.members}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The paths of its files."""
        return tuple(name for name in self.members if not name.endswith("/"))

    @cached_property
    def info(self) -> str:
        """The name of its own ``.dist-info`` folder: that of its name and version, or the only one at the top.

        :raises WheelError: there is none, or several and none or not only one of them is of this name
        """
        own = [each for each in self._infos if self.name.matches(*_named(each))]
        found = own if len(own) == 1 else self._infos
        if len(found) != 1:
            raise self.error(f"has {len(found)} .dist-info folders", _AGAIN)
        return found[0]

    @cached_property
    def _infos(self) -> list[str]:
        tops = {name.partition("/")[0] for name in self.members}
        return sorted(top for top in tops if top.endswith(".dist-info"))

    def own(self, file: str) -> str:
        """Return the path of a file in its own ``.dist-info`` folder, as in ``own("METADATA")``."""
        return f"{self.info}/{file}"

    def read(self, name: str) -> bytes:
        """Return the content of a small member.

        :raises WheelError: it is missing, damaged, or larger than 128 MiB
        """
        if name not in self.members:
            raise self.error(f"does not contain {name!r}", _AGAIN)
        return self.archive.read(self.members[name])

    def text(self, name: str) -> str:
        """Return the first MiB of a member as text, empty if it is missing.

        :raises WheelError: it is damaged
        """
        return self.head(name).decode("utf-8", "replace")

    def head(self, name: str, most: int = _TEXT) -> bytes:
        """Return the first bytes of a member, none if it is missing.

        :raises WheelError: it is damaged
        """
        content = b""
        if name not in self.members:
            return content
        with closing(self.archive.chunks(self.members[name], max(most, 1 << 12))) as chunks:
            for chunk in chunks:
                content += chunk
                if len(content) >= most:
                    break
        return content[:most]

    @cached_property
    def metadata(self) -> Fields:
        """The fields of METADATA, none if it is missing."""
        return Fields(self.head(self.own("METADATA")))

    @cached_property
    def tags(self) -> list[str]:
        """The tags of WHEEL, sorted, none if it is missing."""
        return metadata.tags(self.head(self.own("WHEEL")))

    @cached_property
    def record(self) -> Record:
        """Its RECORD.

        :raises WheelError: it is missing, damaged, or not a RECORD
        """
        try:
            return Record(self.read(self.own("RECORD")))
        except ValueError as error:
            raise self.error(f"has an invalid RECORD ({error})", _AGAIN) from error

    def check(self, *, trust_name: bool = False) -> None:
        """Check that a wheel is sound, unsigned, and agrees with itself and its name, so that a changed copy of it will, too.

        :param trust_name: accept other platforms in WHEEL than in the name
        :raises WheelError: it does not
        """
        self.archive.check()
        if len(self._infos) > 1:
            others = ", ".join(repr(each) for each in self._infos if each != self.info)
            raise self.error(
                f"has {others} beside its own .dist-info, so that pip refuses it", _AGAIN
            )
        if not self.name.matches(*_named(self.info)):
            raise self._other_name(self.info, *_named(self.info))
        for signature in ("RECORD.jws", "RECORD.p7s"):
            if self.own(signature) in self.members:
                why = f"is signed by {signature}, which no change would leave valid"
                raise self.error(why, "change it before it is signed")
        for file in ("METADATA", "WHEEL", "RECORD"):
            if self.own(file) not in self.members:
                raise self.error(f"does not contain {self.own(file)!r}", _AGAIN)
        self._check_metadata()
        self._check_wheel(trust_name=trust_name)
        self._check_record()

    def _check_metadata(self) -> None:
        project, version = (self.metadata.get(each) or "" for each in ("Name", "Version"))
        if not self.name.matches(project, version):
            escaped = re.sub("[-_.]+", "_", project)
            raise self._other_name("METADATA", escaped, version.replace("-", "_"))

    def _check_wheel(self, *, trust_name: bool) -> None:
        fields = Fields(self.head(self.own("WHEEL")))
        major = (fields.get("Wheel-Version") or "").partition(".")[0]
        if major != "1":
            why = f"has the wheel version {major or 'none'}, not 1"
            raise self.error(why, "use a later customtags")
        inside, outside = (
            {tag.rpartition("-")[0] if trust_name else tag for tag in tags}
            for tags in (self.tags, self.name.tags)
        )
        if inside != outside:
            parts = [sorted(set(part)) for part in zip(*(tag.split("-") for tag in self.tags))]
            if len(parts) != 3:
                raise self.error("has no valid Tag in its WHEEL", _AGAIN)
            sets = dict(zip(("python", "abi", "platform"), map(".".join, parts)))
            raise self._contradicted("WHEEL", self.name._replace(**sets))
        build = fields.get("Build")
        if build is not None and build != self.name.build:
            raise self._contradicted("WHEEL", self.name._replace(build=build))

    def _check_record(self) -> None:
        listed, present = self.record.paths, set(self.names)
        for path in sorted(present ^ listed):
            why = (
                f"lists the missing file {path!r}" if path in listed else f"does not list {path!r}"
            )
            raise self.error(f"has a RECORD that {why}", _AGAIN)

    def error(self, why: str, cure: str) -> WheelError:
        """Return the error of this wheel."""
        return self.archive.error(why, cure)

    def _other_name(self, where: str, project: str, version: str) -> WheelError:
        return self._contradicted(where, self.name._replace(project=project, version=version))

    def _contradicted(self, where: str, right: FileName) -> WheelError:
        why = f"is {str(right)!r} according to its {where}"
        if right._replace(platform=self.name.platform) == self.name:
            return self.error(why, "rename it, or retag it with --trust-name if its name is right")
        return self.error(why, "rename it, or build it again")


def _named(info: str) -> tuple[str, str]:
    """Return project and version of ``NAME-VERSION.dist-info``."""
    project, _, version = info.removesuffix(".dist-info").rpartition("-")
    return project, version
