"""What the labels of variant wheels mean, read from ``NAME-VERSION-variants.json`` in their folder or on their index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from customtags.choosing.index import Client
from customtags.errors import CustomtagsError, VariantError
from customtags.variants import convert, index, metadata, names
from customtags.wheels.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from customtags.choosing.index import Progress
    from customtags.choosing.offer import Offer
    from customtags.choosing.pip_settings import PipSettings
    from customtags.variants.metadata import Metadata

__all__ = ["Descriptions", "own"]


class Descriptions:
    """Reads the metadata of each release once, when they are required."""

    def __init__(self, offers: Iterable[Offer], settings: PipSettings, report: Progress) -> None:
        """Take the files among which those of an index are, and pip's settings to read them with."""
        self._urls = {(each.origin, each.name): each.url for each in offers if each.url}
        self._settings = settings
        self._report = report
        self._read: dict[tuple[str, str], Metadata | CustomtagsError] = {}

    def __call__(self, offer: Offer) -> Metadata:
        """Return what the labels of a variant wheel's release mean.

        :raises CustomtagsError: nothing says so, or what does cannot be read
        """
        name = names.index_name(names.split(offer.name)[0])
        place = offer.origin, name
        if place not in self._read:
            try:
                self._read[place] = self._load(offer, name)
            except CustomtagsError as error:
                self._read[place] = error
        found = self._read[place]
        if isinstance(found, CustomtagsError):
            raise found
        return found

    def _load(self, offer: Offer, name: str) -> Metadata:
        found = None
        url = self._urls.get((offer.origin, name))
        if url is not None:
            client = Client(self._settings, most=metadata.LIMIT)
            text = client.text(url, self._report)
            found = None if text is None else metadata.read(text, name)
        elif "://" not in offer.origin:
            found = index.read(Path(offer.origin, name))
        if found is None:
            problem = f"{name!r}, which says what the label means, was not found"
            cure = f"list {name} on the page that lists the wheel (pypiserver and devpi: on one for --find-links)"
            raise VariantError(problem, cure)
        return found


def own(offer: Offer) -> Metadata:
    """Return what a variant wheel says of itself if it lies on this machine, else what its folder says.

    :raises CustomtagsError: nothing says what its label means, or what does cannot be read
    """
    file, label = names.split(offer.name)
    if offer.path is not None and label is not None:
        return convert.described(Wheel(offer.path, file), label)
    name = names.index_name(file)
    found = index.read(Path(offer.origin, name)) if "://" not in offer.origin else None
    if found is None:
        folder, cure = repr(offer.origin), "check the path"
        if not offer.origin:
            folder, cure = "this folder", "name the wheel by its path"
        why = f"neither the wheel nor {name!r} exists in {folder}"
        raise VariantError(f"{offer.name!r} has a label without meaning: {why}", cure)
    return found
