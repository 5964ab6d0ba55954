"""Everything that is wrong with a definition, at once, each with its place; and never an exception."""

import json
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Connect
from tests.sql.language.support import errors, problems, sms, workflow, yaml
from tests.sql.language.test_normalise_definition import SEED

Connection = psycopg.Connection[Any]


def test_a_right_definition_has_no_problems(lang: Connection) -> None:
    assert errors(lang, None) == [("WF002", "")]
    assert lang.execute("select code from pgwhen.validate_definition(null)").fetchall() == [("WF002",)]
    assert errors(lang, {}) == [("WF005", "")] * 3
    assert problems(lang, workflow()) == []
    assert problems(lang, SEED) == []


# ---------------------------------------------------------------- keys and kinds

TOP = [
    ("[]", "WF002", ""),
    ("3", "WF002", ""),
    ("{when: {manual: true}, steps: [{id: a, type: stop}]}", "WF005", ""),
    ("{workflow: w, when: {manual: true}}", "WF005", ""),
    ("{workflow: w, steps: [{id: a, type: stop}]}", "WF005", ""),
    ("{workflow: w, when: [], steps: [{id: a, type: stop}]}", "WF002", "when"),
    ("{workflow: w, when: 5, steps: [{id: a, type: stop}]}", "WF002", "when"),
    ("{workflow: w, when: {manual: true}, steps: []}", "WF002", "steps"),
    ("{workflow: w, when: {manual: true}, steps: {}}", "WF002", "steps"),
    ("{workflow: w, when: {manual: true}, steps: [5]}", "WF002", "steps[0]"),
    ("{workflow: [w], when: {manual: true}, steps: [{id: a, type: stop}]}", "WF006", "workflow"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], stpes: []}", "WF003", "stpes"),
    (
        "{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], nodes: [{id: a, type: stop}]}",
        "WF014",
        "nodes",
    ),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], edges: []}", "WF014", "edges"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], priority: urgent}", "WF012", "priority"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], on_error: [x]}", "WF002", "on_error"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], tags: x}", "WF002", "tags"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], tags: [5]}", "WF002", "tags[0]"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], vars: []}", "WF002", "vars"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], timeout: soon}", "WF011", "timeout"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], timeout: -3 s}", "WF011", "timeout"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], timezone: Mars/Base}", "WF012", "timezone"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], timezone: EST5EDT4}", "WF012", "timezone"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], retry: 3}", "WF002", "retry"),
    (
        "{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], retry: {attempts: 0}}",
        "WF002",
        "retry.attempts",
    ),
    (
        "{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], retry: {within: 24 hours}}",
        "WF012",
        "retry.within",
    ),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], retry: {factor: 11}}", "WF002", "retry.factor"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], retry: {tries: 2}}", "WF003", "retry.tries"),
    (
        "{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], inputs: {a: {type: txt}}}",
        "WF012",
        "inputs.a.type",
    ),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], inputs: {a: text}}", "WF002", "inputs.a"),
    ("{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], inputs: {1a: {}}}", "WF006", "inputs.1a"),
    (
        "{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], inputs: {a: {type: integer, default: 1.5}}}",
        "WF021",
        "inputs.a.default",
    ),
    (
        "{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], tests: [{expect: 5}]}",
        "WF002",
        "tests[0].expect",
    ),
    (
        "{workflow: w, when: {manual: true}, steps: [{id: a, type: stop}], tests: [{given: {tabel: x}, expect: {}}]}",
        "WF003",
        "tests[0].given.tabel",
    ),
    ("{name: x, trigger_type: job_eaten, steps: [{id: a, type: stop}]}", "WF014", "trigger_type"),
]


@pytest.mark.parametrize(("text", "code", "path"), TOP)
def test_top_level(lang: Connection, text: str, code: str, path: str) -> None:
    assert errors(lang, yaml(text)) == [(code, path)]


@pytest.mark.parametrize(
    "key",
    [
        "enrol",
        "concurrency",
        "rate",
        "throttle",
        "debounce",
        "batch",
    ],
)
def test_later_keys_are_refused_by_name(lang: Connection, key: str) -> None:
    found = problems(lang, workflow(**{key: {"x": 1}}))
    assert [(row[1], row[2], row[3]) for row in found] == [("WF004", key, f"{key} is not yet supported")]


STEPS = [
    ("{id: a}", "WF005", "steps[0]"),
    ("{type: sms, to: x, text: x}", "WF005", "steps[0]"),
    ("{id: a, type: emial}", "WF013", "steps[0].type"),
    ("{id: a, type: 5}", "WF013", "steps[0].type"),
    ("{id: a, type: null}", "WF013", "steps[0].type"),
    ("{id: [a], type: stop}", "WF006", "steps[0].id"),
    ("{id: a, type: sms, text: x}", "WF005", "steps[0]"),
    ("{id: a, type: sms, to: x, text: x, recipient: y}", "WF003", "steps[0].recipient"),
    ("{id: a, type: sms, to: '', text: x}", "WF002", "steps[0].to"),
    ("{id: a, type: sms, to: [a, b], text: x}", "WF002", "steps[0].to"),
    ("{id: a, type: sms, to: x}", "WF005", "steps[0]"),
    ("{id: a, type: email, to: x, subject: x}", "WF005", "steps[0]"),
    ("{id: a, type: email, to: x, text: x}", "WF005", "steps[0]"),
    ("{id: a, type: email, to: [], subject: x, text: x}", "WF002", "steps[0].to"),
    ("{id: a, type: email, to: [x, 5], subject: x, text: x}", "WF002", "steps[0].to[1]"),
    ("{id: a, type: email, to: x, subject: x, text: x, markdown: x}", "WF014", "steps[0].markdown"),
    ("{id: a, type: email, to: x, subject: x, text: x, attachments: []}", "WF002", "steps[0].attachments"),
    ("{id: a, type: email, to: x, subject: x, text: x, attachments: [{}]}", "WF014", "steps[0].attachments[0]"),
    ("{id: a, type: email, to: x, subject: x, text: x, attachments: [{text: x}]}", "WF005", "steps[0].attachments[0]"),
    ("{id: a, type: push, title: x}", "WF014", "steps[0]"),
    ("{id: a, type: push, to: x}", "WF005", "steps[0]"),
    ("{id: a, type: push, to: x, topic: y, title: x}", "WF014", "steps[0]"),
    ("{id: a, type: chat, to: x}", "WF005", "steps[0]"),
    ("{id: a, type: document}", "WF014", "steps[0]"),
    ("{id: a, type: document, html: x, markdown: x}", "WF014", "steps[0]"),
    ("{id: a, type: calendar, summary: x, start: x, end: x, duration: x}", "WF014", "steps[0]"),
    ("{id: a, type: calendar, summary: x, start: x, attendees: a@b.c}", "WF005", "steps[0]"),
    ("{id: a, type: code, language: cobol, source: x}", "WF012", "steps[0].language"),
    ("{id: a, type: action}", "WF005", "steps[0]"),
    ("{id: a, type: email, to: x, subject: x, text: x, headers: {'a b': x}}", "WF012", "steps[0].headers.a b"),
    ("{id: a, type: http}", "WF005", "steps[0]"),
    ("{id: a, type: http, url: x, method: FETCH}", "WF012", "steps[0].method"),
    ("{id: a, type: http, url: x, json: {}, body: x}", "WF014", "steps[0]"),
    ("{id: a, type: http, url: x, json: {}, multipart: {a: x}}", "WF014", "steps[0]"),
    ("{id: a, type: http, url: x, multipart: [a]}", "WF002", "steps[0].multipart"),
    ("{id: a, type: http, url: x, multipart: {}}", "WF002", "steps[0].multipart"),
    ("{id: a, type: http, url: x, multipart: {a: x, f: {file: x}}}", "WF014", "steps[0].multipart.f"),
    ("{id: a, type: http, url: x, multipart: {f: {text: x, document: y}}}", "WF014", "steps[0].multipart.f"),
    ("{id: a, type: http, url: x, multipart: {f: {text: x, path: y}}}", "WF003", "steps[0].multipart.f.path"),
    ("{id: a, type: http, url: x, headers: {A: {}}}", "WF002", "steps[0].headers.A"),
    ("{id: a, type: http, url: x, timeout: 1 fortnight}", "WF011", "steps[0].timeout"),
    ("{id: a, type: http, url: x, retry: {attempts: many}}", "WF002", "steps[0].retry.attempts"),
    ("{id: a, type: http, url: x, retry: {backoff: 5}}", "WF011", "steps[0].retry.backoff"),
    ("{id: a, type: http, url: x, on_uncertain: maybe}", "WF012", "steps[0].on_uncertain"),
    ("{id: a, type: http, url: x, on_error: ignore}", "WF012", "steps[0].on_error"),
    ("{id: a, type: http, url: x, on_error: {fallback: {}}}", "WF005", "steps[0].on_error.fallback"),
    ("{id: a, type: http, url: x, on_error: {workflow: x}}", "WF033", "steps[0].on_error.workflow"),
    ("{id: a, type: http, url: x, on_error: []}", "WF002", "steps[0].on_error"),
    ("{id: a, type: http, url: x, join: any}", "WF032", "steps[0].join"),
    ("{id: a, type: http, url: x, cancel_rest: true}", "WF014", "steps[0].cancel_rest"),
    ("{id: a, type: condition}", "WF005", "steps[0]"),
    ("{id: a, type: condition, if: {done: true}, then: {}}", "WF002", "steps[0].then"),
    (
        "{id: a, type: condition, if: {done: true}, then: [{id: b, type: stop, aas: x}]}",
        "WF003",
        "steps[0].then[0].aas",
    ),
    ("{id: a, type: condition, if: {done: true}, retry: {attempts: 2}}", "WF012", "steps[0].retry"),
    ("{id: a, type: delay}", "WF005", "steps[0]"),
    ("{id: a, type: delay, for: 1 day, until: now}", "WF005", "steps[0]"),
    ("{id: a, type: delay, for: soon}", "WF011", "steps[0].for"),
    ("{id: a, type: delay, for: 5}", "WF011", "steps[0].for"),
    ("{id: a, type: delay, for: -5 minutes}", "WF011", "steps[0].for"),
    ("{id: a, type: http, url: x, timeout: 2 hours}", "WF011", "steps[0].timeout"),
    ("{id: a, type: delay, until: tomorrow}", "WF021", "steps[0].until"),
    ("{id: a, type: delay, until: now + soon}", "WF011", "steps[0].until"),
    ("{id: a, type: delay, until: '{{ job.total }}'}", "WF021", "steps[0].until"),
    ("{id: a, type: delay, until: '{{ job.due_at }}', offset: x}", "WF011", "steps[0].offset"),
    ("{id: a, type: delay, for: 1 day, window: {}}", "WF005", "steps[0].window"),
    ("{id: a, type: delay, for: 1 day, timeout: 5 minutes}", "WF012", "steps[0].timeout"),
    ("{id: a, type: stop, as: done}", "WF012", "steps[0].as"),
    ("{id: a, type: stop, branch: sometimes}", "WF002", "steps[0].branch"),
    ("{id: a, type: stop, on_error: fail}", "WF012", "steps[0].on_error"),
    ("{id: a, type: stop, reason: '{{ job.titel }}'}", "WF016", "steps[0].reason"),
    ("{id: a, type: stop, reason: '{{ job.title | upper }}'}", "WF024", "steps[0].reason"),
    ("{id: a, type: stop, reason: {$sum: x}}", "WF070", "steps[0].reason.$sum"),
    ("{id: a, type: stop, reason: {$smu: x}}", "WF003", "steps[0].reason"),
    ("{id: a, type: stop, reason: {$path: job.title}}", "WF022", "steps[0].reason.$path"),
    ("{id: a, type: stop, reason: {$path: $.job.}}", "WF022", "steps[0].reason.$path"),
    ("{id: a, type: stop, reason: {$path: $.job.titel}}", "WF016", "steps[0].reason.$path"),
]


@pytest.mark.parametrize(("text", "code", "path"), STEPS)
def test_steps(lang: Connection, text: str, code: str, path: str) -> None:
    assert errors(lang, workflow(yaml(text))) == [(code, path)]


RIGHT_STEPS = """
- {id: a, type: sms, to: 31612345678, text: 2024, name: Text, connection: x}
- {id: a, type: email, to: ["{{ job.client.email }}", b@x.nl], cc: x, bcc: [x], subject: s, html: h}
- {id: a, type: email, to: x, from: x, reply_to: x, subject: s, text: x}
- {id: a, type: email, to: x, subject: s, text: t, headers: {X-A: 1}}
- {id: a, type: http, url: "https://x/{{ job.id }}", method: post, query: {a: 1, b: [1, 2], c: "{{ job.id }}"}}
- {id: a, type: http, url: x, json: {a: ["{{ job.data.x.y }}"]}, join: all}
- {id: a, type: http, url: x, headers: {Authorization: "Bearer {{ secret('env:A_B') }}"}, form: {a: b}}
- {id: a, type: http, url: x, body: x, on_uncertain: stop}
- {id: a, type: http, url: x, retry: {attempts: 5, factor: 1.5, jitter: none, within: 20 hours}}
- {id: a, type: http, url: x, retry: {backoff: 30s, max: 1h}, timeout: 10s}
- {id: a, type: delay, for: 1 hour 30 minutes, offset: -5m}
- {id: a, type: delay, for: "{{ job.takes }}"}
- {id: a, type: delay, for: "{{ job.total }} days"}
- {id: a, type: delay, until: "{{ job.due_at | default('now + 1 day') }}", offset: -24 hours}
- {id: a, type: delay, until: "{{ job.on_day }}"}
- {id: a, type: delay, until: 2030-01-31T09:00}
- {id: a, type: delay, until: now - 2 hours}
- {id: a, type: stop, as: failed, reason: "no {{ job.title }} of {{ job.client.first_name }}"}
- {id: a, type: stop, reason: {$literal: "{{ x }}"}}
- {id: a, type: stop, reason: {$path: "$.job.data.items[0].total"}}
- {id: a, type: condition, if: {done: true}, on_error: continue}
"""


@pytest.mark.parametrize("step", yaml(RIGHT_STEPS), ids=lambda step: str(step)[:60])
def test_right_steps(lang: Connection, step: Any) -> None:
    # Connections are made when they are needed; until then it is only a warning.
    assert [row for row in problems(lang, workflow(step)) if row[1] != "WF408"] == []


# ---------------------------------------------------------------- triggers

TRIGGERS = [
    ("{}", "WF014", "when"),
    ("[{}]", "WF014", "when[0]"),
    ("[5]", "WF002", "when[0]"),
    ("job_eaten", "WF012", "when"),
    ("{table: jobs}", "WF014", "when"),
    ("{table: 5, row: created}", "WF002", "when.table"),
    ("{table: jobs, row: eaten}", "WF012", "when.row"),
    ("{table: jobs, row: created, becomes: {done: true}}", "WF014", "when"),
    ("{table: jobs, event: x, row: created}", "WF014", "when"),
    ("{table: nowhere, row: created}", "WF015", "when.table"),
    ("{table: unattached, row: created}", "WF015", "when.table"),
    ("{table: jobs_view, row: created}", "WF015", "when.table"),
    ("{table: pgwhen.executions, row: created}", "WF015", "when.table"),
    ("{table: jobs, row: created, columns: [status]}", "WF014", "when.columns"),
    ("{table: jobs, row: updated, columns: [stattus]}", "WF016", "when.columns[0]"),
    ("{table: jobs, row: updated, columns: [api_token]}", "WF016", "when.columns[0]"),
    ("{table: jobs, row: updated, columns: status}", "WF002", "when.columns"),
    ("{table: jobs, becomes: {stattus: x}}", "WF016", "when.becomes.stattus"),
    ("{table: jobs, becomes: {job.client.city: x}}", "WF026", "when.becomes.job.client.city"),
    ("{table: jobs, becomes: {old.status: x}}", "WF026", "when.becomes.old.status"),
    ("{table: jobs, becomes: {status: {changed: true}}}", "WF026", "when.becomes.status.changed"),
    ("{table: jobs, becomes: {status: '{{ job.client.city }}'}}", "WF026", "when.becomes.status"),
    ("{table: jobs, becomes: true}", "WF002", "when.becomes"),
    ("{table: jobs, row: created, if: {new.stattus: x}}", "WF016", "when.if.new.stattus"),
    ("{table: jobs, row: created, if: {new.client.city: x}}", "WF016", "when.if.new.client.city"),
    ("{table: jobs, row: created, if: {new.api_token: x}}", "WF016", "when.if.new.api_token"),
    ("{table: jobs, row: created, if: {steps.text.status: x}}", "WF023", "when.if.steps.text.status"),
    ("{table: jobs, row: created, if: {execution.id: x}}", "WF017", "when.if.execution.id"),
    ("{table: jobs, row: truncated, if: {status: x}}", "WF026", "when.if.status"),
    ("{event: invoice overdue}", "WF012", "when.event"),
    ("{event: Invoice.overdue}", "WF012", "when.event"),
    ("{event: 5}", "WF012", "when.event"),
    ("{event: x, row: created}", "WF014", "when.row"),
    ("{event: x, if: {status: a}}", "WF026", "when.if.status"),
    ("{manual: false}", "WF002", "when.manual"),
    ("{manual: true, becomes: {a: 1}}", "WF014", "when.becomes"),
    ("{schedule: 0 9 * * *}", "WF004", "when.schedule"),
    ("{date: jobs.due_at, offset: -1 day}", "WF004", "when.date"),
    ("{inbound: x}", "WF004", "when.inbound"),
    ("{execution: failed}", "WF004", "when.execution"),
    ("{table: jobs, row: created, enabled: 1}", "WF002", "when.enabled"),
    ("{table: jobs, row: created, id: A B}", "WF006", "when.id"),
    ("{table: jobs, row: created, filter: {}}", "WF003", "when.filter"),
]


@pytest.mark.parametrize(("text", "code", "path"), TRIGGERS)
def test_triggers(lang: Connection, text: str, code: str, path: str) -> None:
    assert (code, path) in errors(lang, workflow(when=yaml(text)))
    if not text.startswith("{date"):
        assert len(errors(lang, workflow(when=yaml(text)))) <= 2


RIGHT_TRIGGERS = """
- {table: public.jobs, row: created, id: made, enabled: false}
- {table: jobs, row: saved, columns: [status, dueAt]}
- {table: jobs, row: deleted, if: {status: x}}
- {table: jobs, row: truncated}
- {table: jobs, becomes: {all: [{status: done}, {total: {gte: "{{ new.budget }}"}}]}}
- {table: jobs, becomes: "$.data.urgent == true"}
- {table: jobs, row: updated, if: {old.status: {ne: x}, job.client.owner.name: x, client.city: y}}
- {table: jobs, row: updated, if: {status: {changed_to: done}}}
- {table: notes, row: created, if: {body: x}}
- {table: form_submissions, row: created}
- {event: a.b_c.d1, if: {input.amount: {gt: 5}}}
- {manual: true}
- [{table: jobs, row: created}, {table: leads, row: created}, {event: x}, {manual: true}]
"""


@pytest.mark.parametrize("when", yaml(RIGHT_TRIGGERS), ids=lambda when: str(when)[:60])
def test_right_triggers(lang: Connection, when: Any) -> None:
    assert [row for row in problems(lang, workflow(when=when)) if row[0] == "error"] == []


def test_not_attached_says_how(lang: Connection) -> None:
    (found,) = problems(lang, workflow(when={"table": "unattached", "row": "created"}))
    assert found[3:] == ("the table unattached is not attached", "pgwhen attach unattached")
    (found,) = problems(lang, workflow(when={"table": "job", "row": "created"}))
    assert found[4] == "did you mean jobs?"


# ---------------------------------------------------------------- conditions

CONDITIONS = [
    ("{}", "WF012", ""),
    ("[]", "WF002", ""),
    ("true", "WF002", ""),
    ("done", "WF022", ""),
    ("'{{ job.done }}'", "WF022", ""),
    ("$.job.status ==", "WF022", ""),
    ("$.job.my-column == 1", "WF022", ""),
    ("$.job.status", "WF022", ""),
    ("$ == 1", "WF022", ""),
    ("$.* == 1", "WF022", ""),
    ('$.job.titel == "x"', "WF016", ""),
    ("$.job.status == $x", "WF022", ""),
    ("$.jobs.status == 1", "WF017", ""),
    ("{all: []}", "WF002", ".all"),
    ("{any: {done: true}}", "WF002", ".any"),
    ("{any: [{done: true}, 5]}", "WF002", ".any[1]"),
    ("{not: [{done: true}]}", "WF002", ".not"),
    ("{stattus: x}", "WF016", ".stattus"),
    ("{all: [{any: [{not: {stattus: x}}]}]}", "WF016", ".all[0].any[0].not.stattus"),
    ("{status: {eqq: x}}", "WF020", ".status.eqq"),
    ("{status: {}}", "WF012", ".status"),
    ("{status: true}", "WF021", ".status"),
    ("{status: [a, b]}", "WF021", ".status"),
    ("{status: {in: a}}", "WF021", ".status.in"),
    ("{status: {in: []}}", "WF021", ".status.in"),
    ("{status: {in: [a, true]}}", "WF021", ".status.in[1]"),
    ("{status: {matches: '('}}", "WF021", ".status.matches"),
    ("{status: {is_empty: 1}}", "WF021", ".status.is_empty"),
    ("{status: {older_than: 3 days}}", "WF021", ".status.older_than"),
    ("{total: {gte: abc}}", "WF021", ".total.gte"),
    ("{total: abc}", "WF021", ".total"),
    ("{total: {contains: 1}}", "WF021", ".total.contains"),
    ("{total: {gt: '{{ job.status }}'}}", "WF021", ".total.gt"),
    ("{total: {gt: '{{ job.titel }}'}}", "WF016", ".total.gt"),
    ("{total: {gt: '{{ job.total | round }}'}}", "WF024", ".total.gt"),
    ("{total: {gt: '{{ job.total'}}", "WF024", ".total.gt"),
    ("{total: {gt: {$sum: x}}}", "WF070", ".total.gt.$sum"),
    ("{done: maybe}", "WF021", ".done"),
    ("{done: {gt: true}}", "WF021", ".done.gt"),
    ("{due_at: {before: soon}}", "WF021", ".due_at.before"),
    ("{due_at: {before: 2026-02-30}}", "WF021", ".due_at.before"),
    ("{due_at: {before: now + x}}", "WF011", ".due_at.before"),
    ("{due_at: {older_than: 3}}", "WF011", ".due_at.older_than"),
    ("{due_at: {within: now}}", "WF011", ".due_at.within"),
    ("{due_at: 5}", "WF021", ".due_at"),
    ("{on_day: today}", "WF021", ".on_day"),
    ("{at_time: {gt: 25:00}}", "WF021", ".at_time.gt"),
    ("{takes: {gt: long}}", "WF011", ".takes.gt"),
    ("{uid: abc}", "WF021", ".uid"),
    ("{stage: lots}", "WF021", ".stage"),
    ("{stage: {in: [new, lots]}}", "WF021", ".stage.in[1]"),
    ("{data: {city: x}}", "WF020", ".data.city"),
    ("{job.client.citty: x}", "WF016", ".job.client.citty"),
    ("{job.cliant.city: x}", "WF016", ".job.cliant.city"),
    ("{job.status.x: x}", "WF017", ".job.status.x"),
    ("{job.user.name: x}", "WF018", ".job.user.name"),
    ("{user.name: x}", "WF018", ".user.name"),
    ("{owner.name: x}", "WF017", ".owner.name"),
    ("{job.api_token: x}", "WF019", ".job.api_token"),
    ("{job.client.first_name: {changed: true}}", "WF026", ".job.client.first_name.changed"),
    ("{vars.limmit: 5}", "WF017", ".vars.limmit"),
    ("{vars.limit.x: 5}", "WF017", ".vars.limit.x"),
    ("{input.amont: 5}", "WF017", ".input.amont"),
    ("{input.amount.x: 5}", "WF017", ".input.amount.x"),
    ("{event.typ: x}", "WF017", ".event.typ"),
    ("{workflow.nam: x}", "WF017", ".workflow.nam"),
    ("{now.x: 1}", "WF017", ".now.x"),
    ("{item.x: 1}", "WF040", ".item.x"),
    ("{steps.texxt.status: x}", "WF008", ".steps.texxt.status"),
    ("{steps.text.stat: x}", "WF017", ".steps.text.stat"),
    ("{steps.text.output.id: x}", "WF017", ".steps.text.output.id"),
    ("{steps.text.status: x}", "WF023", None),
    ("{nothing.x: 1}", "WF017", ".nothing.x"),
    ("{'': 1}", "WF017", "."),
]


@pytest.mark.parametrize(("text", "code", "path"), CONDITIONS)
def test_conditions(lang: Connection, text: str, code: str, path: str | None) -> None:
    definition = workflow(
        sms(**{"if": yaml(text)}),
        when=[{"table": "jobs", "row": "saved"}, {"manual": True}],
        vars={"limit": 5},
        inputs={"amount": {"type": "number"}},
    )
    assert errors(lang, definition) == [(code, "steps[0]" if path is None else f"steps[0].if{path}")]


RIGHT_CONDITIONS = """
- {status: done}
- {status: 5}
- {status: null}
- {status: {in: [a, 5, null], ne: "{{ job.title }}"}}
- {status: "{{ vars.limit }}"}
- {total: {gte: 500, lt: "1e3"}}
- {total: {gt: "{{ job.budget }}"}}
- {total: {gt: "{{ input.amount | default(5) }}"}}
- {budget: {in: "{{ vars.list }}"}}
- {done: true}
- {done: "false"}
- {dueAt: {before: "now + 2 hours", after: now - 3 days, older_than: 3d, within: 2 days}}
- {due_at: {gt: 2026-01-31}}
- {due_at: "{{ job.starts_at }}"}
- {starts_at: {lte: "2026-01-31T09:00"}}
- {on_day: {gte: "now - 1 day"}}
- {at_time: {gt: "09:00"}}
- {takes: {gt: 1 hour}}
- {uid: 00000000-0000-0000-0000-000000000001}
- {stage: won}
- {code: ab}
- {code: {starts_with: a}}
- {tags: {contains: vip}}
- {tags: {is_empty: true}}
- {tags: [a, b]}
- {data: {eq: {a: 1}}}
- {data: {contains: {a: 1}}}
- {data.address.city: x}
- {data.count: {gt: 5}}
- {job.data.items.0.total: {gte: 5}}
- {job.tags.0: x}
- {"Größe (cm)": {gt: 100}}
- {job.Größe (cm): {gt: 100}}
- {event: x}
- {job.client.city: x}
- {client.lastName: x, client.firstName: x, client.email: {ends_with: nl}}
- {job.client.owner.email: x}
- {job.clientId: 5}
- {new.dueAt: {is_not_empty: true}, old.status: x}
- {status: {changed: true}, job.total: {changed_to: 5}, new.title: {changed_from: x}}
- {changed: {contains: status}}
- {now: {after: 2026-01-01}}
- {vars.limit: 5, vars.nested.a.0: x, input.amount: {gt: 1}, input.free.x: 1}
- {event.type: x, event.occurred_at: {within: 1 day}, workflow.version: 2, execution.started_at: {older_than: 1h}}
- {tenant.id: default}
- {any: [{done: true}, {all: [{status: a}, {not: {status: b}}]}, "$.job.total > 5 && $.job.status == \\"a$b\\""]}
- $.job.client.owner.email like_regex "@x"
- $.job.data.items[*].total > 5
- $.new."Größe (cm)" > 5
- $.job.due_at.datetime() < $.now.datetime()
"""


@pytest.mark.parametrize("condition", yaml(RIGHT_CONDITIONS), ids=lambda condition: str(condition)[:70])
def test_right_conditions(lang: Connection, condition: Any) -> None:
    definition = workflow(
        sms(**{"if": condition}),
        vars={"limit": 5, "list": [1, 2], "nested": {"a": ["x"]}},
        when=[{"table": "jobs", "row": "saved"}, {"manual": True}],
        inputs={"amount": {"type": "number"}, "free": {}},
    )
    assert problems(lang, definition) == []


def test_the_nearest_name_is_suggested(lang: Connection) -> None:
    def hint(step: Any) -> str:
        return problems(lang, workflow(step))[0][4]

    assert hint(sms(**{"if": {"stattus": "x"}})) == "did you mean status?"
    assert hint(sms("{{ job.titel }}")) == "did you mean job.title?"
    assert hint(sms("{{ job.cliant.city }}")) == "did you mean job.client?"
    assert hint(sms("{{ jobb.title }}")) == "did you mean job?"
    assert hint(sms("{{ owner.name }}")) == "write job.owner or job.client.owner"
    assert hint(sms("{{ job.user.name }}")) == "write job.owner or job.reviewer"
    assert hint({"id": "a", "type": "emial"}) == "did you mean email?"
    assert hint(sms(**{"if": {"status": {"=": 1}}})) == "did you mean eq?"
    assert hint(sms(mesage="x")).startswith("it has ")
    assert hint(sms(message="x")) == "did you mean text?"
    assert hint(sms(**{"if": {"stage": "losst"}})) == "did you mean lost?"
    assert hint(sms(**{"if": "{{ job.done }}"})) == "write {job.done: true}, or another test of it"


def test_where_there_is_no_record_columns_are_refused(lang: Connection) -> None:
    step = sms(**{"if": {"status": "x"}})
    assert errors(lang, workflow(step, when={"manual": True})) == [("WF026", "steps[0].if.status")]
    two = [{"table": "jobs", "row": "created"}, {"table": "leads", "row": "created"}]
    (found,) = problems(lang, workflow(step, when=two))
    assert found[1:3] == ("WF026", "steps[0].if.status")
    assert found[4] == "write job.status or lead.status"
    assert errors(lang, workflow(when={"manual": True}, suppress_if={"status": "x"})) == [
        ("WF026", "suppress_if.status")
    ]
    assert errors(lang, workflow(sms("{{ job.title }}"), when={"manual": True})) == [("WF017", "steps[0].text")]
    assert errors(lang, workflow(sms("{{ new.title }}"), when={"manual": True})) == [("WF026", "steps[0].text")]


def test_a_table_without_primary_key_has_no_record(lang: Connection) -> None:
    when = {"table": "notes", "row": "created"}
    assert errors(lang, workflow(sms("{{ note.body }}"), when=when)) == [("WF019", "steps[0].text")]
    assert errors(lang, workflow(sms("{{ new.body }}"), when=when)) == []


def test_composite_foreign_keys(lang: Connection) -> None:
    when = {"table": "bookings", "row": "created"}
    assert errors(lang, workflow(sms("{{ booking.room.name }} {{ room.name }}"), when=when)) == []


FOREIGN_KEYS = """
create table regions (code text primary key, name text) partition by list (code);
create table regions_a partition of regions for values in ('a');
create table regions_b partition of regions for values in ('b');
create schema hidden;
create table hidden.vaults (id int primary key, code text);
create table places (
  id int primary key, region text references regions, parent_id int references places,
  "ownerUserId" int references users,
  boss int references users, vault_id int references hidden.vaults, client_uuid int references clients,
  "old client_id" int references clients
) partition by range (id);
create table places_1 partition of places for values from (0) to (100);
grant select on regions, places to pgwhen_actions;
select pgwhen.attach('places');
"""


def test_foreign_keys_of_every_kind(own: Connection) -> None:
    own.execute(FOREIGN_KEYS)

    def found(template: str, table: str = "places") -> list[str]:
        return [row[1] for row in problems(own, workflow(sms(template), when={"table": table, "row": "created"}))]

    assert found("{{ place.region.name }} {{ region.name }} {{ place.region }}") == []
    assert found("{{ place.parent.parent.parent.region.name }}") == []
    assert found("{{ place.ownerUser.name }} {{ place.owner_user.name }} {{ place.boss.email }} {{ place.boss }}") == []
    assert found("{{ place.client.email }}") == []
    assert found("{{ place.user.name }}") == ["WF018"]
    assert found("{{ client.email }}") == ["WF018"]
    assert found("{{ place['old client'].email }}") == []
    assert found("{{ place.vault.code }}") == ["WF019", "WF019"]
    own.execute(
        "grant usage on schema hidden to pgwhen_actions; grant select (id, code) on hidden.vaults to pgwhen_actions"
    )
    assert found("{{ place.vault.code }}") == []


def test_missing_grants_are_named(lang: Connection) -> None:
    when = {"table": "visits", "row": "created"}
    (found,) = problems(lang, workflow(sms("{{ visit.other.name }}"), when=when))
    assert found[:3] == ("error", "WF019", "steps[0]")
    assert found[4] == "grant select on public.secrets_of_others to pgwhen_actions"
    (found,) = problems(lang, workflow(sms("{{ visit.guarded.name }}"), when=when))
    assert found[:3] == ("warning", "WF019", "steps[0]")
    assert "create policy" in found[4]


def test_a_renamed_table_goes_by_its_new_name(own: Connection) -> None:
    own.execute("alter table jobs rename to orders; create table jobs (id int primary key)")
    assert errors(own, workflow(sms("{{ job.title }}"), when={"table": "orders", "row": "created"})) == []
    (found,) = problems(own, workflow())
    assert found[3] == "the table jobs is not attached"


def test_tables_of_one_name(own: Connection) -> None:
    own.execute(
        "create schema a; create schema b; create table a.things (id int primary key); create table b.things (id int)"
    )
    thing = workflow(sms(), when={"table": "things", "row": "created"})
    (found,) = problems(own, thing)
    assert (found[1], found[4]) == ("WF018", "write a.things or b.things")
    own.execute("select pgwhen.attach('b.things')")
    assert errors(own, thing) == []
    own.execute("select pgwhen.attach('a.things')")
    assert errors(own, thing) == [("WF018", "when.table")]
    assert errors(own, workflow(sms(), when={"table": "a.things", "row": "created"})) == []
    both = [{"table": "a.things", "row": "created"}, {"table": "b.things", "row": "created"}]
    assert errors(own, workflow(sms(), when=both)) == [("WF018", "when[1].table")]


def test_only_ones_own_tenant(db: Connection, connect: Connect) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    author = connect(user="pgwhen_author")
    assert problems(author, workflow()) == []
    query = "select * from pgwhen.validate_definition('{}', 'acme')"
    with pytest.raises(psycopg.DatabaseError) as raised:
        author.execute(query)
    assert raised.value.sqlstate == "WF119"
    assert db.execute(query).fetchall()


def test_a_tenant_variable_may_come_later(lang: Connection) -> None:
    found = problems(lang, workflow(sms("{{ tenant.name }} {{ company.phone }} {{ organization.phone }}")))
    assert {row[:3] for row in found} == {("warning", "WF017", "steps[0].text")}


def test_deleted_records_are_what_the_event_carried(lang: Connection) -> None:
    when = {"table": "jobs", "row": "deleted"}
    assert errors(lang, workflow(sms("{{ job.title }} {{ job.client.email }}"), when=when)) == []
    assert errors(lang, workflow(sms("{{ job.dueAt }}"), when=when)) == [("WF016", "steps[0].text")]


# ---------------------------------------------------------------- templates

TEMPLATES = [
    ("{{ job.titel }}", "WF016"),
    ("{{ job['titel'] }}", "WF016"),
    ("{% if job.titel %}x{% endif %}", "WF016"),
    ("{{ 'a' if job.titel else job.title }}", "WF016"),
    ("{{ job.title | default(job.titel) }}", "WF016"),
    ("{{ x }}", "WF017"),
    ("{{ x | default('y') }}", "WF017"),
    ("{{ job.title", "WF024"),
    ("{% if job.title ", "WF024"),
    ("{% iff job.title %}x{% endif %}", "WF024"),
    ("{% include 'x' %}", "WF024"),
    ("{{ job.title.upper() }}", "WF024"),
    ("{{ open('x') }}", "WF024"),
    ("{{ secret('env:X') }}", "WF025"),
    ("{{ secret(job.title) }}", "WF024"),
    ("{{ new.dueAt }}", "WF016"),
    ("{{ new.client.email }}", "WF016"),
    ("{{ steps }}", "WF017"),
    ("{{ steps.text.status }}", "WF023"),
    ("{{ steps.other.status }}", "WF008"),
    ("{{ index }}", "WF040"),
]


@pytest.mark.parametrize(("template", "code"), TEMPLATES)
def test_templates(lang: Connection, template: str, code: str) -> None:
    assert [row[0] for row in errors(lang, workflow(sms(template)))] == [code]


RIGHT_TEMPLATES = [
    "{{ job.title }} {{job['title']}} {{ job.client.firstName | upper }} {{ client.lastName }}",
    "{% for tag in job.tags %}{{ loop.index }} {{ tag.x | e }}{% endfor %}",
    "{% for k, v in job.data.items | dictsort %}{{ k }}{{ v }}{% else %}none{% endfor %}",
    "{% set x = job.total * 2 %}{{ x }}{% set y %}a{% endset %}{{ y }}",
    "{% with a = job.title, b = 1 %}{{ a }}{{ b }}{% endwith %}",
    "{% macro m(a, b=job.title) %}{{ a }}{{ b }}{% endmacro %}{{ m(1, b=2) }}",
    "{% raw %}{{ nothing }}{% endraw %} {# {{ nothing }} #} { x } } }} %}",
    "{{ job.total is not none and job.done is defined and not job.status is divisibleby(3) }}",
    "{{ 'it''s {{ x }}' }} {{ \"a\\\"b {{ y }}\" }} {{ {'a': job.title, 'b': {'c': 1}} | tojson }}",
    "{{ job.tags | join(', ') }} {{ job.title | replace('a', 'b') | truncate(length=5, end='x') }}",
    "{{ [1, job.total, (2 + 3)] | sum }} {{ job.title ~ '!' }} {{ job.due_at[:10] }} {{ job.tags[0] }}",
    "{{ range(3) | list }} {{ namespace(a=1).a }} {{ 1.5e3 }} {{ true }} {{ None }}",
    "{{ job | tojson }} {{ new }} {{ event.id }} {{ now }} {{ vars }} {{ execution.id }} {{ workflow.name }}",
    "{{ job.data.anything.at.all[0]['x y'] }} {%- if job.done -%} x {%- elif job.total > 5 -%} y {%- endif -%}",
    "{% filter upper %}{{ job.title }}{% endfilter %}",
    "\N{PILE OF POO} {{ job['Größe (cm)'] }}",
]


@pytest.mark.parametrize("template", RIGHT_TEMPLATES)
def test_right_templates(lang: Connection, template: str) -> None:
    assert problems(lang, workflow(sms(template))) == []


def test_secrets_stand_only_in_headers_of_http(lang: Connection) -> None:
    http = {"id": "a", "type": "http", "url": "x"}
    secret = "{{ secret('env:X') }}"
    assert errors(lang, workflow({**http, "headers": {"A": f"Bearer {secret}"}})) == []
    assert errors(lang, workflow({**http, "url": secret})) == [("WF025", "steps[0].url")]
    assert errors(lang, workflow({**http, "json": {"a": [secret]}})) == [("WF025", "steps[0].json.a[0]")]
    email = {"id": "a", "type": "email", "to": "x", "subject": "x", "text": "x", "headers": {"A": secret}}
    assert errors(lang, workflow(email)) == [("WF025", "steps[0].headers.A")]


# ---------------------------------------------------------------- the graph

GRAPHS = [
    ("steps: [{id: a, type: stop, if: {done: true}}, {id: a, type: stop}]", [("WF007", "steps[1].id")]),
    ("steps: [{id: a, type: stop}, {id: b, type: stop}]", [("WF010", "steps[1]")]),
    (
        "steps: [{id: c, type: condition, if: {done: true}, then: [{id: a, type: stop}], else: [{id: b, type: stop}]},"
        " {id: d, type: stop}]",
        [("WF010", "steps[1]")],
    ),
    ("steps: [{id: a, type: http, url: x}, {id: b, type: stop, needs: [x]}]", [("WF008", "steps[1].needs")]),
    ("steps: [{id: a, type: http, url: x, needs: [b]}, {id: b, type: http, url: x, needs: [a]}]", [("WF009", "steps")]),
    ("steps: [{id: a, type: http, url: x, needs: [a]}]", [("WF009", "steps")]),
    (
        "steps: [{id: a, type: http, url: x, needs: [A B]}]",
        [("WF008", "steps[0].needs"), ("WF006", "steps[0].needs[0]")],
    ),
    ("steps: [{id: a, type: http, url: '{{ steps.b.status }}'}, {id: b, type: http, url: x}]", [("WF023", "steps[0]")]),
    (
        "steps: [{id: c, type: condition, if: {done: true}, then: [{id: a, type: http, url: x}],"
        " else: [{id: b, type: http, url: '{{ steps.a.status }}'}]}]",
        [("WF023", "steps[0].else[0]")],
    ),
    ("nodes: [{id: a, type: stop}]\nedges: [{source: a, target: b}]", [("WF008", "edges[0]")]),
    (
        "nodes: [{id: a, type: http, url: x}, {id: b, type: stop}]\nedges: [{source: a, target: b, outcome: true}]",
        [("WF012", "edges[0].outcome")],
    ),
    (
        "nodes: [{id: a, type: stop}, {id: b, type: stop}]\nedges: [{source: a, target: b}]",
        [("WF012", "edges[0].outcome")],
    ),
    (
        "nodes: [{id: a, type: http, url: x}, {id: b, type: http, url: x}]\n"
        "edges: [{source: a, target: b}, {source: b, target: a}]",
        [("WF009", "nodes")],
    ),
    ("nodes: [{id: a, type: condition, if: {done: true}, then: [{id: b, type: stop}]}]", [("WF014", "nodes[0].then")]),
    ("nodes: [{id: a, type: http, url: x, needs: []}]", [("WF014", "nodes[0].needs")]),
    ("nodes: [{id: a, type: http, url: x, on_error: [{id: b, type: stop}]}]", [("WF014", "nodes[0].on_error")]),
    ("nodes: [{id: a, type: http, url: x, parent: l}]", [("WF008", "nodes[0].parent")]),
    ("nodes: [{id: a, type: stop}]\nedges: [{source: a}]", [("WF005", "edges[0]")]),
    ("nodes: [{id: a, type: stop}]\nedges: [5]", [("WF002", "edges[0]")]),
    ("nodes: {}", [("WF002", "nodes")]),
]


@pytest.mark.parametrize(("text", "found"), GRAPHS)
def test_graphs(lang: Connection, text: str, found: list[tuple[str, str]]) -> None:
    definition = {"workflow": "w", "when": {"table": "jobs", "row": "saved"}, **yaml(text)}
    assert errors(lang, definition) == found


def test_a_circle_is_named(lang: Connection) -> None:
    http = {"type": "http", "url": "x"}
    steps = [{"id": name, "needs": [need], **http} for name, need in (("a", "c"), ("b", "a"), ("c", "b"))]
    ((*_, message, _hint),) = problems(lang, workflow({"id": "x", **http}, *steps))
    assert message in (
        "the steps go in a circle: a -> b -> c -> a",
        "the steps go in a circle: b -> c -> a -> b",
        "the steps go in a circle: c -> a -> b -> c",
    )


# ---------------------------------------------------------------- warnings, bounds, hostility


def test_rewritten_identifiers_are_a_warning(lang: Connection) -> None:
    found = problems(lang, {**workflow(sms(id="step-1")), "workflow": "My Flow"})
    assert [row[:4] for row in found] == [
        ("warning", "WF006", "steps[0].id", 'the id "step-1" becomes step_1'),
        ("warning", "WF006", "workflow", 'the identifier "My Flow" becomes my_flow'),
    ]


def test_is_active_is_a_warning(lang: Connection) -> None:
    assert [row[:3] for row in problems(lang, {**SEED, "is_active": False})] == [("warning", "WF012", "is_active")]
    assert problems(lang, {**SEED, "is_active": True}) == []


def nested(depth: int, inner: Any, key: str | None = None) -> Any:
    for _ in range(depth):
        inner = [inner] if key is None else {key: inner}
    return inner


def test_bounds(lang: Connection) -> None:
    assert errors(lang, workflow(vars=nested(70, 1, "a"))) == [("WF028", "")]
    for text, code in (("[" * 2000 + "]" * 2000, "WF002"), ('{"a": ' + "[" * 3000 + "]" * 3000 + "}", "WF028")):
        assert lang.execute("select code from pgwhen.validate_definition(%s)", [text]).fetchall() == [(code,)]
    assert errors(lang, workflow(vars={"a": "x" * 1_000_001})) == [("WF028", "")]
    assert errors(lang, workflow(*[sms(id=f"s{n}") for n in range(1001)])) == [("WF028", "steps")]
    assert errors(lang, workflow(sms(**{"if": nested(33, {"done": True}, "not")}))) == [
        ("WF028", "steps[0].if" + ".not" * 32)
    ]
    deep: Any = [sms()]
    for level in range(25):
        deep = [{"id": f"c{level}", "type": "condition", "if": {"done": True}, "then": deep}]
    assert errors(lang, workflow(*deep)) == [("WF028", "steps")]


def test_large_templates_take_no_time(lang: Connection) -> None:
    text = "{{ job.title }} and {% if job.done %}x{% endif %} " * 4000
    assert problems(lang, workflow(sms(text))) == []
    assert [code for code, _ in errors(lang, workflow(sms("{" * 100_000)))] == ["WF024"]
    assert [code for code, _ in errors(lang, workflow(sms("{{ '" + "\\'" * 50_000)))] == ["WF024"]


HOSTILE = [
    "'; drop table jobs; --",
    "{{ ''.__class__ }}",
    "%s%n",
    "\\",
    "$$",
    "../..",
    "a" * 10_000,
    "\u202e",
    "'",
    '"',
    "{{",
    "}}",
    "{%",
    "$.",
    "job.",
    ".job",
    "..",
    "[",
    "steps[",
    "\u00e9\u0301",
    "\ufeff",
    "\x01",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_strings_anywhere(lang: Connection, text: str) -> None:
    problems(lang, {text: text, "workflow": text, "name": text, "when": text, "steps": text})
    problems(
        lang, workflow({"id": text, "type": text, text: text}, when={"table": text, "row": text, "columns": [text]})
    )
    problems(lang, workflow(sms(text, **{"if": {text: {text: text}}}), when={"table": "jobs", "becomes": {text: text}}))
    problems(
        lang,
        workflow(
            sms("{{ " + text + " }}", **{"if": text, "needs": [text]}), suppress_if={"status": "{{ " + text + " }}"}
        ),
    )
    problems(
        lang,
        workflow(
            vars={text: text},
            inputs={text: {"type": text}},
            nodes=[{"id": text}],
            edges=[{"source": text, "target": text}],
        ),
    )
    assert lang.execute("select count(*) from jobs").fetchone() == (0,)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [
            "",
            "a",
            "status",
            "job.title",
            "{{ job.title }}",
            "{{ x",
            "$.job.x > 1",
            "now + 1 day",
            "3d",
            "jobs",
            "created",
            "sms",
            "continue",
            "Größe (cm)",
        ]
    )
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
)
WORDS = """
    workflow name when steps nodes edges table row becomes columns if event manual inputs vars retry timeout
    on_error suppress_if tests id type to text subject html url json headers query for until offset as reason
    then else needs join status total due_at all any not eq in gt changed $path $literal source target outcome
    trigger_type trigger_conditions config actionType given expect priority timezone done
"""
keys = st.sampled_from(WORDS.split()) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=25
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents)
def test_any_document_has_an_answer(lang: Connection, document: Any) -> None:
    problems(lang, document)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [path, *(found for key, item in inner for found in places(item, (*path, key)))]


RICH = {
    "workflow": "rich",
    "name": "x",
    "tags": ["a"],
    "vars": {"limit": 5},
    "inputs": {"a": {"type": "number", "required": True, "default": 1}},
    "when": [
        {"table": "jobs", "becomes": {"status": "done"}, "if": {"job.client.city": "x"}},
        {"manual": True},
        {"event": "e"},
    ],
    "suppress_if": {"any": [{"done": True}, "$.job.total > 5"]},
    "retry": {"attempts": 2},
    "timezone": "UTC",
    "priority": "high",
    "steps": [
        {
            "id": "c",
            "type": "condition",
            "if": {"not": {"total": {"gte": "{{ vars.limit }}"}}},
            "then": [
                {"id": "d", "type": "delay", "until": "{{ job.due_at }}", "offset": "-1 day"},
                {
                    "id": "e",
                    "type": "email",
                    "to": ["{{ client.email }}"],
                    "subject": "s",
                    "text": "t",
                    "on_error": [{"id": "f", "type": "stop", "as": "failed"}],
                },
            ],
        },
        {
            "id": "h",
            "type": "http",
            "url": "x",
            "headers": {"a": "{{ secret('env:X') }}"},
            "json": {"a": [1, "{{ job }}"]},
            "needs": ["c"],
        },
        {
            "id": "p",
            "type": "parallel",
            "join": "any",
            "cancel_rest": True,
            "branches": [
                [
                    {
                        "id": "w",
                        "type": "switch",
                        "value": "{{ job.status }}",
                        "cases": {"a": [{"id": "g", "type": "stop", "branch": True}], "b": []},
                        "default": [{"id": "t", "type": "transform", "set": {"x": ["{{ job.total }}"]}}],
                    }
                ],
                [
                    {
                        "id": "q",
                        "type": "split",
                        "parts": {"a": 1, "b": {"share": 2, "steps": [{"id": "r", "type": "stop"}]}},
                    }
                ],
                [
                    {
                        "id": "l",
                        "type": "http",
                        "url": "x",
                        "on_error": {"fallback": {"type": "transform", "set": {"y": 1}}},
                    }
                ],
            ],
        },
    ],
    "tests": [{"given": {"table": "jobs", "new": {"status": "done"}}, "expect": {"h": {}}}],
}


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_definition_with_anything_anywhere_has_an_answer(lang: Connection, data: st.DataObject) -> None:
    document = json.loads(json.dumps(RICH))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(document)))
        if not path:
            continue
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = data.draw(documents)
    problems(lang, document)


def test_the_rich_one_is_right(lang: Connection) -> None:
    assert problems(lang, RICH) == []
