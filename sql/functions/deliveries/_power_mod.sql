create or replace function pgwhen._power_mod(p_base numeric, p_exponent numeric, p_modulus numeric) returns numeric
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_base numeric := p_base % p_modulus;
  v_exponent numeric := p_exponent;
  v_result numeric := 1;
begin
  while v_exponent > 0 loop
    if v_exponent % 2 = 1 then
      v_result := v_result * v_base % p_modulus;
    end if;
    v_exponent := div(v_exponent, 2);
    v_base := v_base * v_base % p_modulus;
  end loop;
  return v_result;
end
$$;
comment on function pgwhen._power_mod(numeric, numeric, numeric) is 'p_base to the power of p_exponent, modulo p_modulus.';
