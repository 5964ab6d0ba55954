create or replace function pgwhen.show_connection(p_name text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_found jsonb := (select to_jsonb(c) from pgwhen.list_connections() c where c.name = p_name);
begin
  if v_found is null then
    perform pgwhen._require_connection(p_name);
  end if;
  return v_found || jsonb_build_object('workflows', to_jsonb(case when not (v_found -> 'shared')::boolean then pgwhen._connection_users(pgwhen._tenant(), p_name) end),
    'under_way', case when not (v_found -> 'shared')::boolean then pgwhen._messages_under_way(pgwhen._tenant(), p_name) end);
end
$$;
comment on function pgwhen.show_connection(text) is 'A connection as list_connections has it, with workflows that name it and how many messages are to leave by it (under_way).
Of one that belongs to the tenant default, others see neither these nor its settings.';
