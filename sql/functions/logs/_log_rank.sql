create or replace function pgwhen._log_rank(p_level text) returns integer
language sql immutable parallel safe
return array_position('{debug,info,warning,error}'::text[], p_level);
comment on function pgwhen._log_rank(text) is 'Levels of logs in their order, from 1; null for what is none.';
