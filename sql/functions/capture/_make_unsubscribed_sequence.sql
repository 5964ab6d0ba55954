-- The triggers look at it with the rights of whoever writes. To a role that may not, PostgreSQL 18 gives null, which counts as
-- subscribed; before 18 it is an error, and a restore without privileges would keep the application from writing: there is none there.
--
-- A publication that is under way does not see the sequence of a transaction that has not been committed. It cannot be for a new
-- attachment, which it does not see either; of one that was there before nobody knows until maintain has looked.
create or replace function pgwhen._make_unsubscribed_sequence(p_attachment_id integer, p_is_new boolean) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name text := 'pgwhen.unsubscribed_' || p_attachment_id;
begin
  if current_setting('server_version_num')::integer < 180000 or pgwhen._unsubscribed_sequence(p_attachment_id) is not null then
    return;
  end if;
  -- Dynamic: the name.
  execute format('create sequence %s', v_name);
  execute format('comment on sequence %s is %L', v_name,
    format('Has a value while nobody is subscribed to attachment %s; its triggers are not called then. Kept by publish and maintain.', p_attachment_id));
  execute format('grant select on sequence %s to public', v_name);
  if p_is_new then
    perform setval(v_name, 1);
  end if;
end
$$;
comment on function pgwhen._make_unsubscribed_sequence(integer, boolean) is 'Makes the sequence by which triggers see that nobody is subscribed, from PostgreSQL 18 on.';
