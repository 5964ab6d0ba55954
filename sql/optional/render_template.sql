-- requires: language plpython3u
--
-- What a template would send, for previews: nothing in pgwhen calls it. The body carries the source of the poller's
-- module, put in by migrate, so that both render with one and the same environment. The module is made once a session.
--
-- The language is untrusted: a superuser creates the function, and gives it to pgwhen_owner. Templates themselves run in
-- Jinja2's sandbox, with bounds on what they may cost.
create or replace function pgwhen.render_template(p_template text, p_context jsonb, p_target text default 'text',
  p_locale text default 'en', p_timezone text default 'UTC')
returns text
language plpython3u stable parallel unsafe
set search_path = pg_catalog, pg_temp
as $python$
import sys
import types

source = @poller/templates.py@
name = f"pgwhen_templates_{abs(hash(source))}"
module = sys.modules.get(name)
if module is None:
    module = types.ModuleType(name)
    sys.modules[name] = module
    try:
        exec(compile(source, "poller/templates.py", "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise

if p_template is None or p_context is None:
    return None
if p_target not in module.TARGETS:
    plpy.error(f"no target {p_target}", sqlstate="WF161", hint="Targets are " + ", ".join(module.TARGETS) + ".")
try:
    context = module.loads(p_context)
    formats = module.Formats(p_locale or "en", p_timezone or "UTC")
    if p_target == "value":
        return module.dumps(module.render_value(p_template, context, formats=formats))
    return module.render(p_template, context, p_target, formats)
except module.TemplateError as error:
    problem = str(error)
plpy.error(problem, sqlstate="WF162", hint="docs/reference has the language of templates; default(...) is for missing values.")
$python$;
comment on function pgwhen.render_template(text, jsonb, text, text, text) is
  'The text that a template gives with a context: a preview of what the poller would send.
p_target says where it goes, which rules the escaping: text, html, url, header, markdown, chat or value (JSON). p_locale and p_timezone
are for the filters money, number, date, datetime and phone, which need python3-babel and python3-phonenumbers here. Errors: WF162, WF161.';
alter function pgwhen.render_template(text, jsonb, text, text, text) owner to pgwhen_owner;
