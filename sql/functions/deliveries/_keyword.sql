-- Twilio says itself what a word meant to it (OptOutType). The words are those of Twilio, Telnyx and AWS, and what people write in
-- Dutch, French, German and Spanish. Only a message that is nothing else counts: "please stop by" is no opt-out.
create or replace function pgwhen._keyword(p_text text, p_opt_out_type text default null) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when upper(p_opt_out_type) in ('STOP', 'START', 'HELP') then lower(p_opt_out_type)
    when w.word in ('STOP', 'STOPALL', 'STOP ALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT', 'OPT-OUT', 'OPT OUT', 'REMOVE',
      'ARRET', 'ARRÊT', 'ARRÊTER', 'DÉSABONNER', 'STOPPEN', 'AFMELDEN', 'UITSCHRIJVEN', 'STOPP', 'ABMELDEN', 'ALTO', 'BAJA', 'CANCELAR') then 'stop'
    when w.word in ('START', 'UNSTOP', 'AANMELDEN') then 'start'
    when w.word in ('HELP', 'INFO') then 'help'
    end
  from (select upper(trim(regexp_replace(regexp_replace(p_text, '[[:space:]]+', ' ', 'g'), '^[ ."''!]+|[ ."''!]+$', '', 'g'))) as word) w
$$;
comment on function pgwhen._keyword(text, text) is 'stop, start or help where a text message is such a word and nothing else; else null.';
