"""Every file of docs/examples runs: rows by plain SQL, the poller, and what arrived."""

import json

import pytest

from tests.e2e.harness import EXAMPLES, Answer, Call, Stage, body, default_answer, key_of, with_answers

MORNING = "2026-06-01T08:00:00+00:00"


def test_every_example_has_a_test() -> None:
    files = {path.stem for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".json")}
    tests = {name.removeprefix("test_example_") for name in globals() if name.startswith("test_example_")}
    assert files == tests


def client(stage: Stage, **columns: str | None) -> int:
    """A client: Anna, with an address and a number unless ``columns`` say otherwise."""
    row = {"first_name": "Anna", "email": "anna@example.com", "phone": "+31612345678"} | columns
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    return int(stage.sql(f"insert into clients ({names}) values ({marks}) returning id", *row.values())[0][0])


def test_example_invoice_reminder(stage: Stage) -> None:
    stage.apply("docs/examples/invoice_reminder.yaml")
    invoice = {"number": "2026-0117", "email": "anna@example.com", "amount": 412.5, "days": 21, "phone": "06 1234 5678"}
    emit = "select pgwhen.emit_event('invoice.overdue', %s)"
    stage.sql(emit, json.dumps(invoice | {"phone": "+31 6 1234 5678"}))
    stage.sql(emit, '{"number": "2026-0118", "email": "bo@example.com", "amount": 10.20}')
    stage.sql(emit, '{"number": "2026-0119"}')
    stage.poll()
    assert stage.subjects() == [
        ("anna@example.com", "Invoice 2026-0117"),
        ("bo@example.com", "Invoice 2026-0118"),
    ]
    texts = {str(mail.message["Subject"]): body(mail) for mail in stage.mails}
    assert "over EUR 412.5 has been overdue for 21 days." in texts["Invoice 2026-0117"]
    assert "over EUR 10.20 has been overdue for 14 days." in texts["Invoice 2026-0118"], "default, exact number"
    assert {str(mail.message["Reply-To"]) for mail in stage.mails} == {"office@example.com"}
    assert stage.texts == [("+31612345678", "Invoice 2026-0117 is overdue. Please call us.")]
    notes = stage.sql("select notes->'skipped'->0->>'reason' from pgwhen.events where start_count = 0")
    assert notes == [("input",)], "an event without what the workflow needs starts nothing, and says why"


def test_example_job_update(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("jobs")
    stage.apply("docs/examples/job_update.yaml")
    anna, bo = client(stage), client(stage, first_name="Bo", email=None)
    stage.sql("insert into jobs (title, client_id) values ('Boiler', %s), ('Roof', %s)", anna, bo)
    stage.sql("update jobs set status = 'completed'")
    stage.poll(), stage.poll()
    assert stage.subjects() == [("anna@example.com", "Boiler is completed")]
    assert stage.texts == [("+31612345678", "Dear Bo, your job Roof is now completed.")]
    stage.cli("recipients", "set", "anna@example.com", "--preferences", '{"categories": {"job_updates": false}}')
    stage.sql("update jobs set status = 'scheduled' where title = 'Boiler'")
    stage.poll()
    assert len(stage.mails) == 1, "she does not want to know"


def test_example_lead_digest(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("leads")
    stage.apply("docs/examples/lead_digest.yaml")
    stage.sql("insert into leads (first_name, email) values ('Anna', 'anna@example.com')")
    stage.poll()
    stage.sql("insert into leads (first_name, email) values ('Bo', 'bo@example.com')")
    stage.poll()
    assert stage.mails == []
    stage.advance("61 minutes")
    stage.poll(), stage.poll()
    assert stage.subjects() == [("office@acme.example", "2 new leads")]
    assert body(stage.mails[0]).split() == ["Anna:", "anna@example.com", "Bo:", "bo@example.com"]


def test_example_job_scheduled(stage: Stage) -> None:
    stage.attach("jobs")
    stage.apply("docs/examples/job_scheduled.yaml")
    anna = client(stage)
    stage.sql("insert into jobs (title, client_id) values ('Boiler', %s), ('Roof', %s)", anna, anna)
    stage.poll()
    assert not stage.mails, "a new job is not scheduled yet"
    stage.sql("update jobs set status = 'scheduled', scheduled_at = '2026-06-03 09:30+00' where title = 'Boiler'")
    stage.sql("update jobs set total = 100 where title = 'Boiler'")
    stage.poll()
    assert stage.subjects() == [("anna@example.com", "Boiler is planned"), ("office@example.com", "Planned: Boiler")]
    texts = {mail.recipients[0]: body(mail) for mail in stage.mails}
    assert texts["anna@example.com"] == "Dear Anna,\n\nwe come on 2026-06-03."
    assert texts["office@example.com"] == "Client: completed. Planning: 200."
    (call,) = stage.requests
    assert call.path == "/planning/jobs"
    assert call.json == {"job": 1, "title": "Boiler", "at": "2026-06-03T09:30:00+00:00"}
    assert [row["status"] for row in stage.executions()] == ["completed"]


def test_example_large_job(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("jobs")
    stage.apply("docs/examples/large_job.yaml")
    anna = client(stage)
    stage.sql("insert into jobs (title, total, client_id) values ('Roof', 12000, %s), ('Tap', 80, %s)", anna, anna)
    stage.poll()
    assert stage.subjects() == [(f"{name}@example.com", "Release Roof, 12000.00?") for name in ("anna", "bo", "cleo")]
    to = stage.mails[0].recipients[0]
    command = f"pgwhen approve {waiting_approval(stage)} --by {to} --form '{{\"budget\": 12000.00}}'"
    assert command in body(stage.mails[0]).splitlines()
    stage.cli("approve", waiting_approval(stage), "--by", "bo@example.com", "--form", '{"budget": 11000}')
    stage.advance("1 day")
    stage.poll()
    assert [to for to, subject in stage.subjects() if subject.startswith("Reminder: ")] == [
        "anna@example.com",
        "cleo@example.com",
    ]
    stage.advance("2 days")
    stage.poll()
    assert ("director@example.com", "Escalated: Release Roof, 12000.00?") in stage.subjects()
    stage.cli("approve", waiting_approval(stage), "--by", "director@example.com", "--form", '{"budget": 11500}')
    stage.poll()
    assert body(stage.mails[-1]) == "Budget 11500, last word by director@example.com."
    assert [(row["status"], row["had_failures"]) for row in stage.executions()] == [("completed", False)]


def waiting_approval(stage: Stage) -> str:
    """The id of the approval that is open."""
    return str(stage.json("approvals")[0]["approval_id"])


def test_example_form_to_crm(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("form_submissions")
    stage.apply("docs/examples/form_to_crm.yaml")
    stage.world.answer = with_answers({"/crm/": [500, 503]})
    stage.sql(
        "insert into form_submissions (name, email, message, fields) values ('Anna', 'anna@example.com', 'Hello', %s)",
        '{"topic": "roof"}',
    )
    stage.sql("insert into form_submissions (form, name) values ('newsletter', 'Bo')")
    stage.poll()
    stage.advance("61 seconds")
    stage.poll()
    assert len(stage.requests) == 2 and not stage.mails
    stage.advance("241 seconds")
    stage.poll()
    first, *rest = stage.requests
    assert first.json == {"name": "Anna", "email": "anna@example.com", "message": "Hello", "fields": {"topic": "roof"}}
    assert [(call.body, key_of(call)) for call in rest] == [(first.body, key_of(first))] * 2, "the same bytes and key"
    assert stage.subjects() == [("anna@example.com", "We have your message")]
    assert stage.steps() == {"crm": "completed", "by_hand": "not_reached", "confirm": "completed"}


def test_form_to_crm_falls_back_to_a_person(stage: Stage) -> None:
    def refuse(call: Call) -> Answer:
        return (422, "no such topic") if call.path.startswith("/crm/") else default_answer(call)

    stage.attach("form_submissions")
    stage.apply("docs/examples/form_to_crm.yaml")
    stage.world.answer = refuse
    stage.sql("insert into form_submissions (message) values ('{{ 7*7 }}')")
    stage.poll()
    (mail,) = stage.mails
    assert mail.message["Subject"] == "Not in the CRM: form of somebody"
    text = body(mail)
    assert "no address wrote:" in text and "{{ 7*7 }}" in text and "the server answered 422: no such topic" in text
    assert stage.steps() == {"crm": "failed", "by_hand": "completed", "confirm": "skipped"}
    (execution,) = stage.executions()
    assert execution["status"] == "completed" and execution["had_failures"]


def test_example_appointment_reminder(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("jobs")
    stage.apply("docs/examples/appointment_reminder.yaml")
    anna = client(stage)
    insert = "insert into jobs (title, client_id, scheduled_at) values (%s, %s, %s)"
    stage.sql(insert, "Boiler", anna, "2026-06-10 10:00+02")
    stage.sql(insert, "Roof", anna, "2026-06-10 10:00+02")
    stage.sql(insert, "Some day", anna, None)
    stage.poll()
    stage.sql("update jobs set status = 'cancelled' where title = 'Roof'")
    stage.set_clock("2026-06-09T09:59:59+02:00")
    stage.poll()
    assert not stage.texts
    stage.set_clock("2026-06-09T10:00:00+02:00")
    stage.poll()
    assert stage.texts == [("+31612345678", "Tomorrow: Boiler. See you then, Anna!")]
    assert [(row["status"], row["reason"]) for row in stage.executions()] == [
        ("completed", None),
        ("cancelled", "the job was cancelled"),
    ]


def test_example_sla_reminder(stage: Stage) -> None:
    stage.set_clock("2026-05-13T15:00:00+02:00")  # a Wednesday
    stage.sql(
        "insert into holidays (country, day, name) values ('nl', '2026-05-14', 'Ascension'), ('be', '2026-05-15', '')"
    )
    stage.attach("jobs")
    stage.sql("grant select on holidays to pgwhen_actions")
    stage.apply("docs/examples/sla_reminder.yaml")
    anna = client(stage)
    stage.sql("insert into jobs (title, client_id) values ('Boiler', %s), ('Roof', %s)", anna, anna)
    stage.poll()
    stage.set_clock("2026-05-15T13:59:59+02:00")
    stage.sql("update jobs set scheduled_at = '2026-05-20 09:00+02' where title = 'Roof'")
    stage.poll()
    assert not stage.mails, "Thursday did not count"
    stage.set_clock("2026-05-15T14:00:00+02:00")
    stage.poll()
    assert stage.subjects() == [("planning@example.com", "No date yet: Boiler")]
    assert body(stage.mails[0]).strip() == "Anna (+31612345678) has waited for eight working hours."
    assert [row["status"] for row in stage.executions()] == ["completed"] * 2


def test_example_win_back(stage: Stage) -> None:
    stage.apply("docs/examples/win_back.yaml")
    stage.sql("select pgwhen.start_execution('win_back', %s)", '{"email": "anna@example.com", "name": "Anna <b>"}')
    with pytest.raises(Exception, match="name"):
        stage.sql("select pgwhen.start_execution('win_back', '{\"email\": \"anna@example.com\"}')")
    stage.poll()
    (mail,) = stage.mails
    assert mail.message["Subject"] == "5 % for you"
    assert mail.text("html").rstrip() == "<p>Dear Anna &lt;b&gt;, come back and save <b>5 %</b>.</p>"


def test_example_lead_to_crm(stage: Stage) -> None:
    stage.attach("leads")
    stage.apply("docs/examples/lead_to_crm.yaml")
    stage.sql("insert into staff (name, email) values ('Olga', 'olga@example.com')")
    stage.sql(
        "insert into leads (first_name, budget, owner_id, source) values"
        " ('Anna', 1500.50, 1, 'web'), ('Bo', 10, null, null), ('Cy', 2000, null, 'import')"
    )
    stage.poll()
    (call,) = stage.requests
    assert (call.method, call.path) == ("PUT", "/crm/leads/1")
    assert call.headers["authorization"] == "Bearer crm-token-8d1f"
    assert call.json == {"name": "Anna", "budget": 1500.5, "owner": "olga@example.com", "why": "leads.created"}
    assert b'"budget":1500.50' in call.body, "numbers stay exact"
    stage.sql("update leads set budget = 1200 where first_name = 'Bo'")
    stage.sql("update leads set phone = '+31612345678'")
    stage.poll()
    assert [call.path for call in stage.requests] == ["/crm/leads/1", "/crm/leads/2"]
    assert stage.requests[1].json["owner"] is None and stage.requests[1].json["why"] == "leads.updated"
    dump = json.dumps(
        stage.sql("select to_jsonb(f), to_jsonb(s) from pgwhen.frozen_messages f, pgwhen.execution_steps s")
    )
    assert "crm-token" not in dump and '"$secret": "env:CRM_TOKEN"' in dump


def test_example_lead_routing(stage: Stage) -> None:
    stage.attach("leads")
    stage.apply("docs/examples/lead_routing.yaml")
    stage.world.answer = with_answers({"/crm/north": [500], "/crm/south": [500, 500]})
    stage.sql("insert into leads (first_name, source, budget) values ('Bo', 'import', 10.50)")
    stage.poll()
    assert stage.subjects() == [("office@example.com", "Bo is in the CRM")], (
        "north is gone, the fallback of south is enough"
    )
    rows = stage.sql("select step_id from pgwhen.execution_steps where status = 'failed' order by step_id")
    assert rows == [("north",), ("south",)]
    stage.world.answer = default_answer
    stage.sql(
        "insert into leads (first_name, source, email, phone) select 'Anna', 'web', 'anna@example.com', '+31612345678'"
        " from generate_series(1, 20)"
    )
    stage.sql("insert into leads (first_name) values ('Cy')")
    stage.poll()
    subjects = [subject for _, subject in stage.subjects()]
    assert (subjects.count("Welcome"), subjects.count("Who sent Cy?")) == (20, 1)
    assert len(subjects) == 1 + 20 + 1 + 21
    texts = stage.sql(
        "select count(*) filter (where outcome = 'part:both') from pgwhen.execution_steps where step_id = 'experiment'"
    )[0][0]
    assert 0 < texts < 20
    assert stage.sql("select count(*) from pgwhen.execution_steps where step_id = 'text' and status = 'completed'") == [
        (texts,)
    ]
    assert stage.sql("select distinct status from pgwhen.executions") == [("completed",)]


def test_example_lead_follow_up(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("leads")
    stage.apply("docs/examples/lead_follow_up.json")
    stage.sql("insert into staff (name, email) values ('Olga', 'olga@example.com')")
    stage.sql(
        "insert into leads (first_name, source, budget, owner_id) values"
        " ('Anna', 'web', null, 1), ('Bo', 'radio', 10001, 1), ('Cy', 'radio', 10, 1), ('Di', 'fair', 5, 1)"
    )
    stage.poll()
    stage.sql("update leads set status = 'called' where first_name = 'Di'")
    stage.advance("47 hours")
    stage.poll()
    assert not stage.mails
    stage.advance("1 hour")
    stage.poll("process")
    assert stage.subjects() == [
        ("olga@example.com", "Anna waits for a call"),
        ("olga@example.com", "Bo waits for a call"),
    ]
    assert [(row["status"], row["reason"]) for row in stage.executions()] == [
        ("completed", None),
        ("completed", None),
        ("completed", "somebody was faster"),
    ]


def test_example_imported_job_completed(stage: Stage) -> None:
    stage.attach("jobs")
    stage.apply("docs/examples/imported_job_completed.json")
    insert = "insert into jobs (title, client_id) values (%s, %s)"
    stage.sql(insert, "Boiler", client(stage))
    stage.sql(insert, "Roof", client(stage, first_name="Bo", email="bo@example.com", phone=None))
    stage.sql("update jobs set status = 'completed'")
    stage.sql("update jobs set total = 100")
    stage.poll()
    assert stage.subjects() == [
        ("anna@example.com", "Job Completed - Boiler"),
        ("bo@example.com", "Job Completed - Roof"),
    ]
    assert {body(mail) for mail in stage.mails} == {
        "Dear Anna,\n\nYour job has been completed.",
        "Dear Bo,\n\nYour job has been completed.",
    }
    assert stage.texts == [("+31612345678", "Job Boiler completed. Thank you!")]
    assert sorted((row["workflow"], row["status"], row["had_failures"]) for row in stage.executions()) == [
        ("job_completed", "completed", False),
        ("job_completed", "completed", True),
    ], "steps of this form go on after a failure"


def test_example_new_lead(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("leads")
    stage.apply("docs/examples/new_lead.yaml")
    insert = "insert into leads (first_name, email, budget) values (%s, %s, %s)"
    stage.sql(insert, "Ada", "ada@example.com", 2500)
    stage.sql(insert, "Bob", "bob@example.com", 200)
    stage.sql(insert, "Eve", "eve@example.com", 5000)
    stage.poll()
    welcome = [
        ("ada@example.com", "Welcome, Ada"),
        ("bob@example.com", "Welcome, Bob"),
        ("eve@example.com", "Welcome, Eve"),
    ]
    assert stage.subjects() == welcome
    stage.sql("update leads set status = 'called' where first_name = 'Eve'")
    stage.advance("2 days 1 second")
    stage.poll()
    questions = ("ada@example.com", "Ada, do you have questions?")
    assert sorted(stage.subjects()) == sorted([*welcome, questions])
    (text,) = [body(mail) for mail in stage.mails if str(mail.message["Subject"]) == questions[1]]
    assert "a budget of EUR 2500.00" in text
    assert [row["status"] for row in stage.executions()] == ["completed"] * 3


def test_example_form_submission(stage: Stage) -> None:
    stage.attach("form_submissions")
    stage.apply("docs/examples/form_submission.yaml")
    stage.sql(
        "insert into form_submissions (name, email, message, fields)"
        " values ('Linus', 'linus@example.com', '{{ 7*7 }}', %s)",
        '{"topic": "roof"}',
    )
    stage.poll()
    (call,) = stage.requests
    assert (call.method, call.path) == ("POST", "/crm/contacts")
    assert call.json == {
        "name": "Linus", "email": "linus@example.com", "message": "{{ 7*7 }}", "fields": {"topic": "roof"},
    }  # fmt: skip
    assert stage.steps() == {"create_contact": "completed"}


def test_example_lead_answer(stage: Stage) -> None:
    stage.set_clock(MORNING)
    stage.attach("leads", "form_submissions")
    stage.apply("docs/examples/lead_answer.yaml")
    insert = "insert into leads (first_name, email) values (%s, %s)"
    for name in ("Answer", "Silent", "Called", "Won"):
        stage.sql(insert, name, f"{name.lower()}@example.com")
    stage.poll()
    assert len(stage.mails) == 4
    stage.sql("insert into form_submissions (email, message) values ('answer@example.com', 'a roof')")
    stage.sql(
        "select pgwhen.emit_event('lead.called', jsonb_build_object('lead', id)) from leads where first_name = 'Called'"
    )
    stage.sql("update leads set status = 'won' where first_name = 'Won'")
    stage.poll()
    stage.advance("3 days 1 minute")
    stage.poll()
    assert [mail for mail in stage.subjects() if not mail[1].startswith("Welcome")] == [
        ("office@example.com", "Answer has answered"),
        ("silent@example.com", "Do you still need us?"),
    ]
    assert [body(mail) for mail in stage.mails if mail.recipients == ["office@example.com"]] == ["a roof"]
    assert {(row["status"], str(row["reason"]).split(" (")[0]) for row in stage.executions()} == {
        ("completed", "None"),
        ("completed", "no answer"),
        ("completed", "exit_on: lead.called"),
        ("completed", 'exit_if: status: {in: ["won", "lost"]}'),
    }


def test_example_won_lead(stage: Stage) -> None:
    stage.attach("leads")
    stage.sql("grant select, insert on clients, jobs to pgwhen_actions; grant update on leads to pgwhen_actions")
    stage.apply("docs/examples/won_lead.yaml")
    insert = "insert into leads (first_name, email) values ('Anna', 'anna@example.com') returning id"
    first, second = (stage.sql(insert)[0][0] for _ in range(2))
    stage.sql("update leads set status = 'won' where id = %s", first)
    stage.poll()
    assert stage.sql("select first_name, email from clients") == [("Anna", "anna@example.com")]
    assert stage.sql("select status from leads where id = %s", second) == [("merged",)]
    stage.sql("update leads set status = 'won' where id = %s", second)
    stage.poll()
    assert stage.sql("select count(*) from clients") == [(1,)]
    jobs = "select j.title, c.email from jobs j join clients c on c.id = j.client_id"
    assert stage.sql(jobs) == [("First visit to Anna", "anna@example.com")] * 2
    assert [execution["status"] for execution in stage.executions()] == ["completed"] * 2


def test_example_planned_jobs(stage: Stage) -> None:
    stage.attach("jobs")
    stage.apply("docs/examples/planned_jobs.yaml")
    insert = "insert into jobs (title, status, client_id, scheduled_at) values (%s, %s, %s, %s)"
    for number in range(7):
        stage.sql(
            insert, f"job {number}", "scheduled", client(stage, phone=f"+3161234567{number}"), f"2026-06-1{number}"
        )
    stage.sql(insert, "nobody", "scheduled", client(stage, phone=None), "2026-06-20")
    stage.sql(insert, "done", "completed", client(stage), "2026-06-01")
    stage.sql("select pgwhen.start_execution('planned_jobs', %s)", '{"reason": "storm"}')
    stage.poll()
    assert sorted(stage.texts) == [(f"+3161234567{n}", f"Dear Anna, job {n} will be later: storm.") for n in range(7)]
    (mail,) = stage.mails
    assert mail.message["Subject"] == "8 clients told"
    assert body(mail).startswith("Not reached: number 8, ")
    (listed,) = stage.json("executions")
    assert listed["status"] == "completed" and listed["had_failures"]
    (each, _) = stage.json("show", listed["execution_id"])["steps"]
    assert each["children"]["progress"] == "8 of 8 done, 1 failed"
    assert "8 of 8 done, 1 failed" in stage.cli("show", listed["execution_id"])
