create or replace function pgwhen._bare_error(p_error jsonb) returns jsonb
language sql immutable parallel safe
return case
  when p_error is not null
    then jsonb_strip_nulls(jsonb_build_object('class', p_error -> 'class', 'code', p_error -> 'code', 'step', p_error -> 'step'))
end;
comment on function pgwhen._bare_error(jsonb) is 'An error without its words: class, code and step.';
