-- Erases a person. What has not ended is cancelled first, so that nothing more is sent; what is on its way at that moment writes its
-- result when it comes, so that then nothing is erased yet, and the call is to be repeated: the key of what was erased would be gone.
--
-- No tick runs beside it: what waits in the queue of events cannot become an event behind its back. The audit log gets a hash of
-- the key under this installation's secret, so that keys cannot be tried out against it.
create or replace function pgwhen.forget_record(p_table regclass, p_key jsonb, p_reason text default null, p_dry_run boolean default false)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
declare
  v_name text := (select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_table);
  v_key jsonb := pgwhen._record_key(p_table, pgwhen._key_columns(p_table), p_key);
  v_hash text;
  v_found record;
  v_counts jsonb;
  v_open uuid[];
begin
  v_hash := (select encode(sha256(convert_to(format('%s %s %s %s', k.key, pgwhen._tenant(), v_name, v_key), 'UTF8')), 'hex') from pgwhen.cause_key k);
  if not p_dry_run then
    perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
    perform pg_advisory_xact_lock(hashtextextended('pgwhen.tick', 0));
  end if;
  select * into v_found from pgwhen._find_record(p_table, v_key);
  v_counts := pgwhen._count_record(v_found.event_ids, v_found.execution_ids, v_found.message_ids);
  if p_dry_run then
    return jsonb_build_object('state', 'counted', 'hash', v_hash, 'counts', v_counts);
  end if;

  v_open := array(
    select x.execution_id from unnest(v_found.execution_ids) i join pgwhen.executions x on x.execution_id = i
    where x.status in ('pending', 'running', 'waiting') order by x.execution_id);
  for v_start in 1..cardinality(v_open) by 10000 loop
    perform from pgwhen.cancel_executions(v_open[v_start:v_start + 9999], 'its record is to be forgotten');
  end loop;
  perform from pgwhen.executions x where x.execution_id = any (v_found.execution_ids) order by x.execution_id for no key update;
  if exists (select from unnest(v_found.execution_ids) i join pgwhen.execution_steps s on s.execution_id = i where s.status in ('claimed', 'sending')) then
    return jsonb_build_object('state', 'in flight', 'hash', v_hash,
      'counts', pgwhen._count_record(v_found.event_ids, v_found.execution_ids, v_found.message_ids));
  end if;
  perform pgwhen._erase_record(v_found.attachment_ids, v_key, v_found.event_ids, v_found.execution_ids, v_found.message_ids);
  perform pgwhen._audit('forget_record', array[v_name], p_reason, jsonb_build_object('key_hash', v_hash, 'counts', v_counts));
  return jsonb_build_object('state', 'forgotten', 'hash', v_hash, 'counts', v_counts);
end
$$;
comment on function pgwhen.forget_record(regclass, jsonb, text, boolean) is 'Erases what is known of a record (a person): in events of it and of rows that point to it by a foreign key, and in the executions for those.
p_key is the primary key''s value, or an object of its columns. Executions that have not ended are cancelled. Ids, times, states and codes stay.
Returns {state: forgotten | in flight | counted, hash, counts}. In flight: actions are on their way, nothing is erased yet; call again when
they have ended. p_dry_run counts only.';
