-- A table that was detached is found by its name: executions go on. For the target of a foreign key the name was right at
-- publish; after a rename the foreign key itself still knows its table.
create or replace function pgwhen._node_relation(p_node jsonb, p_from oid) returns regclass
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation regclass;
  v_name text[];
begin
  if p_node ->> 'kind' = 'record' then
    v_relation := coalesce(
      pgwhen._attachment_relation((p_node ->> 'attachment')::integer),
      (select pgwhen._relation_named(a.schema_name, a.table_name) from pgwhen.attachments a
       where a.attachment_id = (p_node ->> 'attachment')::integer));
  else
    v_name := parse_ident(p_node ->> 'table');
    v_relation := pgwhen._relation_named(v_name[1], v_name[2]);
    if v_relation is null then
      select c.confrelid::regclass into v_relation
      from pg_constraint c
      where c.conrelid = p_from and c.contype = 'f'
        and (
          select jsonb_agg(a.attname order by k.n)
          from unnest(c.conkey) with ordinality k (attnum, n)
          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
        ) = p_node -> 'from_columns'
      order by c.oid
      limit 1;
    end if;
  end if;
  if v_relation is null then
    raise exception using errcode = 'WF133',
      message = format('the table %s is gone', coalesce(p_node ->> 'table', 'of attachment ' || (p_node ->> 'attachment'))),
      detail = format('The workflow reads it as %s.', array_to_string(array(select jsonb_array_elements_text(p_node -> 'path')), '.')),
      hint = 'Change the workflow and publish it again.';
  end if;
  return v_relation;
end
$$;
comment on function pgwhen._node_relation(jsonb, oid) is 'Table that a node of a version''s reads is read from; p_from is the table whose foreign key points to it. Raises WF133 when it is gone.';
