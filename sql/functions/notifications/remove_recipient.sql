create or replace function pgwhen.remove_recipient(p_recipient text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  delete from pgwhen.recipients r where r.tenant = pgwhen._tenant() and r.recipient = trim(p_recipient);
  return found;
end
$$;
comment on function pgwhen.remove_recipient(text) is 'Removes a recipient with all preferences; false if there is none of that name. Suppressions of the addresses stay.';
