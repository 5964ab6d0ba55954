-- A template as Jinja2's lexer cuts it: text, comments and raw blocks go, expressions and statements stay. An opening that is
-- nowhere closed comes back as kind "open". Braces inside an expression (dictionaries) are followed four levels down.
create or replace function pgwhen._template_parts(p_template text) returns table (kind text, code text, place bigint)
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select
    case
      when m.parts[1] ~ '^\{%[-+]?\s*raw\s*[-+]?%\}' then 'raw'
      when length(m.parts[1]) > 3 and left(m.parts[1], 2) = '{{' then 'expression'
      when length(m.parts[1]) > 3 and left(m.parts[1], 2) = '{%' then 'statement'
      else 'open'
    end,
    case when length(m.parts[1]) > 3 then trim(both '-+' from substr(m.parts[1], 3, length(m.parts[1]) - 4)) else m.parts[1] end,
    m.place
  from regexp_matches(p_template,
    '(\{%[-+]?\s*raw\s*[-+]?%\}(?:[^{]|\{(?!%[-+]?\s*endraw))*\{%[-+]?\s*endraw\s*[-+]?%\}'
    || '|\{#(?:[^#]|#(?!\}))*#\}'
    || '|\{\{(?:"(?:[^"\\]|\\.)*"|''(?:[^''\\]|\\.)*''|\{(?:[^{}"'']|"(?:[^"\\]|\\.)*"|''(?:[^''\\]|\\.)*''|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}|[^{}"'']|\}(?!\}))*\}\}'
    || '|\{%(?:"(?:[^"\\]|\\.)*"|''(?:[^''\\]|\\.)*''|[^%"'']|%(?!\}))*%\}'
    || '|\{[{%#]|[^{]+|\{)', 'g') with ordinality as m (parts, place)
  where m.parts[1] ~ '^\{[{%#]' and m.parts[1] !~ '^\{#.*#\}$'
$$;
comment on function pgwhen._template_parts(text) is 'Expressions and statements of a Jinja2 template.';
