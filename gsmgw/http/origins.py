"""The origin of a request: the client behind a trusted proxy, and the network that counts as one client."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network

#: A customer with IPv6 has a /64 and every address in it.
_PREFIX = 64


def networks_of(words: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks as networks. Raises ValueError."""
    return tuple(ip_network(word, strict=False) for word in words)


def network_key(address: str) -> str:
    """Return the key under which an address is counted: itself, for IPv6 its /64. Other text is its own key."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((found, _PREFIX), strict=False))


class Proxies:
    """The proxies that are trusted to name their clients (``[api] trusted_proxies``)."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self.trust(networks)

    def trust(self, networks: Sequence[Network]) -> None:
        """Trust these proxies, and no others, from now on."""
        self._networks = tuple(networks)

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            return any(found.ipv4_mapped in network for network in self._networks)
        return any(found in network for network in self._networks)

    def find_client(self, scope: MutableMapping[str, Any]) -> None:
        """Replace the address of a request that came through a proxy with that of its client.

        Each proxy appends the address that it sees to X-Forwarded-For. So the client is the last address that is not
        a trusted proxy. The client may have invented everything before it.
        """
        client = scope.get("client")
        if not self._networks or client is None or client[0] not in self:
            return
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        address = client[0]
        for word in reversed(",".join(values).split(",")):
            try:
                address = str(ip_address(_bare(word.strip())))
            except ValueError:
                break  # not an address: the last known one counts
            if address not in self:
                break
        scope["client"] = (address, 0)


def _bare(word: str) -> str:
    """Return an address without brackets and port."""
    if word.startswith("["):
        return word[1:].partition("]")[0]
    return word.partition(":")[0] if word.count(":") == 1 else word
