"""A notification from a row to a person, by real providers: the first channel, the next one, a digest."""

from tests.e2e.harness import Call, Stage, body, default_answer

WORKFLOW = """
workflow: notify
when: {table: leads, row: created}
steps:
  - id: tell
    type: notification
    to: {email: "{{ lead.email }}", phone: "{{ lead.phone }}", locale: nl}
    channels: [sms, email]
    %s
    message:
      subject: "{{ notification.count }} x {{ lead.first_name }}"
      text: "{{ lead.first_name }} by {{ notification.channel }}"
"""


def apply(stage: Stage, more: str = "category: news") -> None:
    """Publish it, the clock stopped."""
    stage.set_clock("2026-06-01T08:10:00+00:00")
    stage.attach("leads")
    document = stage.folder / "notify.yaml"
    document.write_text(WORKFLOW % more)
    stage.apply(document)


def lead(stage: Stage, name: str) -> None:
    """Somebody asks for something; two polls see it through."""
    stage.sql("insert into leads (first_name, email, phone) values (%s, 'anna@example.com', '+31612345678')", name)
    stage.poll(), stage.poll()


def test_the_first_channel(stage: Stage) -> None:
    apply(stage)
    lead(stage, "Zoë")
    assert stage.texts == [("+31612345678", "Zoë by sms")] and stage.mails == []
    assert stage.steps() == {"tell": "completed"}
    (execution,) = stage.json("executions")
    shown = stage.cli("show", execution["execution_id"])
    assert "sms to anna@example.com" in shown


def test_the_next_channel_after_a_failure(stage: Stage) -> None:
    def no_such_number(call: Call) -> tuple[int, object]:
        if call.path.startswith("/twilio/"):
            return 400, {"code": 21211, "message": "not a valid phone number", "status": 400}
        return default_answer(call)

    stage.world.answer = no_such_number
    apply(stage)
    lead(stage, "Zoë")
    (mail,) = stage.mails
    assert (mail.recipients, body(mail)) == (["anna@example.com"], "Zoë by email")


def test_who_opted_out_by_stop_is_told_by_the_next_channel(stage: Stage) -> None:
    apply(stage)
    stage.sql("select pgwhen.suppress('sms', '+31612345678', 'opt_out')")
    lead(stage, "Zoë")
    assert stage.texts == [] and [mail.recipients for mail in stage.mails] == [["anna@example.com"]]


def test_who_opted_out_everywhere_is_not_told(stage: Stage) -> None:
    apply(stage)
    stage.sql("select pgwhen.suppress('sms', '+31612345678', 'opt_out')")
    stage.sql("select pgwhen.suppress('email', 'anna@example.com', 'complaint')")
    lead(stage, "Zoë")
    assert stage.texts == [] and stage.mails == []
    ((status, reason),) = stage.sql("select status, reason from pgwhen.execution_steps where part = 0")
    assert status == "skipped" and "complained" in reason and "opted out" in reason


def test_a_digest(stage: Stage) -> None:
    apply(stage, "digest: hourly")
    lead(stage, "Anna"), lead(stage, "Bo")
    assert stage.texts == []
    stage.advance("50 minutes")
    stage.poll(), stage.poll()
    assert len(stage.texts) == 1
    assert stage.steps() == {"tell": "completed"}
