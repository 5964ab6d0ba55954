-- Approvals: what was asked, who may answer and what they said, and which message went to whom.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table approval_requests (
  approval_id uuid primary key,
  execution_id uuid not null,
  requested_at timestamptz not null,
  expires_at timestamptz,
  closed_at timestamptz,
  generation integer not null,
  reminder_count integer not null default 0,
  in_sequence boolean not null,
  tenant text not null references tenants,
  step_id text not null,
  need text not null,
  requester text,
  outcome text,
  closed_by text,
  unique (execution_id, step_id, generation),
  constraint need_is_known check (need in ('all', 'majority') or need ~ '^[1-9][0-9]{0,2}$'),
  constraint outcome_is_known check (outcome in ('approved', 'rejected', 'timed_out', 'cancelled', 'failed')),
  constraint outcome_is_set_when_closed check ((outcome is not null) = (closed_at is not null))
);
comment on table approval_requests is 'What approval steps ask, a row each time one is begun. They stay as long as their execution.';
comment on column approval_requests.approval_id is 'Identity, for people and links.';
comment on column approval_requests.execution_id is 'The execution that waits.';
comment on column approval_requests.requested_at is 'When it was asked.';
comment on column approval_requests.expires_at is 'Until when it may be decided; null without an end.';
comment on column approval_requests.closed_at is 'When it was decided or ended otherwise; null while it is open.';
comment on column approval_requests.generation is 'Generation of the step.';
comment on column approval_requests.reminder_count is 'How often it was reminded of.';
comment on column approval_requests.in_sequence is 'Whether the approvers are asked one after the other.';
comment on column approval_requests.tenant is 'Owner.';
comment on column approval_requests.step_id is 'The approval step.';
comment on column approval_requests.need is 'How many have to approve: a number, all, or majority.';
comment on column approval_requests.requester is 'Who caused the event and may therefore not decide; null where the step allows it.';
comment on column approval_requests.outcome is 'approved, rejected, timed_out, failed, or cancelled (the execution ended first); null while it is open.';
comment on column approval_requests.closed_by is 'Approver whose vote decided it.';
-- For lists of what is open: few rows, changed at the pace of people. The engine finds a step's row by its key, and asks for the outcome
-- instead, so that no plan of it can take this index.
create index approval_requests_open on approval_requests (tenant, requested_at) where closed_at is null;

create table approvers (
  approval_id uuid not null references approval_requests on delete cascade,
  token uuid not null,
  asked_at timestamptz,
  decided_at timestamptz,
  withdrawn_at timestamptz,
  place integer not null,
  approver text not null,
  user_name text,
  role_name text,
  email text,
  phone text,
  decision text,
  decided_by text,
  comment text,
  withdrawn_because text,
  form jsonb,
  primary key (approval_id, approver),
  constraint decision_is_known check (decision in ('approved', 'rejected')),
  constraint decided_at_is_set_when_decided check ((decision is not null) = (decided_at is not null)),
  constraint withdrawn_have_no_vote check (withdrawn_at is null or decision is null)
);
comment on table approvers is 'Who may decide an approval, with their vote: one for each of them.';
comment on column approvers.approval_id is 'The approval.';
comment on column approvers.token is 'What a link in the message to this approver carries: who knows only the approval cannot make it up.';
comment on column approvers.asked_at is 'Since when they may vote; null until it is their turn.';
comment on column approvers.decided_at is 'When they voted.';
comment on column approvers.withdrawn_at is 'When they handed it on or were replaced; they may no longer vote.';
comment on column approvers.place is 'Their turn, where the approvers are asked in sequence.';
comment on column approvers.approver is 'Name for people and for --by: their e-mail address, user or telephone number.';
comment on column approvers.user_name is 'Database login by which they vote themselves; null where they are known by an address only.';
comment on column approvers.role_name is 'Database role that they were asked as a member of.';
comment on column approvers.email is 'Where e-mails to them go.';
comment on column approvers.phone is 'Where text messages to them go.';
comment on column approvers.decision is 'approved or rejected; null while they have not voted.';
comment on column approvers.decided_by is 'Who really voted: the approver, or an operator on their behalf.';
comment on column approvers.comment is 'What they said.';
comment on column approvers.withdrawn_because is 'Why they may no longer vote.';
comment on column approvers.form is 'What they filled in.';

create table approval_messages (
  approval_id uuid not null references approval_requests on delete cascade,
  part integer not null,
  number integer not null default 1,
  kind text not null,
  type text not null,
  approver text not null,
  primary key (approval_id, part),
  constraint kind_is_known check (kind in ('request', 'reminder', 'escalation')),
  constraint type_is_known check (type in ('email', 'sms'))
);
comment on table approval_messages is 'Messages of approval steps: each is a part of its step, sent as any action is.';
comment on column approval_messages.approval_id is 'The approval.';
comment on column approval_messages.part is 'Part of the step, from 1.';
comment on column approval_messages.number is 'Which reminder it is, from 1.';
comment on column approval_messages.kind is 'request, reminder or escalation.';
comment on column approval_messages.type is 'email or sms.';
comment on column approval_messages.approver is 'Whom it goes to.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array['approval_requests', 'approvers', 'approval_messages'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy owner on %I to pgwhen_owner using (true) with check (true)', v_table);
  end loop;
end $$;

-- Functions whose signature has changed: the old one would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists _enqueue_actions(step_ref[]);
