-- What an attachment is made of: a stored document, or a text.
create or replace function pgwhen._check_attachments(p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_item jsonb;
  v_place text;
begin
  if jsonb_typeof(p_value) is distinct from 'array' or p_value = '[]' then
    return pgwhen._problem('WF002', p_path, format('%s is not a list of attachments', pgwhen._quote(p_value)));
  end if;
  for v_item, v_place in select e.value, format('%s[%s]', p_path, e.ordinality - 1) from jsonb_array_elements(p_value) with ordinality e loop
    v_problems := v_problems || pgwhen._check_object('{attachment}', v_item, v_place, 'an attachment');
    if jsonb_typeof(v_item) = 'object' and (v_item ? 'document')::integer + (v_item ? 'text')::integer <> 1 then
      v_problems := v_problems || pgwhen._problem('WF014', v_place, 'an attachment has one of document and text');
    elsif v_item ? 'text' and not v_item ? 'file' then
      v_problems := v_problems || pgwhen._problem('WF005', v_place, 'an attachment of a text needs file');
    end if;
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_attachments(jsonb, text) is 'Problems with the attachments of an e-mail.';
