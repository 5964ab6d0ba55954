"""Links by which a recipient takes an address off a category of messages.

The database grants a poller what makes them (``pgwhen._unsubscribe_grant``): an address of a page, the subject
``KEY|TENANT|CATEGORY|CHANNEL``, and a key for that subject alone. The token holds the subject and the address, signed
by HMAC-SHA256; ``pgwhen.unsubscribe`` verifies it. Source: RFC 8058 (one-click: a POST to the link), RFC 2369.
"""

import base64
import hmac
from collections.abc import Mapping
from typing import Any


def link(grant: Mapping[str, Any], address: str) -> str:
    """The link for one address; the same each time, so that a message may be rendered again."""
    payload = f"{grant['subject']}|{address}".encode()
    signature = hmac.digest(bytes.fromhex(grant["key"]), payload, "sha256")
    base = str(grant["url"])
    return f"{base}{'&' if '?' in base else '?'}t={_base64url(payload)}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
