-- The triggers look at them with the rights of whoever writes. To a role that may not, PostgreSQL 18 gives null, which counts as
-- subscribed; before 18 it is an error, and a restore without privileges would keep the application from writing: there are none there.
--
-- A publication that is under way does not see the sequences of a transaction that has not been committed. It cannot be for a new
-- attachment, which it does not see either; of one that was there before nobody knows until maintain has looked.
create or replace function pgwhen._make_unsubscribed_sequences(p_attachment_id integer, p_is_new boolean) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_operation text;
  v_name text;
begin
  if current_setting('server_version_num')::integer < 180000 then
    return;
  end if;
  foreach v_operation in array array['insert', 'update', 'delete', 'truncate'] loop
    if pgwhen._unsubscribed_sequence(p_attachment_id, v_operation) is null then
      v_name := format('pgwhen.unsubscribed_%s_%s', p_attachment_id, v_operation);
      -- Dynamic: the name.
      execute format('create sequence %s', v_name);
      execute format('comment on sequence %s is %L', v_name,
        format('Has a value while nobody is subscribed to attachment %s, %s: its trigger is not called then. Kept by publish and maintain.',
          p_attachment_id, v_operation));
      execute format('grant select on sequence %s to public', v_name);
      if p_is_new then
        perform setval(v_name, 1);
      end if;
    end if;
  end loop;
end
$$;
comment on function pgwhen._make_unsubscribed_sequences(integer, boolean) is 'Makes the sequences by which triggers see that nobody is subscribed, from PostgreSQL 18 on.';
