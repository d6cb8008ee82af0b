"""Where webhooks may go: public addresses over https, and what the policy allows besides.

A name is resolved and each of its addresses looked at, every time; the connection then goes to an address that was
looked at, so that a name cannot mean another one a moment later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: Host and port to addresses; raises OSError when there is none.
Resolver = Callable[[str, int], Awaitable[list[str]]]

URL_LIMIT = 2000

#: Services that hand the machine's credentials to whoever asks from it: no policy allows them.
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
            "168.63.129.16",  # a public address, and yet the host's own service
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
#: IPv6 ranges that carry an IPv4 address: how far to shift it out.
_EMBEDDING: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
#: A network's own translation to IPv4 (RFC 8215): where in it the IPv4 address stands, only that network knows.
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")


class TargetRefused(Exception):
    """The policy does not let a webhook go there; the text says why."""


def kind_of(address: Address) -> str:
    """``public``, ``loopback``, ``link-local``, ``private``, or ``never`` for what nobody may be sent to."""
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
    """What ``[webhooks] allow`` or another ``key`` says: ``http``, kinds of address, networks (``192.168.1.0/24``)."""

    def __init__(self, allow: Iterable[str] = (), key: str = "[webhooks] allow") -> None:
        words = set(allow)
        self._key = key
        self.http = "http" in words
        self._kinds = words & set(KINDS)
        self._networks = [ip_network(word) for word in words - set(KINDS) - {"http"}]

    def check_url(self, url: str) -> httpx.URL:
        """The parsed URL; :class:`TargetRefused` when its form, scheme or literal address is not allowed."""
        if len(url) > URL_LIMIT or any(ord(char) <= 32 for char in url):
            raise TargetRefused(f"is no URL of at most {URL_LIMIT} characters without spaces")
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError, ValueError) as exc:
            raise TargetRefused(f"is no URL: {exc}") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise TargetRefused("must begin with https:// and name a host")
        if parsed.scheme == "http" and not self.http:
            raise TargetRefused(f'plain http is not allowed; {self._key} = ["http"] would')
        if parsed.port is not None and not 0 < parsed.port < 65536:
            raise TargetRefused(f"there is no port {parsed.port}")
        if parsed.userinfo:
            raise TargetRefused("must not hold a user name or password: receivers verify the signature")
        if parsed.host.lower().rstrip(".") in _METADATA_NAMES:
            raise TargetRefused(f"{parsed.host} is a metadata service, which is never allowed")
        try:
            literal = ip_address(parsed.host)
        except ValueError:
            return parsed
        self.check_address(str(literal))
        return parsed

    def check_address(self, text: str) -> Address:
        """An address that may be connected to; :class:`TargetRefused` otherwise."""
        address = ip_address(text.partition("%")[0])
        kind = kind_of(address)
        if kind == "never":
            raise TargetRefused(f"{address} is never allowed: it is a metadata service or no host's address")
        allowed = kind == "public" or kind in self._kinds
        if not allowed and not any(address in network for network in self._networks):
            raise TargetRefused(f'{address} is a {kind} address; {self._key} = ["{kind}"] or its network would')
        return address

    async def addresses(self, url: httpx.URL, resolve: Resolver) -> list[str]:
        """The addresses behind a URL, each of them checked; OSError when the name has none."""
        found = await resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        return [str(self.check_address(text)) for text in dict.fromkeys(found)]
