-- SQL cannot parse Jinja2; it can tell its tokens apart, and that is enough to know which paths a template reads: names that are
-- neither filters, tests, keywords, arguments' names nor set by the template itself, with the constant parts that follow. Whether
-- the syntax is right is asked of Jinja2 by `pgwhen apply`.
--
-- Result: paths, secrets (arguments of secret()), problem.
create or replace function pgwhen._template_paths(p_template text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_keywords constant text[] := '{and,or,not,in,is,if,else,true,false,none,True,False,None,recursive,ignore,missing,with,without,context,as}'::text[];
  c_functions constant text[] := '{range,dict,namespace,cycler,joiner,loop,caller}'::text[];
  c_tags constant text[] := '{for,endfor,if,elif,else,endif,set,endset,with,endwith,filter,endfilter,macro,endmacro,call,endcall,do,break,continue}'::text[];
  v_part record;
  v_tokens text[];
  v_paths jsonb[] := '{}'::jsonb[];
  v_secrets text[] := '{}'::text[];
  v_problem text;
  v_locals text[] := '{}'::text[];
  v_marks integer[] := '{}'::integer[];
  v_new text[];
  v_path text[];
  v_tag text;
  v_token text;
  v_index integer;
  v_depth integer;
begin
  if p_template not like '%{%' then
    return '{"paths": [], "secrets": [], "problem": null}'::jsonb;
  end if;
  for v_part in select * from pgwhen._template_parts(p_template) p order by p.place loop
    if v_part.kind = 'open' then
      v_problem := format('%s is not closed', left(v_part.code, 20));
    end if;
    exit when v_problem is not null;
    continue when v_part.kind = 'raw';
    v_tokens := array(select m[1] from regexp_matches(v_part.code,
      '("(?:[^"\\]|\\.)*"|''(?:[^''\\]|\\.)*''|[[:alpha:]_][[:alnum:]_]*|[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|==|!=|<=|>=|//|\*\*|[^[:space:]])', 'g') m);
    if cardinality(v_tokens) > 5000 then
      v_problem := 'an expression has more than 5000 parts';
      exit;
    end if;
    v_index := 1;
    v_depth := 0;
    v_tag := null;
    v_new := '{}';
    if v_part.kind = 'statement' then
      v_tag := v_tokens[1];
      v_index := 2;
      if v_tag = any ('{include,import,from,extends,block,autoescape}') then
        v_problem := format('{%% %s %%} is not available: a template is one text', v_tag);
      elsif v_tag is null or v_tag <> all (c_tags) then
        v_problem := format('{%% %s %%} is not known%s', coalesce(v_tag, ''),
          coalesce('; did you mean ' || pgwhen._nearest(v_tag, c_tags) || '?', ''));
      elsif v_tag = 'for' then
        while v_index <= cardinality(v_tokens) and v_tokens[v_index] <> 'in' loop
          if v_tokens[v_index] ~ '^[[:alpha:]_]' then
            v_new := v_new || v_tokens[v_index];
          end if;
          v_index := v_index + 1;
        end loop;
        v_marks := v_marks || cardinality(v_locals);
      elsif v_tag = 'endfor' and cardinality(v_marks) > 0 then
        v_locals := v_locals[1 : v_marks[cardinality(v_marks)]];
        v_marks := v_marks[1 : cardinality(v_marks) - 1];
      elsif v_tag = 'set' then
        while v_index <= cardinality(v_tokens) and v_tokens[v_index] not in ('=', '|') loop
          if v_tokens[v_index] ~ '^[[:alpha:]_]' and (v_tokens[v_index - 1]) <> '.' then
            v_new := v_new || v_tokens[v_index];
          end if;
          v_index := v_index + 1;
        end loop;
      elsif v_tag in ('macro', 'call', 'with') then
        v_new := array(select t.token from unnest(v_tokens) with ordinality t (token, n)
          where t.n > 1 and t.token ~ '^[[:alpha:]_]'
            and case v_tag
              when 'with' then v_tokens[t.n + 1] = '='
              when 'call' then v_tokens[2] = '(' and t.n < array_position(v_tokens, ')')
              else t.n = 2 or v_tokens[t.n - 1] in ('(', ',') end);
        v_locals := case when v_tag = 'with' then v_locals else v_locals || v_new end;
      elsif v_tag = 'filter' then
        v_index := 3;
      end if;
    end if;
    exit when v_problem is not null;

    while v_index <= cardinality(v_tokens) loop
      v_token := v_tokens[v_index];
      v_depth := v_depth + case when v_token in ('(', '[', '{') then 1 when v_token in (')', ']', '}') then -1 else 0 end;
      if v_tag = 'for' and v_token = 'if' and v_depth = 0 then
        -- The filter of a loop sees the loop's names, what it goes over does not.
        v_locals := v_locals || v_new;
      end if;
      if v_token !~ '^[[:alpha:]_]' or v_token = any (c_keywords) or v_tokens[v_index - 1] in ('|', '.', 'is')
         or (v_tokens[v_index - 1] = 'not' and v_tokens[v_index - 2] = 'is') or v_tokens[v_index + 1] = '=' then
        v_index := v_index + 1;
        continue;
      end if;
      v_path := array[v_token];
      v_index := v_index + 1;
      loop
        if v_tokens[v_index] = '.' and v_tokens[v_index + 1] ~ '^([[:alpha:]_]|[0-9]+$)' then
          v_path := v_path || v_tokens[v_index + 1];
          v_index := v_index + 2;
        elsif v_tokens[v_index] = '[' and v_tokens[v_index + 2] = ']' and v_tokens[v_index + 1] ~ '^["'']|^[0-9]+$' then
          v_path := v_path || regexp_replace(trim(both '"''' from v_tokens[v_index + 1]), '\\(.)', '\1', 'g');
          v_index := v_index + 3;
        else
          exit;
        end if;
      end loop;
      if v_path[1] = any (v_locals) or v_path[1] = any (c_functions) then
        continue;
      elsif v_tokens[v_index] = '(' then
        if v_path <> '{secret}' then
          v_problem := format('%s() cannot be called%s', array_to_string(v_path, '.'), case when cardinality(v_path) > 1 then
            format('; use a filter: %s | %s', array_to_string(v_path[1 : cardinality(v_path) - 1], '.'),
              v_path[cardinality(v_path)]) else '' end);
        elsif coalesce(v_tokens[v_index + 1], '') !~ '^["'']env:[A-Za-z_][A-Za-z0-9_]*["'']$' or v_tokens[v_index + 2] is distinct
          from ')' then
          v_problem := 'secret() takes a name in quotes: secret(''env:NAME'')';
        else
          v_secrets := v_secrets || trim(both '"''' from v_tokens[v_index + 1]);
          v_index := v_index + 3;
        end if;
        exit when v_problem is not null;
        continue;
      end if;
      v_paths := v_paths || to_jsonb(v_path);
    end loop;
    exit when v_problem is not null;
    v_locals := v_locals || v_new;
  end loop;
  return jsonb_build_object('problem', v_problem, 'secrets', to_jsonb(v_secrets),
    'paths', (select coalesce(jsonb_agg(distinct p), '[]') from unnest(v_paths) p));
end
$$;
comment on function pgwhen._template_paths(text) is 'Which paths of the context a template reads, and which secrets.';
