"""Approvals from the row to the mail and back: the command line, SMTP, and people with odd names."""

import shlex

from tests.e2e.harness import Stage, body

MORNING = "2026-06-01T08:00:00+00:00"

WORKFLOW = """
workflow: release
name: Freigabe für Größe
when: {table: jobs, row: created}
steps:
  - id: ok
    type: approval
    name: Dürfen wir?
    approvers: "{{ job.client.email }}"
    timeout: 2 days
    approved:
      - {id: go, type: email, to: office@example.com, subject: Go, text: "{{ steps.ok.output.comment }}"}
"""


def prepare(stage: Stage, email: str = "anna@example.com") -> str:
    """A job whose client is asked; the id of the approval."""
    stage.set_clock(MORNING)
    stage.attach("jobs")
    (stage.folder / "release.yaml").write_text(WORKFLOW)
    stage.cli("apply", "release.yaml")
    stage.sql("insert into clients (first_name, email) values ('Zoë', %s)", email)
    stage.sql("insert into jobs (title, client_id) values ('Dach', 1)")
    stage.poll()
    return str(stage.json("approvals")[0]["approval_id"])


def test_the_default_mail_says_how_to_answer(stage: Stage) -> None:
    found = prepare(stage)
    (mail,) = stage.mails
    assert mail.message["Subject"] == "Approval: Dürfen wir?" and mail.recipients == ["anna@example.com"]
    assert body(mail).splitlines() == [
        "Freigabe für Größe waits for your decision: Dürfen wir?",
        "",
        f"To approve:  pgwhen approve {found} --by anna@example.com",
        f'To reject:   pgwhen reject {found} --by anna@example.com --comment "..."',
        "",
        "Until 2026-06-03T08:00:00+00:00; then it fails.",
    ]
    command = shlex.split(body(mail).splitlines()[2].partition("pgwhen ")[2])
    assert "approved: 1 of 1 approved" in stage.cli(*command, "--comment", "ja, schön ☕")
    stage.poll()
    assert body(stage.mails[-1]) == "ja, schön ☕"
    assert [row["status"] for row in stage.executions()] == ["completed"]


def test_what_looks_like_a_template_in_an_address_is_none(stage: Stage) -> None:
    prepare(stage, "{{7*7}}@example.com")
    (mail,) = stage.mails
    assert mail.recipients == ["{{7*7}}@example.com"] and "--by '{{7*7}}@example.com'" in body(mail)


def test_rejected_from_the_command_line(stage: Stage) -> None:
    found = prepare(stage)
    shown = stage.cli("approvals")
    assert "Dürfen wir?" in shown and "0 of 1" in shown and "anna@example.com" in shown
    assert "rejected: 0 of 1 approved, 1 rejected" in stage.cli("reject", found, "--by", "anna@example.com")
    stage.cli("approve", found, "--by", "anna@example.com", code=1)
    shown = stage.cli("approvals", "show", found)
    assert "rejected" in shown and "closed" in shown and "request by email to anna@example.com" in shown
    assert [(row["status"], row["reason"]) for row in stage.executions()] == [("completed", "rejected")]


def test_delegated_and_approved_by_the_other(stage: Stage) -> None:
    found = prepare(stage)
    state = stage.cli("delegate", found, "--by", "anna@example.com", "--to", "bo@example.com", "--comment", "holiday")
    assert "waits for bo@example.com" in state
    stage.poll()
    assert stage.mails[-1].recipients == ["bo@example.com"]
    stage.cli("approve", found, "--by", "bo@example.com", "--comment", "done")
    stage.poll()
    assert body(stage.mails[-1]) == "done"
