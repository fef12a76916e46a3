"""A small browser without script: `idp demo --check` and the journeys' tests walk pages with it.

Standard library only. It keeps cookies as browsers do (by host, not by port; Path, Max-Age,
Expires, Secure, SameSite), follows redirects, and says where a request came from (`Origin`,
`Sec-Fetch-Site`), so that a fault a real browser would meet shows here too. `localhost` and
`*.localhost` are this machine without asking any name server (RFC 6761 section 6.3).
"""

import http.client
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from idp.demo.page import Field, Form, Link, NotOnPageError, Page

__all__ = ["Browser", "BrowserError", "Cookie", "Field", "Form", "Link", "NotOnPageError", "Page"]

MOST_REDIRECTS = 20


class BrowserError(Exception):
    """The page could not be opened: no answer, an address we do not speak, or endless redirects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie as kept. `ends` is a Unix time in seconds, or None: until the browser is closed."""

    name: str
    value: str
    host: str
    path: str
    ends: float | None
    attributes: dict[str, str] = field(default_factory=dict)

    def goes_to(self, url: SplitResult, *, method: str, cross_site: bool) -> bool:
        """Whether it is sent with this request (RFC 6265 section 5.4 and its SameSite draft)."""
        path, same_site = url.path or "/", self.attributes.get("samesite", "none").lower()
        below = self.path if self.path.endswith("/") else self.path + "/"
        return (
            self.host == url.hostname
            and (path == self.path or path.startswith(below))
            and (self.ends is None or self.ends > time.time())
            and ("secure" not in self.attributes or is_trusted(url))
            and not (cross_site and same_site == "strict")
            and not (cross_site and same_site == "lax" and method != "GET")
        )


def is_local(host: str | None) -> bool:
    """Whether the name means this machine by itself."""
    return host is not None and (host == "localhost" or host.endswith(".localhost"))


def is_trusted(url: SplitResult) -> bool:
    """Whether browsers keep `Secure` cookies of this address: https, or this machine by name."""
    return url.scheme == "https" or is_local(url.hostname)


def read_cookie(header: str, url: SplitResult) -> Cookie | None:
    """Read one `Set-Cookie`; None when a browser would refuse it (RFC 6265 section 5.3)."""
    first, *rest = header.split(";")
    name, equals, value = (part.strip() for part in first.partition("="))
    pairs = (part.partition("=") for part in rest)
    given = {key.strip().lower(): found.strip() for key, _, found in pairs}
    host, path = url.hostname or "", given.get("path", "")
    if not path.startswith("/"):
        path = url.path.rpartition("/")[0] or "/"
    # A wider Domain is refused outright: nothing here shares cookies between hosts.
    strange = bool(given.get("domain")) and given["domain"].lstrip(".").lower() != host
    unsafe = "secure" in given and not is_trusted(url)
    prefixed = name.lower().startswith(("__host-", "__secure-")) and "secure" not in given
    if name.lower().startswith("__host-"):
        prefixed |= given.get("path") != "/" or "domain" in given
    if not (name and equals) or strange or unsafe or prefixed:
        return None
    ends: float | None = None
    try:
        if "max-age" in given:
            ends = time.time() + int(given["max-age"]) if int(given["max-age"]) > 0 else 0.0
        elif "expires" in given:
            ends = parsedate_to_datetime(given["expires"]).timestamp()
    except ValueError:
        ends = None  # an attribute that cannot be read is as if it were not there
    return Cookie(name=name, value=value, host=host, path=path, ends=ends, attributes=given)


@dataclass(slots=True)
class Browser:
    """One person's browser. `cookies=False` refuses them all; `history` is every request made."""

    cookies: bool = True
    timeout_seconds: float = 10.0
    follow: bool = True
    jar: dict[tuple[str, str, str], Cookie] = field(default_factory=dict)
    history: list[tuple[str, str, int]] = field(default_factory=list)

    def open(self, url: str) -> Page:
        """Open an address as if typed. Raises `BrowserError` when no page comes back."""
        return self._navigate("GET", url, None, came_from=None)

    def post(self, url: str, pairs: list[tuple[str, str]], *, came_from: str | None = None) -> Page:
        """Send a form that no page here showed, as a page at `came_from` (an address) could."""
        return self._navigate("POST", url, pairs, came_from=came_from)

    def cookie(self, name: str, *, host: str = "localhost") -> str | None:
        """The value of a cookie kept for a host, or None."""
        found = (c for c in self.jar.values() if (c.name, c.host) == (name, host))
        return next((c.value for c in found), None)

    def _navigate(
        self, method: str, url: str, pairs: list[tuple[str, str]] | None, *, came_from: str | None
    ) -> Page:
        """Make the request and follow where it leads. Sites are judged over the whole chain."""
        chain = [came_from] if came_from else []
        steps: list[tuple[str, str, int]] = []
        for _ in range(MOST_REDIRECTS + 1):
            chain.append(url)
            answer, body = self._send(method, url, pairs, chain if came_from else None)
            steps.append((method, url, answer.status))
            self.history.append(steps[-1])
            target = answer.headers.get("Location")
            if not self.follow or target is None or answer.status not in (301, 302, 303, 307, 308):
                return self._page(url, answer, body, steps)
            if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
                method, pairs = "GET", None
            url = urljoin(url, target)
        raise BrowserError(f"more than {MOST_REDIRECTS} redirects: {steps[0][1]} ... {url}")

    def _page(
        self,
        url: str,
        answer: http.client.HTTPResponse,
        body: bytes,
        steps: list[tuple[str, str, int]],
    ) -> Page:
        def go(method: str, target: str, pairs: list[tuple[str, str]] | None) -> Page:
            return self._navigate(method, target, pairs, came_from=url)

        return Page(url, answer.status, answer.headers, body, steps, go)

    def _send(
        self,
        method: str,
        url: str,
        pairs: list[tuple[str, str]] | None,
        chain: list[str] | None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request. `chain` is the page it began at and each address since; None: typed."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise BrowserError(f"only http addresses can be opened here, not {url!r}")
        site = _fetch_site(chain)
        headers = {"Host": parts.netloc, "Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": site}
        headers |= {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        if method == "POST" and chain:
            same = len({_origin(one) for one in chain[:-1]}) == 1
            headers["Origin"] = _origin(chain[0]) if same else "null"
        # Browsers judge SameSite by where the chain began, not by each redirect on the way.
        cross = chain is not None and urlsplit(chain[0]).hostname != parts.hostname
        kept = [c for c in self.jar.values() if c.goes_to(parts, method=method, cross_site=cross)]
        if kept:
            kept.sort(key=lambda one: -len(one.path))
            headers["Cookie"] = "; ".join(f"{one.name}={one.value}" for one in kept)
        body = None if pairs is None else urlencode(pairs).encode()
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer, content = self._exchange(method, parts, body, headers)
        for header in answer.headers.get_all("Set-Cookie", []) if self.cookies else []:
            self._keep(read_cookie(header, parts))
        return answer, content

    def _exchange(
        self, method: str, url: SplitResult, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        address = "127.0.0.1" if is_local(url.hostname) else str(url.hostname)
        line = http.client.HTTPConnection(address, url.port or 80, timeout=self.timeout_seconds)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            line.request(method, target, body=body, headers=headers)
            answer = line.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException) as fault:
            place = f"{url.scheme}://{url.netloc}{url.path}"
            raise BrowserError(f"{method} {place}: no answer ({fault!r})") from fault
        finally:
            line.close()

    def _keep(self, cookie: Cookie | None) -> None:
        """Keep, replace, or (when it has ended already) drop."""
        if cookie is None:
            return
        self.jar.pop((cookie.host, cookie.path, cookie.name), None)
        if cookie.ends is None or cookie.ends > time.time():
            self.jar[cookie.host, cookie.path, cookie.name] = cookie


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _fetch_site(chain: list[str] | None) -> str:
    """`Sec-Fetch-Site` (Fetch Metadata section 2.3). Each host is a site, since `localhost` is
    to browsers what `com` is: library.localhost and tax.localhost are strangers."""
    if chain is None:
        return "none"
    if len({urlsplit(one).hostname for one in chain}) > 1:
        return "cross-site"
    return "same-origin" if len({_origin(one) for one in chain}) == 1 else "same-site"
