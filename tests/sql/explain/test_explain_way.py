"""Which way an execution took at each of its steps, and why."""

from tests.sql.explain.support import Shop

STEPS = [
    {"id": "rich", "type": "condition", "if": {"total": {"gte": 100}}, "else": [{"id": "off", "type": "stop"}]},
    {
        "id": "stage",
        "type": "switch",
        "value": "{{ job.status }}",
        "cases": {"won": [{"id": "t", "type": "transform", "set": {"a": 1}}]},
    },
    {"id": "again", "type": "switch", "value": "{{ job.title }}", "cases": {"x": []}},
    {"id": "half", "type": "split", "parts": {"a": 1, "b": 0}},
    {"id": "no", "type": "transform", "set": {"a": 1}, "if": {"status": "lost"}},
    {
        "id": "race",
        "type": "parallel",
        "join": "any",
        "cancel_rest": True,
        "branches": [
            [{"id": "wait", "type": "delay", "for": "1 day"}],
            [{"id": "at_once", "type": "transform", "set": {"a": 1}}],
        ],
    },
]


def test_every_branch_that_was_taken_and_why(shop: Shop) -> None:
    shop.apply("w", {"table": "jobs", "row": "created"}, steps=STEPS)
    event = shop.run("insert into jobs (id, status, total) values (1, 'won', 250)")
    execution = shop.workflow(event)["execution"]
    ways = {way["step_id"]: way["text"] for way in execution["ways"]}
    place = ways.pop("half")
    assert place.startswith("went part a: its hash falls at ") and place.endswith(" of 1")
    assert ways == {
        "rich": "held and went then",
        "stage": 'went case won: the value is "won"',
        "again": "went default: the value is missing, for which there is no case",
        "no": "was skipped: if does not hold",
        "wait": "was cancelled: race_join did not wait for it",
        "race_join": "went on without waiting for the rest",
    }
    assert "step stage went case won" in execution["text"]
