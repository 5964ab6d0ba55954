-- Euclid, extended.
create or replace function pgwhen._inverse_mod(p_number numeric, p_modulus numeric) returns numeric
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_a numeric := ((p_number % p_modulus) + p_modulus) % p_modulus;
  v_b numeric := p_modulus;
  v_x numeric := 1;
  v_y numeric := 0;
  v_quotient numeric;
  v_rest numeric;
begin
  while v_b <> 0 loop
    v_quotient := div(v_a, v_b);
    v_rest := v_a - v_quotient * v_b;
    v_a := v_b;
    v_b := v_rest;
    v_rest := v_x - v_quotient * v_y;
    v_x := v_y;
    v_y := v_rest;
  end loop;
  return case when v_a = 1 then ((v_x % p_modulus) + p_modulus) % p_modulus end;
end
$$;
comment on function pgwhen._inverse_mod(numeric, numeric) is 'What p_number times gives 1 modulo p_modulus; null where there is none.';
