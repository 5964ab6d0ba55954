-- Retention counts from the end, not from the start: a workflow that waited two months is kept as long after it ended as any other.
create or replace function pgwhen._is_kept(
  p_status text, p_had_failures boolean, p_finished_at timestamptz, p_cutoff timestamptz, p_failed_cutoff timestamptz) returns boolean
language sql immutable parallel safe
return p_finished_at is null
  or p_finished_at > case when p_status = 'failed' or p_had_failures then least(p_failed_cutoff, p_cutoff) else p_cutoff end;
comment on function pgwhen._is_kept(text, boolean, timestamptz, timestamptz, timestamptz) is 'Whether an execution stays: it has not ended, or not long enough ago.';
