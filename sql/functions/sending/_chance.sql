-- As good as random for those who must not come at the same moment, and the same for those who must.
create or replace function pgwhen._chance(p_seed text) returns double precision
language sql immutable parallel safe
return (hashtextextended(p_seed, 0) & 65535) / 65536.0;
comment on function pgwhen._chance(text) is 'A number from 0 to 1, made of a text.';
