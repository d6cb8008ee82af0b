"""Allowed webhook targets: public addresses over https, and those that the configuration adds.

A name is resolved and each of its addresses looked at, every time; the connection then goes to an address that was
looked at, so that a name cannot mean another one a moment later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: Resolves host and port to addresses; raises OSError if there is none.
Resolver = Callable[[str, int], Awaitable[list[str]]]

URL_LIMIT = 2000

#: Cloud metadata services, which give the machine's credentials to local programs; never allowed.
METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # most clouds
            "169.254.170.2",  # container credentials
            "169.254.170.23",
            "169.254.0.23",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",  # Google Cloud
            "100.100.100.200",
            "168.63.129.16",  # a public address, but a service of the host
            "192.0.0.192",
        ),
    )
)
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "metadata", "instance-data"})

#: Kinds of address that a policy can allow (RFC 6890 and RFC 1918, 4193, 6598).
KINDS: dict[str, tuple[Network, ...]] = {
    kind: tuple(map(ip_network, networks))
    for kind, networks in {
        "loopback": ("127.0.0.0/8", "::1/128"),
        "link-local": ("169.254.0.0/16", "fe80::/10"),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"),
    }.items()
}
#: IPv6 ranges that embed an IPv4 address, and the number of bits to the right of it.
_EMBEDDING: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
#: Local-use IPv4/IPv6 translation (RFC 8215): the position of the IPv4 address is not known.
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")


class TargetRefused(Exception):
    """The target is not allowed. The message gives the reason."""


def kind_of(address: Address) -> str:
    """Return the kind of an address: ``public``, ``loopback``, ``link-local``, ``private`` or ``never``."""
    if address in METADATA or (isinstance(address, IPv6Address) and address in _LOCAL_NAT64):
        return "never"
    for kind, networks in KINDS.items():
        if any(address in network for network in networks):
            return kind
    if isinstance(address, IPv6Address):
        for network, shift in _EMBEDDING:
            if address in network:
                return kind_of(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return "public" if address.is_global and not address.is_multicast else "never"


class Policy:
    """The value of ``[webhooks] allow`` or another ``key``: ``http``, kinds of address and networks."""

    def __init__(self, allow: Iterable[str] = (), key: str = "[webhooks] allow") -> None:
        words = set(allow)
        self._key = key
        self.http = "http" in words
        self._kinds = words & set(KINDS)
        self._networks = [ip_network(word) for word in words - set(KINDS) - {"http"}]

    def check_url(self, url: str) -> httpx.URL:
        """Return the parsed URL. Raises :class:`TargetRefused` if its syntax, scheme or address is not allowed."""
        import httpx  # when the first URL is checked, for it is large

        if len(url) > URL_LIMIT or any(ord(char) <= 32 for char in url):
            raise TargetRefused(f"is not a valid URL: use at most {URL_LIMIT} characters and no spaces")
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError, ValueError) as exc:
            raise TargetRefused(f"is not a valid URL: {exc}") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise TargetRefused("must begin with https:// and name a host")
        if parsed.scheme == "http" and not self.http:
            raise TargetRefused(f'http:// needs {self._key} = ["http"]')
        if parsed.port is not None and not 0 < parsed.port < 65536:
            raise TargetRefused(f"port {parsed.port} is not valid")
        if parsed.userinfo:
            raise TargetRefused("must not contain a user name or password: receivers verify the signature instead")
        if parsed.host.lower().rstrip(".") in _METADATA_NAMES:
            raise TargetRefused(f"{parsed.host} is a metadata service, which is never allowed")
        try:
            literal = ip_address(parsed.host)
        except ValueError:
            return parsed
        self.check_address(str(literal))
        return parsed

    def check_address(self, text: str) -> Address:
        """Return the address if it is allowed. Raises :class:`TargetRefused`."""
        address = ip_address(text.partition("%")[0])
        kind = kind_of(address)
        if kind == "never":
            raise TargetRefused(f"{address} is never allowed: it is a metadata service or not a host address")
        allowed = kind == "public" or kind in self._kinds
        if not allowed and not any(address in network for network in self._networks):
            raise TargetRefused(f'{address} is a {kind} address: it needs {self._key} = ["{kind}"] or its network')
        return address

    async def addresses(self, url: httpx.URL, resolve: Resolver) -> list[str]:
        """Return the checked addresses of a URL. Raises OSError if the name has none."""
        found = await resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        return [str(self.check_address(text)) for text in dict.fromkeys(found)]
