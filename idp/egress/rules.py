"""Which URLs and which addresses may be called. Pure."""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

URL_MAX_CHARACTERS = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}

# Printable ASCII without the space and the backslash: urlsplit silently drops tabs and line
# ends, and some readers take a backslash for a slash.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")

# The one range that public IPv6 addresses are given out of (RFC 4291 section 2.4).
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address is in the last 32 bits

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Problem(StrEnum):
    """Why a URL may not be called, in words for whoever registered it."""

    SHAPE = "it is not a plain URL of at most 2048 characters"
    SCHEME = "it does not start with https://"
    USERINFO = "it has a user name or password in it"
    HOST = "it has no host name that can be called"
    PORT = "its port is not a number from 1 to 65535"
    FRAGMENT = "it has a fragment (#)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL leads. `private` says that its host was allowed by name, private or not."""

    scheme: str
    host: str
    port: int
    path: str
    private: bool

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_loopback_name(self) -> bool:
        """Whether the name means this machine without being looked up (RFC 6761 section 6.3)."""
        return self.host == "localhost" or self.host.endswith(".localhost")


def read_url(url: str, allowed_private_hosts: Collection[str] = ()) -> Target | Problem:
    """Read a URL that somebody else chose, or say why it may not be called.

    `allowed_private_hosts` are HOST:PORT, in small letters; only they may be called over http.
    """
    if len(url) > URL_MAX_CHARACTERS or not _PLAIN.fullmatch(url):
        return Problem.SHAPE
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in DEFAULT_PORTS:
        return Problem.SCHEME
    try:
        parts = urlsplit(url)
    except ValueError:
        return Problem.HOST
    try:
        port = DEFAULT_PORTS[scheme] if parts.port is None else parts.port
    except ValueError:
        return Problem.PORT
    if "@" in parts.netloc:
        return Problem.USERINFO
    host = (parts.hostname or "").removesuffix(".")
    if not (_is_ipv6(host) if "[" in parts.netloc else _HOST.fullmatch(host)):
        return Problem.HOST
    if not 0 < port < 65536:
        return Problem.PORT
    if "#" in url:
        return Problem.FRAGMENT
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    private = f"{host}:{port}" in allowed_private_hosts
    if scheme == "http" and not private:
        return Problem.SCHEME
    return Target(scheme=scheme, host=host, port=port, path=path, private=private)


def is_public(address: str) -> bool:
    """Say whether an address is one that anybody on the internet could call as well.

    Not public: this machine, private and shared networks, link-local (where clouds keep their
    credentials), multicast, reserved and documentation ranges, and whatever carries such an
    IPv4 address inside an IPv6 one.
    """
    try:
        parsed: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
        if parsed not in _GLOBAL_UNICAST or parsed.sixtofour or parsed.teredo:
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _is_ipv6(host: str) -> bool:
    try:
        return "%" not in host and isinstance(ipaddress.ip_address(host), ipaddress.IPv6Address)
    except ValueError:
        return False
