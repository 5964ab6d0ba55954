-- Pollers and the database are upgraded at different times; each accepts a range of the other's. Contract 2 performs database steps.
create or replace function pgwhen.contract() returns int4range
language sql immutable parallel safe
return int4range(1, 2, '[]');
comment on function pgwhen.contract() is 'Contract numbers of pollers that this database accepts.';
