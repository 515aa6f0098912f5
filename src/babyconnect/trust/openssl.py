"""Which TLS 1.3 suites and groups a context offers: what Python's `ssl` cannot be told before version 3.15.

NCSC calls two of the three suites of TLS 1.3 good, and OpenSSL offers all three unless it is told otherwise.  There is
no other way to tell it from within: a configuration file of OpenSSL counts for the whole process, and from before it
starts.  So the library's own function is called on the context.  Whether it did what it should is then read back.
"""

from __future__ import annotations

import ctypes
import functools
import ssl
import sys
from collections.abc import Sequence

_SET_GROUPS_LIST = 92
"""SSL_CTRL_SET_GROUPS_LIST (openssl/ssl.h): what the macro SSL_CTX_set1_groups_list stands for."""
NEWEST = (3, 15)


class NotNarrowed(Exception):
    """This interpreter's OpenSSL cannot be told what to offer."""


def narrow(context: ssl.SSLContext, suites: Sequence[str], groups: Sequence[str]) -> None:
    """Offer these TLS 1.3 suites and groups, in this order, and no others.  Raises NotNarrowed."""
    if hasattr(context, "set_ciphersuites") and hasattr(context, "set_groups"):
        context.set_ciphersuites(":".join(suites))
        context.set_groups(":".join(groups))
    else:
        _narrow_below(context, ":".join(suites).encode(), ":".join(groups).encode())
    offered = {one["name"] for one in context.get_ciphers() if one["protocol"] == "TLSv1.3"}
    if offered != set(suites):
        raise NotNarrowed("OpenSSL offers other suites than it was told")


def _narrow_below(context: ssl.SSLContext, suites: bytes, groups: bytes) -> None:
    if sys.implementation.name != "cpython" or sys.version_info >= NEWEST:
        raise NotNarrowed("this Python cannot choose TLS suites")
    library = _library()
    # The first thing a context object holds is OpenSSL's own (Modules/_ssl.c, PySSLContext; since Python 3.2).
    own = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    if library.SSL_CTX_set_ciphersuites(own, suites) != 1:
        raise NotNarrowed("OpenSSL does not know these suites")
    if library.SSL_CTX_ctrl(own, _SET_GROUPS_LIST, 0, groups) != 1:
        raise NotNarrowed("OpenSSL does not know these groups")


@functools.cache
def _library() -> ctypes.CDLL:
    """The OpenSSL that `ssl` itself is linked with: found through the module, never by a name of its own."""
    import _ssl

    try:
        library = ctypes.CDLL(_ssl.__file__ if hasattr(_ssl, "__file__") else None)
        library.SSL_CTX_set_ciphersuites.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
        library.SSL_CTX_set_ciphersuites.restype = ctypes.c_int
        library.SSL_CTX_ctrl.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p)
        library.SSL_CTX_ctrl.restype = ctypes.c_long
    except (OSError, AttributeError) as fault:
        raise NotNarrowed("OpenSSL's own functions cannot be reached") from fault
    return library
