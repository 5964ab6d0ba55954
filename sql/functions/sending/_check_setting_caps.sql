-- A trigger, since settings are written with insert and update. Before the constraint, which could not say which channels there are.
create or replace function pgwhen._check_setting_caps() returns trigger
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._check_caps(to_jsonb(new) -> 'value');
  return new;
end
$$;
comment on function pgwhen._check_setting_caps() is 'Trigger of settings: refuses a value of recipient_caps that means nothing.';
create or replace trigger check_recipient_caps before insert or update on pgwhen.settings
for each row when (new.name = 'recipient_caps') execute function pgwhen._check_setting_caps();
