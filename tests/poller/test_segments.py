# ruff: noqa: RUF001
"""How many messages a text becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwhen.poller.segments import GSM, UCS2, Segments, segments

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", GSM, 0, 1),
        ("Hi", GSM, 2, 1),
        ("a" * 160, GSM, 160, 1),
        ("a" * 161, GSM, 161, 2),
        ("a" * 306, GSM, 306, 2),
        ("a" * 307, GSM, 307, 3),
        ("€", GSM, 2, 1),
        ("€" * 80, GSM, 160, 1),
        ("€" * 81, GSM, 162, 2),
        # 152 units and then one of two: it does not fit into what is left of the first message.
        ("a" * 152 + "€" + "a" * 152, GSM, 306, 3),
        ("a" * 151 + "€" + "a" * 153, GSM, 306, 2),
        ("’", UCS2, 1, 1),
        ("é’" * 35, UCS2, 70, 1),
        ("é’" * 35 + "x", UCS2, 71, 2),
        ("ж" * 134, UCS2, 134, 2),
        ("ж" * 135, UCS2, 135, 3),
        ("👋", UCS2, 2, 1),
        ("👋" * 35, UCS2, 70, 1),
        ("👋" * 36, UCS2, 72, 2),
        # 66 units and then a surrogate pair.
        ("ж" * 66 + "👋" + "ж" * 66, UCS2, 134, 3),
        ("שלום", UCS2, 4, 1),
        ("👨‍👩‍👧", UCS2, 8, 1),
        ("`", UCS2, 1, 1),
        ("ç", UCS2, 1, 1),
        ("Ç", GSM, 1, 1),
    ],
)
def test_counts(text: str, encoding: str, units: int, count: int) -> None:
    found = segments(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


def test_the_alphabet_has_its_127_characters_and_escapes() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127  # 128 with the escape itself
    assert segments(BASIC) == Segments(GSM, 127, 1, "")
    assert segments(EXTENSION) == Segments(GSM, 2 * len(EXTENSION), 1, "")


def test_what_keeps_a_text_from_gsm_is_named_once_in_order() -> None:
    assert segments("It’s “here” – it’s 👋").foreign == "’“”–👋"


@given(st.text())
def test_every_unit_has_its_place(text: str) -> None:
    found = segments(text)
    single, joined = (160, 153) if found.encoding == GSM else (70, 67)
    assert (found.encoding == UCS2) == bool(set(text) - set(BASIC) - set(EXTENSION))
    if found.encoding == UCS2:
        assert found.units == len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert (found.count == 1) == (found.units <= single)
    if found.count > 1:
        # At most one unit of each message stays empty.
        assert joined * found.count >= found.units > (joined - 1) * (found.count - 1)


@given(st.text(alphabet=BASIC, max_size=1_000))
def test_without_escapes_it_is_a_division(text: str) -> None:
    expected = 1 if len(text) <= 160 else -(-len(text) // 153)
    assert segments(text) == Segments(GSM, len(text), expected, "")


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_text_is_never_fewer_messages(text: str, more: str) -> None:
    assert segments(text + more).count >= segments(text).count


def test_a_megabyte_is_counted() -> None:
    assert segments("a" * 1_000_000).count == 6_536
