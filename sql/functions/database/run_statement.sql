-- owner: pgwhen_actions
-- The only way by which workflows write to the application's tables, and their queries read: with the rights of pgwhen_actions, so that
-- plain GRANT says what they may. Only pgwhen_owner can call it. Values are in p_values, never in the text.
--
-- It runs with the search_path of the poller's session, as any statement of the application would: triggers of the application may
-- rely on it, and our own names have their schema. Deferred constraints are checked here, where a violation is the step's error.
create or replace function pgwhen_sandbox.run_statement(p_statement text, p_values jsonb, p_search_path text, p_max integer, p_key_columns text[])
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
  c_most constant integer := 1048576;
  v_json jsonb;
  v_rows jsonb[] := '{}'::jsonb[];
  v_count integer := 0;
  v_size integer := 0;
  v_more boolean := false;
begin
  perform set_config('search_path', p_search_path, true);
  -- Dynamic: names of the application's tables, columns and functions.
  for v_json in execute format('with r as (%s) select to_jsonb(r.*) from r', p_statement) using p_values loop
    if v_count = p_max then
      v_more := true;
      exit;
    end if;
    v_count := v_count + 1;
    if not v_more then
      if pg_column_size(v_json) > c_most and p_key_columns <> '{}' then
        v_json := (select jsonb_object_agg(k, v_json -> k) from unnest(p_key_columns) k);
      end if;
      if pg_column_size(v_json) > c_most then
        raise exception using errcode = 'WF262', message = 'the output is larger than 1 MB',
          hint = 'Name the columns that later steps need, or give less back.';
      end if;
      v_size := v_size + pg_column_size(v_json);
      if v_size > c_most then
        v_more := true;
        exit when p_max is not null;
      else
        v_rows := v_rows || v_json;
      end if;
    end if;
  end loop;
  set constraints all immediate;
  return jsonb_build_object('rows', to_jsonb(v_rows), 'count', case when v_more and p_max is not null then cardinality(v_rows) else v_count end,
    'more', v_more);
end
$$;
comment on function pgwhen_sandbox.run_statement(text, jsonb, text, integer, text[]) is 'Runs a statement as pgwhen_actions: {rows, count, more}. At most p_max rows are read, all without it; rows beyond 1 MB are left out,
and more says so. A row that is larger is given by its key.';
