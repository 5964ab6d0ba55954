-- By its text, since the function itself may be gone. Steps that are published keep naming it, and fail from now on.
create or replace function pgwhen.unregister_function(p_function text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_signatures constant text[] := array(
    select r.signature from pgwhen.registered_functions r
    where r.tenant = pgwhen._tenant() and p_function in (r.signature, r.function_name, r.schema_name || '.' || r.function_name));
begin
  if cardinality(v_signatures) <> 1 then
    raise exception using errcode = 'WF266', message = case v_signatures when '{}' then format('%s is not registered', p_function)
        else format('%s is ambiguous', p_function) end,
      hint = case v_signatures when '{}' then 'pgwhen functions lists what is.' else 'Write ' || array_to_string(v_signatures, ' or ') || '.' end;
  end if;
  delete from pgwhen.registered_functions r where r.tenant = pgwhen._tenant() and r.signature = v_signatures[1];
  perform pgwhen._audit('unregister_function', v_signatures, null);
  return jsonb_build_object('function', v_signatures[1]);
end
$$;
comment on function pgwhen.unregister_function(text) is 'Ends what register_function began; takes a name or signature and returns {function}.';
