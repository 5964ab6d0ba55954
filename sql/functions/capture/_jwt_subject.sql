-- Anybody may set request.jwt.claims to anything, and capture must not break a write for it: claims that are no JSON object
-- name nobody.
create or replace function pgwhen._jwt_subject(p_claims text) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return nullif(p_claims::jsonb ->> 'sub', '');
exception
  when data_exception or program_limit_exceeded then
    return null;
end
$$;
comment on function pgwhen._jwt_subject(text) is 'The claim sub of a JWT, null where there is none.';
