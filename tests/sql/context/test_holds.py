"""Every operator, type and form of a condition; `left` and `right` are JSON texts, so that numbers stay as written."""

import json
from typing import Any

import psycopg
import pytest

Db = psycopg.Connection[Any]
NOW = "2026-03-29T01:30:00+00:00"
MISSING = None


def leaf(op: str, type_: str | None, right: str | None, left: str = '["job", "x"]') -> str:
    """A compiled leaf; `right` is JSON for a literal."""
    operand = "" if right is None else f', "right": {{"literal": {right}}}'
    kind = "null" if type_ is None else f'"{type_}"'
    return f'{{"op": "{op}", "left": {left}, "type": {kind}{operand}, "source": "x"}}'


def context(left: str | None) -> str:
    record = "{}" if left is None else f'{{"x": {left}}}'
    return f'{{"v": 1, "now": "{NOW}", "job": {record}}}'


def judge(db: Db, pairs: list[tuple[str, str]]) -> list[bool | None]:
    """What _holds says of each (condition, context)."""
    rows = db.execute(
        """
        select pgwhen._holds(p.condition, p.context)
        from unnest(%s::jsonb[], %s::jsonb[]) with ordinality p (condition, context, n)
        order by p.n
        """,
        [[condition for condition, _ in pairs], [context for _, context in pairs]],
    ).fetchall()
    return [row[0] for row in rows]


Case = tuple[str | None, str | None, bool | None]


def check(db: Db, op: str, type_: str | None, cases: list[Case]) -> None:
    """Each case is (left, right, expected)."""
    found = judge(db, [(leaf(op, type_, right), context(left)) for left, right, _ in cases])
    wrong = [(case, result) for case, result in zip(cases, found, strict=True) if case[2] is not result]
    assert wrong == []


EQUAL: dict[str | None, list[Case]] = {
    "text": [
        ('"completed"', '"completed"', True),
        ('"completed"', '"Completed"', False),
        ('"completed "', '"completed"', False),
        ('""', '""', True),
        ('"Zoë 🚀"', '"Zoë 🚀"', True),
        ('"e\\u0301"', '"\\u00e9"', False),
        ("5", '"5"', True),
        ("10.20", '"10.20"', True),
        ("true", '"true"', True),
        ("null", '"null"', None),
        (MISSING, '"x"', None),
        ('["x"]', '"x"', None),
        ('{"a": 1}', '"x"', None),
        ('"x"', '["x"]', None),
    ],
    "bpchar": [('"ab   "', '"ab"', True), ('"ab"', '"ab "', True), ('" ab"', '"ab"', False)],
    "numeric": [
        ("10.20", "10.2", True),
        ('"10.20"', "10.2", True),
        ("10.20", '" 10.2 "', True),
        ("9223372036854775808", "9223372036854775808", True),
        ("9223372036854775808", "9223372036854775807", False),
        ("9007199254740993", "9007199254740992", False),
        ("0.1", "0.10000000000000001", False),
        ("1e400", '"1e400"', True),
        ("1e400", '"1e10000"', None),
        ('"1e200000"', "1", None),
        ('"NaN"', '"NaN"', True),
        ('"Infinity"', "1", False),
        ('"abc"', "1", None),
        ('"0x1F"', "31", None),
        ('"1_000"', "1000", None),
        ('""', "0", None),
        ("true", "1", None),
        ("null", "0", None),
        ("[1]", "1", None),
        ("-0", "0", True),
    ],
    "boolean": [
        ("true", "true", True),
        ("false", "true", False),
        ('"t"', "true", True),
        ('"False"', "false", True),
        ("1", "true", None),
        ('"maybe"', "true", None),
        ("null", "false", None),
    ],
    "timestamptz": [
        ('"2026-01-05T10:00:00+02:00"', '"2026-01-05T08:00:00Z"', True),
        ('"2026-01-05 08:00"', '"2026-01-05T08:00:00+00:00"', True),
        ('"2026-01-05T08:00:00.000001+00:00"', '"2026-01-05T08:00:00Z"', False),
        ('"2026-01-05"', '"2026-01-05T00:00:00Z"', True),
        ('"2026-02-29"', '"2026-03-01"', None),
        ('"2024-02-29"', '"2024-02-29T00:00:00Z"', True),
        ('"1900-02-29"', '"1900-03-01"', None),
        ('"2000-02-29"', '"2000-02-29"', True),
        ('"2026-04-31"', '"2026-05-01"', None),
        ('"2026-13-01"', '"2026-12-01"', None),
        ('"2026-01-05T25:00:00Z"', '"2026-01-05"', None),
        ('"0000-01-01"', '"2026-01-05"', None),
        ('"infinity"', '"infinity"', True),
        ('"infinity"', '"2026-01-05"', False),
        ('"0044-03-15T00:00:00+00:00 BC"', '"0044-03-15 BC"', True),
        ('"10000-01-01T00:00:00+00:00"', '"10000-01-01"', True),
        ('"294276-12-31"', '"2026-01-01"', None),
        ('"tomorrow"', '"2026-01-05"', None),
        ('"now"', '"2026-01-05"', None),
        ("1767571200", '"2026-01-05"', None),
        # The hour that does not exist and the one that exists twice, in Amsterdam.
        ('"2026-03-29T02:30:00+01:00"', '"2026-03-29T03:30:00+02:00"', True),
        ('"2026-10-25T02:30:00+02:00"', '"2026-10-25T02:30:00+01:00"', False),
    ],
    "timestamp": [
        ('"2026-01-05T10:00:00"', '"2026-01-05 10:00"', True),
        ('"2026-01-05T10:00:00"', '"2026-01-05"', False),
    ],
    "date": [('"2026-01-05"', '"2026-01-05"', True), ('"2026-01-05"', '"2026-01-05T10:00:00Z"', False)],
    "time": [
        ('"10:00:00"', '"10:00"', True),
        ('"10:00:00.5"', '"10:00"', False),
        ('"25:00"', '"10:00"', None),
        ('"24:00"', '"24:00:00"', True),
    ],
    "interval": [
        ('"P1DT2H"', '"26 hours"', True),
        ('"1 day 02:00:00"', '"1 day 2 hours"', True),
        ('"1 mon"', '"30 days"', True),
        ('"soon"', '"1 day"', None),
    ],
    "uuid": [
        ('"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', True),
        ('"a0eebc999c0b4ef8bb6d6bb9bd380a11"', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', True),
        ('"a0eebc99"', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', None),
    ],
    "jsonb": [
        ('{"a": 1.0, "b": [2]}', '{"b": [2], "a": 1}', True),
        ("[1, 2]", "[2, 1]", False),
        ("[1, 2]", "[1, 2.0]", True),
        ('"x"', '"x"', True),
        ("5", '"5"', None),
        ("null", "{}", None),
    ],
    "array": [('["a", "b"]', '["a", "b"]', True), ('["a"]', '["a", "b"]', False)],
    # Without a type the operand's JSON type decides.
    None: [
        ("10.20", "10.2", True),
        ('"10.20"', "10.2", True),
        ('"a"', '"a"', True),
        ("true", "true", True),
        ("[1]", "[1]", True),
    ],
}


@pytest.mark.parametrize("type_", EQUAL, ids=str)
def test_eq_and_ne_compare_as_the_type(db: Db, type_: str | None) -> None:
    check(db, "eq", type_, EQUAL[type_])
    check(db, "ne", type_, [(left, right, None if is_so is None else not is_so) for left, right, is_so in EQUAL[type_]])


def test_eq_with_a_written_null_asks_whether_the_value_is_missing(db: Db) -> None:
    for type_ in ("text", "numeric", "jsonb", None):
        check(db, "eq", type_, [(MISSING, "null", True), ("null", "null", True), ('"x"', "null", False)])
        check(db, "ne", type_, [(MISSING, "null", False), ("null", "null", False), ('"x"', "null", True)])


ORDER = {  # each list ascends
    "text": ['""', '"10"', '"9"', '"A"', '"Z"', '"a"', '"z"', '"é"', '"🚀"'],
    "numeric": ['"-Infinity"', "-1", "0", "9.99", "10", "10.2", "9223372036854775808", "1e400", '"Infinity"', '"NaN"'],
    "timestamptz": [
        '"-infinity"',
        '"0044-03-15 BC"',
        '"1999-12-31"',
        '"2026-01-05T01:00:00+02:00"',
        '"2026-01-05"',
        '"infinity"',
    ],
    "timestamp": ['"2026-01-05T09:00:00"', '"2026-01-05T10:00:00.1"'],
    "date": ['"2026-01-05"', '"2026-01-06"', '"2026-10-01"'],
    "time": ['"00:00"', '"09:00"', '"09:00:01"', '"23:59"'],
    "interval": ['"-1 day"', '"90 minutes"', '"1 day"', '"1 month"', '"1 year"'],
    "boolean": ["false", "true"],
    "uuid": ['"0fffffff-9c0b-4ef8-bb6d-6bb9bd380a11"', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'],
}


@pytest.mark.parametrize("type_", ORDER)
def test_gt_gte_lt_lte_follow_the_order_of_the_type(db: Db, type_: str) -> None:
    values = list(enumerate(ORDER[type_]))
    pairs = [(i, left, j, right) for i, left in values for j, right in values]
    check(db, "gt", type_, [(left, right, i > j) for i, left, j, right in pairs])
    check(db, "gte", type_, [(left, right, i >= j) for i, left, j, right in pairs])
    check(db, "lt", type_, [(left, right, i < j) for i, left, j, right in pairs])
    check(db, "lte", type_, [(left, right, i <= j) for i, left, j, right in pairs])
    for op in ("gt", "gte", "lt", "lte"):
        check(
            db,
            op,
            type_,
            [(MISSING, ORDER[type_][0], None), ("null", ORDER[type_][0], None), ("{}", ORDER[type_][0], None)],
        )


def test_text_is_ordered_the_same_whatever_the_collation_of_the_database(db: Db) -> None:
    query = "select pgwhen._compare(to_jsonb(%s::text), to_jsonb(%s::text), 'text') < 0"
    assert [db.execute(query, pair).fetchone() for pair in (("B", "a"), ("a-b", "ab"))] == [(True,), (True,)]


def test_in_and_not_in(db: Db) -> None:
    cases: list[Case] = [
        ('"a"', '["a", "b"]', True),
        ('"c"', '["a", "b"]', False),
        ('"a"', "[]", False),
        ('"a"', '"a"', True),
        (MISSING, '["a"]', None),
        ("null", '["a"]', None),
        # A null in the list is a missing value, and does not make the rest unknown as it would in SQL.
        (MISSING, '["a", null]', True),
        ('"c"', '["a", null]', False),
        ('{"a": 1}', '["a"]', None),
    ]
    check(db, "in", "text", cases)
    check(db, "not_in", "text", [(left, right, None if is_so is None else not is_so) for left, right, is_so in cases])
    check(db, "in", "numeric", [("10.20", '[1, "10.2"]', True), ("5", '["abc", 5]', True), ("5", '["abc", 6]', None)])
    check(db, "not_in", "numeric", [("5", '["abc", 6]', None), ("5", "[6, 7]", True)])
    check(
        db, "in", "uuid", [('"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"', '["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]', True)]
    )
    check(db, "in", "date", [('"2026-01-05"', '["2026-01-05T00:00:00Z"]', True)])


def test_in_takes_a_list_of_values_and_a_list_that_is_one_value(db: Db) -> None:
    in_ = '{"op": "in", "left": ["job", "x"], "type": "text", "right": %s}'
    listed = in_ % '{"list": [{"literal": "a"}, {"path": ["job", "y"]}]}'
    path = in_ % '{"path": ["job", "y"]}'
    assert judge(
        db,
        [
            (listed, '{"job": {"x": "b", "y": "b"}}'),
            (listed, '{"job": {"x": "c", "y": "b"}}'),
            (listed, '{"job": {"x": "c"}}'),
            (path, '{"job": {"x": "b", "y": ["a", "b"]}}'),
            (path, '{"job": {"x": "b"}}'),
        ],
    ) == [True, False, False, True, None]


def test_contains(db: Db) -> None:
    check(
        db,
        "contains",
        "text",
        [
            ('"boiler repair"', '"repair"', True),
            ('"boiler"', '"Boiler"', False),
            ('"100%"', '"%"', True),
            ('"a_b"', '"%"', False),
            ('"x"', '""', True),
            ("12345", '"234"', True),
            ('"Zoë"', '"ë"', True),
            (MISSING, '"x"', None),
            ('"x"', "null", None),
        ],
    )
    check(
        db,
        "contains",
        "array",
        [
            ('["vip", "new"]', '"vip"', True),
            ('["vip", "new"]', '"vi"', False),
            ('["vip", "new"]', '["new", "vip"]', True),
            ("[10.20]", "10.2", True),
            ("[5]", '"5"', False),
            ("[]", '"vip"', False),
            ("null", '"vip"', None),
            ("[[1]]", "[[1]]", True),
        ],
    )
    check(
        db,
        "contains",
        "jsonb",
        [('{"a": {"b": 1}, "c": 2}', '{"a": {"b": 1.0}}', True), ('{"a": 1}', '{"a": 2}', False)],
    )


def test_starts_with_and_ends_with(db: Db) -> None:
    check(
        db,
        "starts_with",
        "text",
        [('"+31612"', '"+31"', True), ('"0031"', '"+31"', False), ("112", '"11"', True), (MISSING, '"x"', None)],
    )
    check(
        db,
        "starts_with",
        "text",
        [('"x"', '""', True), ('"x"', "null", None), ('"%x"', '"%"', True), ('"ax"', '"_"', False)],
    )
    check(
        db,
        "ends_with",
        "text",
        [('"a.pdf"', '".pdf"', True), ('"a.pdf"', '"a.pdf2"', False), ('"Zoë"', '"ë"', True), ('"x"', '""', True)],
    )
    check(db, "ends_with", "text", [(MISSING, '"x"', None), ('["x"]', '"x"', None)])


def test_matches(db: Db) -> None:
    check(
        db,
        "matches",
        "text",
        [
            ('"+31612345678"', '"^\\\\+31[0-9]{9}$"', True),
            ('"abc"', '"B"', False),
            ('"abc"', '"(?i)B"', True),
            ('"abc"', '"("', None),
            ('"abc"', '"a{99999}"', None),
            (MISSING, '"a"', None),
            ('"abc"', "null", None),
            (json.dumps("a" * 100_001), '"a"', None),
            ('"a"', json.dumps("a" * 1001), None),
        ],
    )


def test_an_invalid_regular_expression_leaves_the_transaction_usable(db: Db) -> None:
    with db.transaction():
        assert judge(db, [(leaf("matches", "text", '"[z"'), context('"x"'))]) == [None]
        assert judge(db, [(leaf("eq", "text", '"x"'), context('"x"'))]) == [True]


def test_is_empty_is_never_unknown(db: Db) -> None:
    lefts: list[tuple[str | None, bool]] = [
        (MISSING, True),
        ("null", True),
        ('""', True),
        ("[]", True),
        ("{}", True),
        ('" "', False),
        ("0", False),
        ("false", False),
        ("[null]", False),
    ]
    check(db, "is_empty", "text", [(left, "true", is_so) for left, is_so in lefts])
    check(db, "is_empty", "text", [(left, "false", not is_so) for left, is_so in lefts])
    check(db, "is_empty", None, [(left, None, is_so) for left, is_so in lefts])
    check(db, "is_not_empty", "jsonb", [(left, "true", not is_so) for left, is_so in lefts])
    check(db, "is_not_empty", "jsonb", [(left, "false", is_so) for left, is_so in lefts])


def test_before_and_after_compare_times(db: Db) -> None:
    cases: list[Case] = [
        ('"2026-03-29T01:29:59+00:00"', '"2026-03-29T01:30:00Z"', True),
        ('"2026-03-29T01:30:00+00:00"', '"2026-03-29T01:30:00Z"', False),
        ('"2026-03-28"', '"2026-03-29T00:00:00+02:00"', True),
        ("null", '"2026-03-29"', None),
        ('"soon"', '"2026-03-29"', None),
    ]
    for type_ in ("timestamptz", "date", "text", None):
        check(db, "before", type_, cases)
    check(
        db,
        "after",
        "timestamptz",
        [('"2026-03-29T01:30:01Z"', '"2026-03-29T01:30:00Z"', True), ('"2026-03-29"', '"2026-03-29"', False)],
    )
    check(db, "before", "time", [('"09:00"', '"17:00"', True), ('"17:00"', '"09:00"', False)])


def test_before_takes_a_time_relative_to_now(db: Db) -> None:
    def before(now: str) -> str:
        return f'{{"op": "before", "left": ["job", "x"], "type": "timestamptz", "right": {{"now": "{now}"}}}}'

    assert judge(
        db,
        [
            (before("2 hours"), context('"2026-03-29T03:29:00Z"')),
            (before("2 hours"), context('"2026-03-29T03:30:00Z"')),
            (before(""), context('"2026-03-29T01:29:59Z"')),
            (before("-1 day"), context('"2026-03-28T01:00:00Z"')),
            (before("-1 day"), context('"2026-03-28T02:00:00Z"')),
        ],
    ) == [True, False, True, True, False]


def test_within_counts_both_ways_from_now(db: Db) -> None:
    check(
        db,
        "within",
        "timestamptz",
        [
            ('"2026-03-31T01:30:00Z"', '"2 days"', True),
            ('"2026-03-31T01:30:01Z"', '"2 days"', False),
            ('"2026-03-27T01:30:00Z"', '"2 days"', True),
            ('"2026-03-27T01:29:59Z"', '"2 days"', False),
            ('"2026-03-30"', '"2d"', True),
            (MISSING, '"2 days"', None),
            ('"2026-03-30"', '"soon"', None),
            ('"2026-03-30"', "2", None),
        ],
    )


def test_older_than(db: Db) -> None:
    check(
        db,
        "older_than",
        "timestamptz",
        [
            ('"2026-03-26T01:29:59Z"', '"3 days"', True),
            ('"2026-03-26T01:30:00Z"', '"3 days"', False),
            ('"2026-02-28T01:00:00Z"', '"1 month"', True),
            ('"2026-02-28T02:00:00Z"', '"1 month"', False),
            ('"2027-01-01"', '"3 days"', False),
            ('"-infinity"', '"3 days"', True),
            ("null", '"3 days"', None),
            ('"2026-03-26"', '"x"', None),
        ],
    )


def test_durations_do_not_depend_on_the_session_s_time_zone(db: Db) -> None:
    # In Amsterdam the day from 28 to 29 March 2026 has 23 hours.
    case = (
        leaf("older_than", "timestamptz", '"1 day"'),
        '{"now": "2026-03-29T12:00:00+00:00", "job": {"x": "2026-03-28T12:30:00+00:00"}}',
    )
    for zone in ("UTC", "Europe/Amsterdam", "Pacific/Kiritimati"):
        db.execute("select set_config('timezone', %s, false)", [zone])
        assert judge(db, [case, (leaf("eq", "timestamptz", '"2026-01-05T00:00:00Z"'), context('"2026-01-05"'))]) == [
            False,
            True,
        ]
    db.execute("set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'")
    assert judge(db, [case, (leaf("before", "timestamptz", '"2026-05-01"'), context('"2026-04-12"'))]) == [False, True]


def test_now_is_the_clock_where_the_context_has_none(db: Db) -> None:
    assert judge(db, [(leaf("within", "date", '"1 day"', '["due"]'), '{"due": "2001-01-01"}')]) == [False]
    db.execute(
        "update pgwhen.settings set value = 'true' where name = 'test_mode'; set pgwhen.now = '2001-01-01T12:00:00Z'"
    )
    assert judge(db, [(leaf("within", "date", '"1 day"', '["due"]'), '{"due": "2001-01-01"}')]) == [True]


ROWS = '{"new": {"status": "done", "n": 10.20, "gone": null}, "old": {"status": "new", "n": 10.2, "gone": 1}}'
INSERTED = '{"new": {"status": "done", "n": null}}'
DELETED = '{"old": {"status": "done"}}'


def test_changed(db: Db) -> None:
    def changed(column: str, right: str | None = "true") -> str:
        return leaf("changed", "text", right, f'["new", "{column}"]')

    assert judge(
        db,
        [
            (changed("status"), ROWS),
            (changed("n"), ROWS),
            (changed("gone"), ROWS),
            (changed("absent"), ROWS),
            (changed("status", "false"), ROWS),
            (changed("n", "false"), ROWS),
            (changed("status", None), ROWS),
            (changed("status"), INSERTED),
            (changed("status"), DELETED),
        ],
    ) == [True, False, True, False, False, True, True, False, False]


def test_changed_to_and_changed_from(db: Db) -> None:
    def test(op: str, column: str, right: str, type_: str = "text") -> str:
        return leaf(op, type_, right, f'["new", "{column}"]')

    assert judge(
        db,
        [
            (test("changed_to", "status", '"done"'), ROWS),
            (test("changed_to", "status", '"new"'), ROWS),
            (test("changed_from", "status", '"new"'), ROWS),
            (test("changed_from", "status", '"done"'), ROWS),
            (test("changed_to", "n", "10.2", "numeric"), ROWS),
            (test("changed_to", "gone", "null", "numeric"), ROWS),
            (test("changed_from", "gone", "1", "numeric"), ROWS),
            (test("changed_to", "status", '"done"'), INSERTED),
            (test("changed_from", "status", '"done"'), DELETED),
        ],
    ) == [True, False, True, False, False, True, True, False, False]


def test_jsonpath(db: Db) -> None:
    def path(text: str) -> str:
        return json.dumps({"op": "jsonpath", "path": text, "source": text})

    items = """{"now": "2026-03-29T01:30:00+00:00",
      "job": {"total": 5, "due": "2026-03-29", "items": [{"n": 1}, {"n": 7}], "name": null}}"""
    cases = {
        "$.job.total > 4": True,
        "$.job.total > 5": False,
        "$.job.items[*].n > 5": True,
        '$.job.total == "5"': None,
        "$.job.absent == 1": False,
        "$.job.absent > 1": False,
        "$.job.name == null": True,
        "exists($.job.items[*] ? (@.n == 7))": True,
        "$.job.total": None,
        "$.job.items[*].n": None,
        '$.job.due.datetime() < "2026-03-29T00:00:01+00:00".datetime()': True,
        '$.job.due.datetime() == "2026-03-29T00:00:00+00:00".datetime()': True,
        "$.job.total.datetime() > $.job.due.datetime()": None,
    }
    for zone in ("UTC", "America/New_York"):
        db.execute("select set_config('timezone', %s, false)", [zone])
        assert dict(zip(cases, judge(db, [(path(text), items) for text in cases]), strict=True)) == cases


def test_all_any_and_not_are_three_valued(db: Db) -> None:
    leaves = {
        True: leaf("eq", "text", '"a"'),
        False: leaf("eq", "text", '"b"'),
        None: leaf("eq", "text", '"a"', '["job", "y"]'),
    }
    for left, left_leaf in leaves.items():
        assert judge(db, [(f'{{"op": "not", "of": {left_leaf}}}', context('"a"'))]) == [
            None if left is None else not left
        ]
        for right, right_leaf in leaves.items():
            both, either = judge(
                db,
                [
                    (f'{{"op": "all", "of": [{left_leaf}, {right_leaf}]}}', context('"a"')),
                    (f'{{"op": "any", "of": [{left_leaf}, {right_leaf}]}}', context('"a"')),
                ],
            )
            assert both is (False if False in (left, right) else None if None in (left, right) else True)
            assert either is (True if True in (left, right) else None if None in (left, right) else False)
    assert judge(db, [('{"op": "all", "of": []}', "{}"), ('{"op": "any", "of": []}', "{}")]) == [True, False]


def test_no_condition_holds(db: Db) -> None:
    assert judge(db, [("null", "{}")]) == [True]
    assert db.execute("select pgwhen._holds(null, '{}')").fetchone() == (True,)


def test_paths_of_any_length_and_into_lists(db: Db) -> None:
    deep = """{"a": {"b": {"c": {"d": {"e": "x"}}}}, "list": [{"n": ["x"]}], "": {"weird \\"name\\"": "x"},
      "x": "x", "0": {"1": "x"}}"""
    paths = [
        '["x"]',
        '["a", "b", "c", "d", "e"]',
        '["list", "0", "n", "0"]',
        '["list", "-1", "n"]',
        '["", "weird \\"name\\""]',
        '["0", "1"]',
    ]
    expected = [True, True, True, None, True, True]
    assert judge(db, [(leaf("eq", "text", '"x"', path), deep) for path in paths]) == expected
    assert judge(db, [(leaf("eq", "text", '"x"', '["list", "0", "n", "1"]'), deep)]) == [None]


def test_operands_are_values(db: Db) -> None:
    condition = '{"op": "gt", "left": ["job", "x"], "type": "numeric", "right": {"path": ["job", "budget"]}}'
    default = (
        '{"op": "gt", "left": ["job", "x"], "type": "numeric", "right": {"path": ["job", "budget"], "default": 1}}'
    )
    equal = '{"op": "eq", "left": ["job", "x"], "type": "text", "right": {"path": ["job", "budget"]}}'
    assert judge(
        db,
        [
            (condition, '{"job": {"x": 5, "budget": 4.99}}'),
            (condition, '{"job": {"x": 5, "budget": null}}'),
            (default, '{"job": {"x": 5, "budget": null}}'),
            # A null out of a path is unknown, even where both are.
            (equal, '{"job": {"x": null, "budget": null}}'),
        ],
    ) == [True, None, True, None]


def test_nesting_is_bounded(db: Db) -> None:
    def nest(depth: int) -> str:
        condition = leaf("eq", "text", '"a"')
        for _ in range(depth):
            condition = f'{{"op": "not", "of": {condition}}}'
        return condition

    assert judge(db, [(nest(32), context('"a"'))]) == [True]
    with pytest.raises(psycopg.Error, match="nested more than 32 deep") as error:
        judge(db, [(nest(33), context('"a"'))])
    assert error.value.sqlstate == "WF131"


def test_an_operator_of_a_later_version_is_refused(db: Db) -> None:
    with pytest.raises(psycopg.Error, match="does not know the operator resembles") as error:
        judge(db, [(leaf("resembles", "text", '"a"'), context('"a"'))])
    assert error.value.sqlstate == "WF132"


TYPES = "text bpchar numeric boolean timestamptz timestamp date time interval uuid jsonb array"
OPERATORS = "eq lt in contains starts_with ends_with matches is_empty before within older_than"
GARBAGE = """
null true 0 -1e-300 1e300 [] {} [[]] "" "\\u00a0" "-" "." "+" "1e" "e5" "1e99999" "--1" "T" "1:99"
"999999:59:59.999999" "24:00:01" "2026-01-01T" "2026-01-01T10" "2026-02-30T10:00:00+00:00" "2026-01-01T10:00:00+99:00"
"2026-01-01T10:00:0.+00:00" "2026-1-1" "2026-01-01T10:00:00.+00:00" "9999999-01-01" "294275-12-31T23:59:59-14:59"
"4712-01-01_BC" "4713-01-01_BC" "2026-01-01_10:00:60" "99999999_years" "99999_weeks" "1_day_1_day" "P" "PT"
"P1Y2M3DT4H5M6.5S" "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}" "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g"
"0001-01-01T00:00:00+14:59" "\\u0661\\u0662" "2026-01-\\u0660\\u0661"
"""


def test_garbage_never_raises(db: Db) -> None:
    values = [text.replace("_", " ") for text in GARBAGE.split()] + [f'"{"9" * 1001}"', f'"{"9" * 999}"']
    types = TYPES.split()
    operators = OPERATORS.split()
    pairs = [
        (leaf(op, type_, right), context(left))
        for op in operators
        for type_ in types
        for left in values
        for right in values[::9]
    ]
    assert len(judge(db, pairs)) == len(pairs)
