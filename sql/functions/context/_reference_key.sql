-- A foreign key of which a column is null refers to nothing. Nearly all have one column: that case is inlined (which takes stable: jsonb_build_object is).
create or replace function pgwhen._reference_key(p_record jsonb, p_from_columns jsonb, p_to_columns jsonb) returns jsonb
language sql stable parallel safe
return case
  when jsonb_array_length(p_from_columns) > 1 then pgwhen._composite_key(p_record, p_from_columns, p_to_columns)
  when p_record -> (p_from_columns ->> 0) <> 'null' then jsonb_build_object(p_to_columns ->> 0, p_record -> (p_from_columns ->> 0))
end;
comment on function pgwhen._reference_key(jsonb, jsonb, jsonb) is 'Key of the row that a record''s foreign key points to; null where it points to none.';
