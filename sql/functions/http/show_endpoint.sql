create or replace function pgwhen.show_endpoint(p_name text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_endpoint pgwhen.endpoints := pgwhen._require_endpoint(p_name, false);
begin
  return to_jsonb(v_endpoint) - 'tenant' || jsonb_build_object('workflows', to_jsonb(pgwhen._endpoint_workflows(v_endpoint.tenant, p_name)),
    'held', (select count(*) from pgwhen.held h where h.tenant = v_endpoint.tenant and h.connection = pgwhen._endpoint_connection(p_name)),
    'failed', (select count(*) from pgwhen._missed_webhooks(v_endpoint.tenant, p_name)),
    'signing', pgwhen._endpoint(v_endpoint.tenant, p_name) -> 'secrets');
end
$$;
comment on function pgwhen.show_endpoint(text) is 'An endpoint as a document: its row, workflows that name it, webhooks held and failed (and not retried), and signing, the references of the secrets that count now.';
