"""Which pages count: the built-in ones, and those of third parties that the settings name."""

from __future__ import annotations

from customtags.machine.dimensions import OPTIONAL, builtin, optional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from customtags.machine.settings import Settings
    from customtags.machine.spec import Facts, Host, Page, Profile, Tell

__all__ = ["facts_of", "pages", "record"]


def pages(
    settings: Settings, tell: Tell, known: Container[str] = (), host: Host | None = None
) -> list[Page]:
    """Give the pages that count, families of one dimension side by side.

    :param known: dimensions of which there are facts already
    :param host: leave out the vendors of which it shows no sign, unless the settings speak of them
    """
    told = settings.profile or settings.overrides.get("accelerator", "none") != "none"
    ours = builtin(None if told else host)
    wanted = [
        name for name in OPTIONAL if settings.profile or name in settings.overrides or name in known
    ]
    if settings.abi and "abi" not in wanted:
        wanted.append("abi")
    if not (wanted or settings.dimensions or settings.variant_providers):
        return ours
    from customtags.machine import plugins

    ours += [plugins.Guarded(optional(name, settings.abi), "customtags", tell) for name in wanted]
    return [*ours, *plugins.pages(settings, tell)]


def facts_of(profile: Profile, page: Page) -> Facts | None:
    """Find the facts of one page: below its dimension, families of one dimension side by side."""
    facts = profile.get(page.DIMENSION)
    return facts if page.NAME == page.DIMENSION or facts is None else facts.get(page.NAME)


def record(profile: Profile, page: Page, facts: Facts | None, source: str | None) -> None:
    """Put the facts of one page there, and where they come from."""
    if page.NAME == page.DIMENSION:
        profile[page.NAME] = facts
    else:
        profile.setdefault(page.DIMENSION, {})[page.NAME] = facts
    profile["source"][page.NAME] = source
