"""Which files there are to choose from: in a folder, or on the pages of an index (PEP 503, 691) as pip is told of them.

What needs more than the standard library is imported where a page is read: ``pip install 'customtags[index]'``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from customtags.errors import SourceError, ToolError, WheelError
from customtags.wheels.wheel import Wheel

if TYPE_CHECKING:
    from requests import Session

    from customtags.choosing.pip_settings import PipSettings

__all__ = [
    "ARCHIVES",
    "Client",
    "File",
    "folder",
    "is_page",
    "local",
    "named",
    "requires_python",
    "search",
]

#: What pip takes for a source distribution (``SUPPORTED_EXTENSIONS`` in its utils/filetypes.py), and wheels.
ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tbz", ".tar", ".tar.lzma")

#: Hosts that pip trusts without a certificate (``SECURE_ORIGINS`` in its network/session.py).
LOCAL_HOSTS = ("localhost", "127.", "::1")

#: Is told in a few words how far the work is.
Tell = Callable[[str], None]


class File(NamedTuple):
    """A file that pip could take.

    :ivar origin: the folder, or the URL of the page
    :ivar requires_python: as the page says, None if it does not
    :ivar yanked: the reason, None if it is not yanked (PEP 592)
    """

    name: str
    origin: str
    requires_python: str | None = None
    yanked: str | None = None

    @property
    def path(self) -> Path | None:
        """Where it lies, if it lies on this machine."""
        path = Path(self.origin, self.name)
        return path if "://" not in self.origin and path.is_file() else None


def named(names: Iterable[str]) -> list[File]:
    """Give files by path, URL or bare name, whether they are there or not."""
    return [File(unquote(name.rpartition("/")[2]), _plain(os.path.dirname(name))) for name in names]


def folder(path: str) -> list[File]:
    """Give the archives in a folder, as pip sorts them: the last of equal ones is taken.

    :raises SourceError: it can't be listed
    """
    try:
        names = sorted(os.listdir(path), key=quote, reverse=True)
    except OSError as error:
        raise SourceError(
            path, f"can't be listed ({error.strerror})", "name another folder"
        ) from error
    return [File(name, path) for name in names if name.endswith(ARCHIVES)]


def search(project: str, client: Client, tell: Tell) -> tuple[list[File], list[SourceError]]:
    """Give the files of one project in every place that pip looks at, as pip sorts them, and what went wrong.

    https://github.com/pypa/pip/blob/26.3/src/pip/_internal/index/package_finder.py, ``find_all_candidates``: folders
    come before pages, and of equal ones the last is taken.

    :param project: its normalized name
    """
    flat: list[File] = []
    paged: list[File] = []
    problems: list[SourceError] = []
    for place, is_index in client.places():
        path = local(place)
        try:
            if not is_index and path and os.path.isdir(path):
                flat += folder(path)
            else:
                url = f"{place.rstrip('/')}/{project}/" if is_index else place
                paged += client.files(url, project, tell)
        except SourceError as error:
            problems.append(error)
    return sorted(
        flat, key=lambda file: quote(f"{file.origin}/{file.name}"), reverse=True
    ) + paged, problems


def is_page(place: str) -> bool:
    """Tell whether it is the URL of an index rather than that of a file."""
    return "://" in place and not place.endswith(ARCHIVES)


def local(place: str) -> str | None:
    """Give the path that a URL or a path stands for, None if it is elsewhere."""
    if place.startswith("file:"):
        return url2pathname(urlsplit(place).path)
    return None if "://" in place else os.path.expanduser(place)


class Client:
    """Reads the pages of indexes with pip's settings; credentials come from the URL or from netrc.

    :raises ToolError: the packages that it needs are missing
    """

    def __init__(self, settings: PipSettings) -> None:
        self.settings = settings
        try:
            self.session = _session(settings)
        except ImportError as error:
            raise ToolError(
                f"reading an index needs {error.name}", "pip install 'customtags[index]'"
            ) from error

    def places(self) -> Iterator[tuple[str, bool]]:
        """Give every place to look at, and whether it is an index, which has a page per project."""
        yield from ((place, False) for place in self.settings.find_links)
        yield from ((place, True) for place in self.settings.indexes)

    def files(self, url: str, project: str, tell: Tell) -> list[File]:
        """Give the files of a page, in its order; none if there is no such page.

        :raises SourceError: it can't be read
        """
        from mousebender import simple

        path = local(url)
        try:
            if path is None:
                content, kind = self._fetch(url, tell)
            else:
                content, kind = _page(path), "text/html"
            if content is None:
                return []
            details = simple.parse_project_details(content, kind, project)
            return [_file(each, _plain(url)) for each in details["files"]]
        except (
            simple.UnsupportedAPIVersion,
            simple.UnsupportedMIMEType,
            *(AttributeError, LookupError, TypeError, ValueError),  # JSON of another shape
        ) as error:
            raise SourceError(
                _plain(url), f"is no page of an index ({error})", "see PEP 503 and 691"
            ) from error

    def _fetch(self, url: str, tell: Tell) -> tuple[str | None, str]:
        """Give a page and its kind."""
        from mousebender import simple
        from requests.exceptions import RequestException

        shown = _plain(url)
        host = urlsplit(url).hostname or ""
        trusted = {host, f"{host}:{urlsplit(url).port}"}.intersection(self.settings.trusted_hosts)
        if not (url.startswith("https:") or host.startswith(LOCAL_HOSTS) or trusted):
            cure = f"serve it over https, or add --trusted-host {host} as 'trusted-host' to pip's configuration"
            raise SourceError(
                shown, "is neither https nor a trusted host, so that pip ignores it", cure
            )
        proxy = self.settings.proxy
        try:
            response = self.session.get(
                url,
                headers={"Accept": simple.ACCEPT_SUPPORTED},
                auth=_auth(url),
                proxies={"http": proxy, "https": proxy} if proxy else None,
                verify=False if trusted else self.settings.cert or None,
                timeout=self.settings.timeout,
                stream=True,
            )
            if response.status_code == 404:
                return None, ""
            if response.status_code >= 400:
                cure = "put user and password into the URL or into netrc, or see 'pip config list'"
                raise SourceError(shown, f"answers {response.status_code} {response.reason}", cure)
            content = bytearray()
            for chunk in response.iter_content(65536):
                content += chunk
                tell(f"{shown}: {len(content) / 1e6:.1f} MB")
        except (RequestException, OSError) as error:
            raise SourceError(
                shown,
                f"can't be read ({_reason(error).replace(url, shown)})",
                "see 'pip config list'",
            ) from error
        kind = response.headers.get("Content-Type", "text/html")
        charset = response.encoding if "charset" in kind else None
        return content.decode(charset or "utf-8", "replace"), kind


def requires_python(file: File) -> str | None:
    """Give the Requires-Python of a wheel's own metadata, None if it says nothing or does not lie on this machine."""
    if file.path is None or not file.name.endswith(".whl"):
        return None
    try:
        return Wheel(file.path).metadata.get("Requires-Python")
    except WheelError:
        return None


def _session(settings: PipSettings) -> Session:
    import ssl

    import mousebender.simple  # noqa: F401 - to know now whether it is there
    import requests
    import urllib3

    session = requests.Session()
    session.cert = settings.client_cert
    # As pip ≥ 24.2: what the system trusts, beside what certifi does.
    adapter = requests.adapters.HTTPAdapter()
    adapter.init_poolmanager(10, 10, ssl_context=ssl.create_default_context())
    session.mount("https://", adapter)
    for host in settings.trusted_hosts:  # such a context would insist
        session.mount(f"https://{host}/", requests.adapters.HTTPAdapter())
        session.mount(f"https://{host}:", requests.adapters.HTTPAdapter())
    if settings.trusted_hosts:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session


def _auth(url: str) -> tuple[str, str] | None:
    """Give the user and password of a URL; to a user without one netrc may know it, as pip has it."""
    from requests.utils import get_netrc_auth

    parts = urlsplit(url)
    if not (parts.username or parts.password) or (parts.password is None and get_netrc_auth(url)):
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")


def _page(path: str) -> str | None:
    """Give a page that lies in a file, or as index.html in a folder."""
    place = Path(path)
    place = place / "index.html" if place.is_dir() else place
    try:
        return place.read_text("utf-8", "replace") if place.exists() else None
    except OSError as error:
        raise SourceError(path, f"can't be read ({error.strerror})", "make it readable") from error


def _plain(url: str) -> str:
    """Give a URL without the password that it may hold."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def _reason(error: Exception) -> str:
    """Give the innermost reason, in one line."""
    inner = getattr(error.args[0], "reason", error) if error.args else error
    return " ".join(str(inner).partition("): ")[2].split() or str(inner).split())


def _file(details: Mapping[str, Any], origin: str) -> File:
    requires = details.get("requires-python")
    name, yanked = str(details["filename"]), _yanked(details.get("yanked"))
    return File(name, origin, str(requires) if requires else None, yanked)


def _yanked(value: object) -> str | None:
    return None if value in (None, False) else "" if value is True else str(value)
