create or replace function pgwhen._shell_word(p_text text) returns text
language sql immutable parallel safe
return case when p_text ~ '^[A-Za-z0-9@%_+=:,./-]+$' then p_text else '''' || replace(p_text, '''', '''\''''') || '''' end;
comment on function pgwhen._shell_word(text) is 'A text as one word of a shell''s command line.';
