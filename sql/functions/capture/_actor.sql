-- Inlined into the expressions of capture, for which a call of its own would be a tenth of its cost; an SQL-standard body is
-- bound when it is created, so it needs no search_path. A setting that was set locally once reads as '' afterwards.
create or replace function pgwhen._actor() returns text
language sql stable
return left(
  case
    when coalesce(current_setting('pgwhen.actor', true), '') <> '' then current_setting('pgwhen.actor')
    when coalesce(current_setting('request.jwt.claims', true), '') <> ''
      then coalesce(pgwhen._jwt_subject(current_setting('request.jwt.claims')), session_user::text)
    else session_user::text
  end,
  200);
comment on function pgwhen._actor() is 'Who acts: the setting pgwhen.actor, else sub of the JWT that PostgREST passes on, else session_user.';
