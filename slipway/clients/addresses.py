"""Which addresses a request may go to, and the lookup whose result is checked before connecting."""

import queue
import socket
import threading
from collections.abc import Callable, Collection
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from slipway.errors import InvalidInput, Retryable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], list[str]]  # host, port → addresses, best first

# Prefixes whose last 32 bits are an IPv4 address: RFC 4291 §2.5.5.1 and §2.5.5.2, RFC 6052 §2.1.
_EMBEDDING = tuple(map(ip_network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96")))


def resolve(host: str, port: int) -> list[str]:
    """Addresses of `host` from the system's resolver; OSError when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def allowed(address: Address, networks: Collection[Network]) -> bool:
    """Whether `address` is public, or lies in one of `networks`."""
    inner = _carried(address)
    if any(address in network or inner in network for network in networks):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def checked(
    host: str, port: int, networks: Collection[Network], within: float, lookup: Resolve = resolve
) -> list[Address]:
    """The addresses of `host`, looked up once, all of them allowed.

    Odd notations (decimal, octal, hex) become addresses in the lookup, so the same rule sees them.
    Raises InvalidInput for an address that may not be reached, Retryable when the name is not
    resolved `within` that many seconds.
    """
    addresses = [ip_address(text) for text in _looked_up(host, port, within, lookup)]
    for address in addresses:
        if not allowed(address, networks):
            raise InvalidInput(
                f"{host} has the address {address}, which is not a public one",
                "if it is meant to be reached, add its network to SLIPWAY_PRIVATE_NETWORKS",
            )
    return addresses


def _carried(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where there is one; otherwise `address` itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.sixtofour:
        return address.sixtofour
    if any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _looked_up(host: str, port: int, within: float, lookup: Resolve) -> list[str]:
    """The lookup in a thread of its own: the system's resolver knows no time limit."""
    answer: queue.Queue[list[str] | OSError | UnicodeError] = queue.Queue()

    def ask() -> None:
        try:
            answer.put(lookup(host, port))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            answer.put(error)

    threading.Thread(target=ask, daemon=True).start()
    hint = "check the name, and whether the worker's DNS knows it"
    try:
        found = answer.get(timeout=within)
    except queue.Empty:
        raise Retryable(f"{host} was not resolved within {within:.0f} s", hint) from None
    if isinstance(found, list):
        return found
    raise Retryable(f"{host} cannot be resolved: {found}", hint)
