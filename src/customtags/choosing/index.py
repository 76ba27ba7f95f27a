"""The project pages of indexes (PEP 503, 691), read with pip's own settings.

What needs more than the standard library is imported where a project page is read: ``pip install 'customtags[index]'``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from customtags.choosing.offer import Offer, local_path, without_password
from customtags.errors import SourceError, ToolError
from customtags.variants.names import INDEX_SUFFIX

if TYPE_CHECKING:
    from requests import Session

    from customtags.choosing.pip_settings import PipSettings

__all__ = ["Client", "Progress"]

#: Hosts that pip trusts without a certificate (``SECURE_ORIGINS`` in its network/session.py).
LOCAL_HOSTS = ("localhost", "127.", "::1")

#: The most that a project page may hold, in bytes: a page of 5,000 files has 1 MB.
MOST = 256 << 20

#: Called with a few words about the progress of the work.
Progress = Callable[[str], None]


class Client:
    """Reads project pages with pip's settings; credentials come from the URL or from netrc.

    :param most: how many bytes a project page, or another file, may hold
    """

    def __init__(self, settings: PipSettings, most: int = MOST) -> None:
        self.settings = settings
        self.most = most

    @functools.cached_property
    def session(self) -> Session:
        """The connections, made when the first page is fetched: a folder requires none."""
        return _session(self.settings)

    def offers(self, url: str, project: str, report: Progress) -> list[Offer]:
        """Return the files of a project page, in its order; none if there is no such page.

        :raises SourceError: it cannot be read, is too large, or is not a project page
        :raises ToolError: there is a page, and the packages that read it are missing
        """
        path = local_path(url)
        local = None if path is None else self._read(path)
        if path is not None and local is None:
            return []
        with _extra():
            from mousebender import simple
        try:
            content, kind = self._fetch(url, report) if local is None else (local, "text/html")
            if content is None:
                return []
            details = simple.parse_project_details(content, kind, project)
            return [_offer(each, url) for each in details["files"]]
        except RecursionError as error:
            why = "is not a project page (it is nested too deeply)"
            raise SourceError(without_password(url), why, "see PEP 503 and 691") from error
        except (
            simple.UnsupportedAPIVersion,
            simple.UnsupportedMIMEType,
            *(AttributeError, LookupError, TypeError, ValueError),  # JSON of another shape
        ) as error:
            why = f"is not a project page ({error})"
            raise SourceError(without_password(url), why, "see PEP 503 and 691") from error

    def text(self, url: str, report: Progress) -> str | None:
        """Return another file of an index as text, None if there is none.

        :raises SourceError: it cannot be read, or is too large
        :raises ToolError: the packages that fetch it are missing
        """
        path = local_path(url)
        return self._fetch(url, report)[0] if path is None else self._read(path)

    def _read(self, path: str) -> str | None:
        """Read a project page that is a file, or index.html in a folder; None if there is none."""
        place = Path(path)
        place = place / "index.html" if place.is_dir() else place
        if not place.is_file():  # reading a pipe or a device may never end
            return None
        try:
            with place.open("rb") as file:
                content = self._bounded(path, iter(lambda: file.read(1 << 20), b""))
        except OSError as error:
            why = f"cannot be read ({error.strerror})"
            raise SourceError(path, why, "make it readable") from error
        return content.decode("utf-8", "replace")

    def _fetch(self, url: str, report: Progress) -> tuple[str | None, str]:
        """Return a project page and its content type."""
        with _extra():
            from mousebender import simple
            from requests.exceptions import RequestException
        shown = without_password(url)
        trusted = self._trusted(url, shown)
        proxy = self.settings.proxy
        try:
            with self.session.get(
                url,
                headers={"Accept": simple.ACCEPT_SUPPORTED},
                auth=_auth(url),
                proxies={"http": proxy, "https": proxy} if proxy else None,
                verify=False if trusted else self.settings.cert or None,
                timeout=self.settings.timeout,
                stream=True,
            ) as response:
                if response.status_code == 404:
                    return None, ""
                if response.status_code >= 400:
                    why = f"answers {response.status_code} {response.reason}"
                    cure = "add user and password to the URL or to netrc, or see 'pip config list'"
                    raise SourceError(shown, why, cure)
                content = self._bounded(shown, response.iter_content(65536), report)
        except (RequestException, OSError) as error:
            why = f"cannot be read ({_reason(error).replace(url, shown)})"
            cure = "check the URL, and that its server runs; 'pip config list' shows pip's own URLs, proxy and certificate"
            raise SourceError(shown, why, cure) from error
        kind = response.headers.get("Content-Type", "text/html")
        charset = response.encoding if "charset" in kind else None
        return content.decode(charset or "utf-8", "replace"), kind

    def _trusted(self, url: str, shown: str) -> bool:
        """Return whether the host counts as trusted without a certificate.

        :raises SourceError: pip would ignore this URL
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        trusted = {host, f"{host}:{parts.port}"}.intersection(self.settings.trusted_hosts)
        if not (url.startswith("https:") or host.startswith(LOCAL_HOSTS) or trusted):
            why = "is neither https nor a trusted host, so that pip ignores it"
            cure = f"serve it over https, or add 'trusted-host = {host}' to pip's configuration"
            raise SourceError(shown, why, cure)
        return bool(trusted)

    def _bounded(
        self, shown: str, chunks: Iterable[bytes], report: Progress = lambda _: None
    ) -> bytearray:
        """Join the chunks of a project page.

        :raises SourceError: it is too large
        """
        content = bytearray()
        for chunk in chunks:
            content += chunk
            report(f"{shown}: {len(content) / 1e6:.1f} MB")
            if len(content) > self.most:
                why = f"is larger than {self.most / 1e6:.0f} MB, the most that is read"
                raise SourceError(shown, why, "name a folder with the files instead")
        return content


@contextmanager
def _extra() -> Iterator[None]:
    """Name the extra where one of its packages is missing.

    :raises ToolError: that is so
    """
    try:
        yield
    except ImportError as error:
        problem = f"reading an index requires {error.name}"
        raise ToolError(problem, "pip install 'customtags[index]'") from error


def _session(settings: PipSettings) -> Session:
    import ssl

    import requests
    import urllib3

    session = requests.Session()
    session.cert = settings.client_cert
    # As pip ≥ 24.2: what the system trusts, besides what certifi does.
    adapter = requests.adapters.HTTPAdapter()
    adapter.init_poolmanager(10, 10, ssl_context=ssl.create_default_context())
    session.mount("https://", adapter)
    for host in settings.trusted_hosts:  # with that context requests would verify all the same
        session.mount(f"https://{host}/", requests.adapters.HTTPAdapter())
        session.mount(f"https://{host}:", requests.adapters.HTTPAdapter())
    if settings.trusted_hosts:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session


def _auth(url: str) -> tuple[str, str] | None:
    """Return the user and password of a URL; for a user without a password netrc comes first, as in pip."""
    from requests.utils import get_netrc_auth

    parts = urlsplit(url)
    if not (parts.username or parts.password) or (parts.password is None and get_netrc_auth(url)):
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")


def _reason(error: Exception) -> str:
    """Return the innermost reason, in one line."""
    inner = getattr(error.args[0], "reason", error) if error.args else error
    return " ".join(str(inner).partition("): ")[2].split() or str(inner).split())


def _offer(details: Mapping[str, Any], page: str) -> Offer:
    requires, yanked = details.get("requires-python"), details.get("yanked")
    reason = None if yanked in (None, False) else "" if yanked is True else str(yanked)
    name = str(details["filename"])
    url = urljoin(page, str(details["url"])) if name.endswith(INDEX_SUFFIX) else ""
    if local_path(page) is None and local_path(url) is not None:
        url = ""  # no index on a network names files of this machine
    origin = without_password(page)
    return Offer(name, origin, str(requires) if requires else None, reason, url)
