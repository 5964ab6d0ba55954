"""How many messages a text is split into on its way to a telephone.

A text whose characters are all in the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1) has 160 units a message, or 153 in
each of several, because the header that joins them takes seven; those of the extension table take two units, which stay
together. One character outside makes all of it UCS-2: 70 units, or 67, and what lies beyond the basic plane (emoji) is
a surrogate pair of two.

Providers count so too, but may replace characters first ("smart encoding"), and some carriers have lower limits: what
the provider says is in the output of the step.
"""

from dataclasses import dataclass

GSM = "GSM-7"
UCS2 = "UCS-2"

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")

#: Units of one message, and of each where there are several.
_SINGLE = {GSM: 160, UCS2: 70}
_JOINED = {GSM: 153, UCS2: 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text becomes: ``encoding`` GSM-7 or UCS-2, its ``units`` and messages (``count``), and the characters
    that keep it from GSM-7 (``foreign``), each once, in their order.
    """

    encoding: str
    units: int
    count: int
    foreign: str


def segments(text: str) -> Segments:
    """Count a text."""
    foreign = "".join(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENSION))
    encoding = UCS2 if foreign else GSM
    if foreign:
        sizes = [2 if character > "\uffff" else 1 for character in text]
    else:
        sizes = [2 if character in _EXTENSION else 1 for character in text]
    units = sum(sizes)
    if units <= _SINGLE[encoding]:
        return Segments(encoding, units, 1, foreign)
    count, left = 0, 0
    for size in sizes:
        if size > left:
            # Neither a pair nor an escaped character is cut in two: a unit may stay empty.
            count, left = count + 1, _JOINED[encoding]
        left -= size
    return Segments(encoding, units, count, foreign)
