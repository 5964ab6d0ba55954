-- Words for people beside the reason's name.
create or replace function pgwhen._skip_text(p_reason text, p_max_depth integer) returns text
language sql immutable parallel safe
return case p_reason
  when 'paused' then 'the workflow was paused when the event occurred'
  when 'depth' then format('the event was caused by a chain of workflows longer than %s (setting max_depth)', p_max_depth)
  when 'reentry' then 'the workflow itself caused the event, for the same record'
  when 'suppressed' then 'suppress_if holds'
end;
comment on function pgwhen._skip_text(text, integer) is 'Why an event did not start a workflow, in words.';
