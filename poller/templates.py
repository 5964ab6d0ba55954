"""Templates of messages: Jinja2, sandboxed, strict and bounded; every language rule of templates is in this module.

It imports the standard library, jinja2 and markupsafe only: its source is also the body of the SQL function
``pgwhen.render_template``, so that a preview cannot differ from what is sent. The filters ``money number date datetime
phone`` import Babel and phonenumbers when they are first used, and say so where these are not installed.

What differs from plain Jinja2:

* ``a.b`` is the key ``b``, never an attribute or a method; a missing key and a null are the same *missing* value. It is
  false in a condition, ``default`` replaces it, and printing it is an error that names the path.
* Numbers are exact: contexts come from ``loads`` (decimals as ``Decimal``), literals and results are decimals too.
* ``true`` prints as ``true``, objects and lists as JSON.
* Values are escaped for where they go (the *target*): ``text`` not at all, ``html``, ``url`` (percent-encoding, except
  for what the URL starts with), ``header`` (no line breaks; may hold references to secrets), ``markdown`` and ``chat``
  (a value is never markup and mentions nobody), ``value`` (JSON: a lone ``{{ x }}`` keeps its type).
* What a template may cost is bounded: output, steps, seconds, ranges, powers and the filters that multiply text.

    TemplateError     str(error) says what is wrong, without the template's name
"""

import decimal
import functools
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from secrets import randbelow, token_hex
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2.filters
from jinja2 import Template, Undefined, UndefinedError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

TARGETS = ("text", "html", "url", "header", "markdown", "chat", "value")

MAX_SOURCE = 262_144  # characters of a template
MAX_OUTPUT = 1_048_576  # characters of a result, and of all values printed on the way
MAX_STEPS = 100_000  # turns of loops, calls and operations
MAX_SECONDS = 2.0
MAX_COUNT = 10_000  # length of a range, width of a field
MAX_BITS = 8_192  # size of an integer

_EXACT = decimal.Context(prec=1_000, Emax=9_999, Emin=-9_999)
_DIVISION = decimal.Context(prec=28, Emax=9_999, Emin=-9_999)
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_VALUES = ("value", "chat_value")
_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")  # what Markdown can escape
_string = json.encoder.encode_basestring


class TemplateError(ValueError):
    """A template cannot be rendered; the message says why."""


class Formats(NamedTuple):
    """How filters write numbers and times: a locale (``nl_NL``, ``nl-NL`` or ``nl``) and an IANA time zone."""

    locale: str = "en"
    zone: str = "UTC"


_PLAIN = Formats()


# ---------------------------------------------------------------- JSON with exact numbers


def loads(text: str | bytes) -> Any:
    """Parse JSON so that numbers stay what they are: integers, and decimals with their digits."""
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise
        # An integer longer than Python converts (4,300 digits).
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def dumps(value: Any) -> str:
    """Write JSON, compact, keys in their order, decimals with their digits. The inverse of ``loads``."""
    if isinstance(value, str):
        return _string(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, (int, Decimal, float)):
        return _number(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_string(str(key))}:{dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    if isinstance(value, Undefined):
        return "null"
    raise TemplateError(f"a {type(value).__name__} is not a JSON value")


def _number(value: int | float | Decimal) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else value
    if isinstance(number, int):
        return str(number)
    if not number.is_finite():
        raise TemplateError(f"{value} is not a number")
    return format(number, "f") if abs(number.adjusted()) <= MAX_COUNT else str(number)


# ---------------------------------------------------------------- missing values, and what a render may cost


class Missing(Undefined):
    """A key that is absent or null. Its name is the path as written; false, equal to null, an error when used."""

    __slots__ = ()
    __iter__ = __str__ = __len__ = __contains__ = Undefined._fail_with_undefined_error

    @property
    def path(self) -> str:
        """The path as the template writes it."""
        return str(self._undefined_name)

    @property
    def first(self) -> str:
        """The first part of the path that is missing."""
        return self._undefined_obj if isinstance(self._undefined_obj, str) else self.path

    @property
    def _undefined_message(self) -> str:
        return self._undefined_hint or f"{self.path} is missing"

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Undefined)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)


class _Budget:
    """What one render has left."""

    __slots__ = ("chars", "deadline", "formats", "marks", "nonce", "number", "steps")

    def __init__(self, formats: Formats) -> None:
        self.chars = MAX_OUTPUT
        self.steps = MAX_STEPS
        self.deadline = time.monotonic() + MAX_SECONDS
        self.formats = formats
        self.nonce = ""
        # Of the values of a Markdown template: what stands for them, digits only so that no filter changes it.
        self.marks: list[str] = []
        self.number = 0


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


def _spend(chars: int = 0) -> None:
    budget = _budget.get()
    if budget is None:
        return
    budget.steps -= 1
    budget.chars -= chars
    if budget.chars < 0:
        raise TemplateError(f"the template makes more than {MAX_OUTPUT} characters")
    if budget.steps < 0:
        raise TemplateError(f"the template takes more than {MAX_STEPS} steps")
    if budget.steps % 256 == 0 and time.monotonic() > budget.deadline:
        raise TemplateError(f"the template takes longer than {MAX_SECONDS:g} seconds")


class _Secret:
    """A reference to a secret while a header is rendered; it prints as a mark that only this render knows."""

    __slots__ = ("reference",)

    def __init__(self, reference: str) -> None:
        self.reference = reference

    def mark(self) -> str:
        budget = _budget.get()
        if budget is None:
            raise TemplateError("secret(...) has no place here")
        budget.nonce = budget.nonce or token_hex(16)
        return f"\0{budget.nonce}{self.reference}\0"


def _text(value: Any) -> str:
    """What a value prints as. Raises TemplateError for what has no text."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, Undefined):
        text = str(value)  # raises, with the path
    elif value is None:
        raise TemplateError("a value is missing (null)")
    elif isinstance(value, (bool, int, Decimal, float, Mapping, list, tuple)):
        text = dumps(value)
    elif isinstance(value, _Secret):
        text = value.mark()
    elif hasattr(value, "__html__"):
        text = Markup(value)
    else:
        raise TemplateError(f"a {type(value).__name__} cannot be printed; use | list or | join")
    _spend(len(text))
    return text


# ---------------------------------------------------------------- the environment


class _Generator(CodeGenerator):
    """Generated code looks keys up by ``environment.lookup``, which is told the path as written."""

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self.write("environment.lookup(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, {_path(node)!r})")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.lookup(")
        self.visit(node.node, frame)
        self.write(", ")
        self.visit(node.arg, frame)
        self.write(f", {_path(node)!r})")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.concatenated(context, (")
        for item in node.nodes:
            self.visit(item, frame)
            self.write(", ")
        self.write("))")

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:
        if isinstance(node.value, Decimal):
            self.write(f"environment.decimal({str(node.value)!r})")
        else:
            super().visit_Const(node, frame)


def _origin(node: nodes.Node) -> str:
    """The path of what filters are applied to."""
    while isinstance(node, nodes.Filter) and node.node is not None:
        node = node.node
    return _path(node)


def _path(node: nodes.Node) -> str:
    """An expression as people write it: ``job.client.email``."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_path(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        key = node.arg.value if isinstance(node.arg, nodes.Const) else ...
        if isinstance(key, str) and key.isidentifier():
            return f"{_path(node.node)}.{key}"
        return f"{_path(node.node)}[{'...' if key is ... else repr(key)}]"
    return "(...)"


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """One environment a target. The base class keeps templates away from Python's attributes."""

    code_generator_class = _Generator
    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))
    decimal = Decimal

    def __init__(self, target: str) -> None:
        self.target = target
        self.printed = printed = _PRINTED.get(target, _text)
        # Told the context, finalize is not applied while compiling; nor is anything else: constants are values too.
        finalize = jinja2.pass_context(lambda _context, value: printed(value))
        super().__init__(
            autoescape=target == "html",
            undefined=Missing,
            finalize=finalize,
            keep_trailing_newline=True,
            optimized=False,
            cache_size=0,
        )
        self.globals["range"] = _range
        self.globals["secret"] = _secret if target == "header" else _no_secret
        del self.globals["lipsum"]
        self.filters = _filters(self.filters, target)
        self.tests["none"] = lambda value: value is None or isinstance(value, Undefined)
        self.tests["defined"] = lambda value: not (value is None or isinstance(value, Undefined))
        self.tests["undefined"] = self.tests["none"]
        self.policies["json.dumps_function"] = lambda value, **_options: dumps(value)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        # Templates have no globals of their own: a context made of jinja2's ChainMap takes four times as long.
        return self.globals

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for const in tree.find_all(nodes.Const):
            if isinstance(const.value, float):
                const.value = Decimal(repr(const.value))
        for loop in tree.find_all(nodes.For):
            loop.iter = _filtered(loop.iter, "_counted")
        for filtered in tree.find_all(nodes.Filter):
            if filtered.name in _FORMATTING:
                of = nodes.Keyword("_of", nodes.Const(_origin(filtered)), lineno=filtered.lineno)
                filtered.kwargs.append(of)  # type: ignore[arg-type] # jinja2 has keywords here, and says pairs
        first = tree.body[0].nodes if tree.body and isinstance(tree.body[0], nodes.Output) else []
        if first and "_start_of_url" in self.filters and not isinstance(first[0], nodes.TemplateData):
            first[0] = _filtered(first[0], "_start_of_url")
        return tree

    def lookup(self, value: Any, key: Any, path: str) -> Any:
        """The value under a key or index of JSON data; ``Missing`` where there is none."""
        found: Any = None
        if isinstance(value, Missing):
            return self.undefined(f"{path} is missing: there is no {value.first}", obj=value.first, name=path)
        if isinstance(value, Mapping):
            found = value.get(key) if isinstance(key, str) else None
        elif isinstance(value, (list, tuple, str)):
            if isinstance(key, int) and -len(value) <= key < len(value):
                found = value[key]
        elif value is not None and not isinstance(value, (int, Decimal, float)):
            # What belongs to Jinja2 itself: loop.index, namespaces, cyclers, blocks.
            return super().getattr(value, str(key))
        return self.undefined(name=path) if found is None else found

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What the filters with ``attribute=`` use."""
        return self.lookup(obj, attribute, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """What the filters with ``attribute=`` use."""
        return self.lookup(obj, argument, str(argument))

    def concatenated(self, context: Context, values: tuple[Any, ...]) -> str:
        """The operator ``~``."""
        texts = [_text(value) for value in values]
        if self.target in _PRINTED and any(isinstance(text, Markup) for text in texts):
            return Markup("".join(map(self.printed, texts)))
        return Markup("").join(texts) if context.eval_ctx.autoescape else "".join(texts)

    def call(self, context: Context, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls."""
        _spend()
        return super().call(context, function, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic: exact, and of bounded size."""
        _spend()
        if isinstance(left, (int, Decimal, float)) and isinstance(right, (int, Decimal, float)):
            return _arithmetic(operator, left, right)
        if left is None or right is None:
            raise TemplateError(f"a value is missing (null) beside {operator}")
        if isinstance(left, str) and operator == "%":
            raise TemplateError("use the filter format instead of %")
        if operator == "*" and (isinstance(left, (str, list, tuple)) or isinstance(right, (str, list, tuple))):
            sequence, count = (right, left) if isinstance(left, int) else (left, right)
            if isinstance(count, int) and len(sequence) * count > MAX_COUNT:
                raise TemplateError(f"a repetition is longer than {MAX_COUNT}")
        result = super().call_binop(context, operator, left, right)
        _spend(len(result) if isinstance(result, (str, list, tuple)) else 0)
        return result


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    left, right = (Decimal(repr(x)) if isinstance(x, float) else x for x in (left, right))
    if operator == "**":
        if not (isinstance(right, int) and abs(right) <= 64 and abs(left) <= 10**6):
            raise TemplateError("a power is too large")
        return left**right if isinstance(left, int) and right >= 0 else _DIVISION.power(Decimal(left), right)
    if isinstance(left, int) and isinstance(right, int) and operator != "/":
        operation: Callable[[int, int], int] = ImmutableSandboxedEnvironment.default_binop_table[operator]
        result = operation(left, right)
        if result.bit_length() > MAX_BITS:
            raise TemplateError("a number is too large")
        return result
    a, b = Decimal(left), Decimal(right)
    if operator in ("//", "%"):
        floor = _DIVISION.divide(a, b).to_integral_value(decimal.ROUND_FLOOR)
        return floor if operator == "//" else _EXACT.subtract(a, _EXACT.multiply(floor, b))
    operations = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply, "/": _DIVISION.divide}
    return operations[operator](a, b)


def _range(*args: Any) -> range:
    numbers = range(*args)
    if len(numbers) > MAX_COUNT:
        raise TemplateError(f"a range is longer than {MAX_COUNT}")
    return numbers


def _counted(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        _spend()
        yield value


def _percent_encoded(value: Any) -> str:
    text = _text(value)
    return text if isinstance(text, Markup) else quote(text, safe="")


def _chat_escaped(value: Any) -> str:
    """What Slack asks for: without these three a value can neither link nor mention (<!channel>, <@U1>)."""
    text = _text(value)
    return text if isinstance(text, Markup) else text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _marked(value: Any) -> str:
    """A mark that stands for a value until the Markdown around it is parsed; what is safe is Markdown itself."""
    text, budget = _text(value), _budget.get()
    if isinstance(text, Markup) or budget is None or not text:
        return text
    budget.number = budget.number or 10**11 + randbelow(9 * 10**11)
    budget.marks.append(text)
    return f"\ue000{budget.number}.{len(budget.marks) - 1}\ue001"


#: How a value is printed where that is not as it is.
_PRINTED: dict[str, Callable[[Any], str]] = {
    "url": _percent_encoded,
    "markdown": _marked,
    "chat": _chat_escaped,
    "chat_value": _chat_escaped,
}


def _start_of_url(value: Any) -> Markup:
    """What a URL starts with brings its own scheme, host and slashes."""
    return Markup(quote(_text(value), safe=":/?#[]@!$&'()*+,;=%~"))


def _secret(reference: Any) -> _Secret:
    if not isinstance(reference, str) or not _SECRET.fullmatch(reference):
        raise TemplateError("a secret is named secret('env:NAME')")
    return _Secret(reference)


def _no_secret(*_args: Any) -> NoReturn:
    raise TemplateError("secret(...) is for headers of http steps only")


# ---------------------------------------------------------------- filters: Jinja2's own, with bounds

#: Filters that work on text: what they are given is first made the text that it would print as.
_ON_TEXT = {
    *("capitalize", "center", "e", "escape", "forceescape", "format", "indent", "lower", "replace", "safe", "string"),
    *("striptags", "title", "trim", "truncate", "upper", "urlencode", "urlize", "wordcount", "wordwrap"),
}
_WIDTHS = ("batch", "center", "indent", "slice", "truncate", "wordwrap")
_FORMAT = re.compile(r"%[^a-zA-Z%]*(\*|\d{5,})")


def _filters(own: Mapping[str, Callable[..., Any]], target: str) -> dict[str, Callable[..., Any]]:
    filters = {name: _bounded(name, function) for name, function in own.items() if name not in ("attr", "pprint")}
    filters["default"] = filters["d"] = _default
    filters["join"] = _join
    filters["_counted"] = _counted
    filters |= {name: _formatting(function) for name, function in _FORMATTING.items()}
    if target == "url":
        encode = filters["urlencode"]
        filters["urlencode"] = lambda value: Markup(encode(value))
        filters["_start_of_url"] = _start_of_url
    return filters


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    first = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        value, rest = args[first], args[first + 1 :]
        if isinstance(value, _Secret):
            raise TemplateError(f"{name} cannot be applied to a secret")
        if name in _ON_TEXT:
            value = _text(value)
        if name in _WIDTHS and any(isinstance(n, int) and n > MAX_COUNT for n in (*rest, *kwargs.values())):
            raise TemplateError(f"{name} with more than {MAX_COUNT}")
        if name == "replace" and len(rest) >= 2:
            rest = (_text(rest[0]), _text(rest[1]), *rest[2:])
            _spend((value.count(rest[0]) if rest[0] else len(value)) * len(rest[1]))
        if name == "format":
            if _FORMAT.search(value):
                raise TemplateError("format with a width of more than 4 digits")
            rest = tuple(n if isinstance(n, (int, Decimal)) and not isinstance(n, bool) else _text(n) for n in rest)
        result = function(*args[:first], value, *rest, **kwargs)
        _spend(len(result) if isinstance(result, str) else 0)
        return result

    return bounded


def _default(value: Any, default: Any = "", boolean: bool = False) -> Any:
    return default if value is None or isinstance(value, Undefined) or (boolean and not value) else value


@jinja2.pass_eval_context
def _join(eval_ctx: nodes.EvalContext, values: Iterable[Any], separator: str = "", attribute: Any = None) -> str:
    if attribute is not None:
        values = map(jinja2.filters.make_attrgetter(eval_ctx.environment, attribute), values)
    texts = [_text(value) for value in _counted(values)]
    _spend(len(texts) * len(separator))
    return jinja2.filters.sync_do_join(eval_ctx, texts, separator)


# ---------------------------------------------------------------- filters: numbers, times, telephone numbers


class _UnfitError(ValueError):
    """A value is not what a filter takes."""


#: A CLDR pattern such as ``EEEE d MMMM``, https://www.unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table
_PATTERN = re.compile(r"[A-Za-z0-9 ,.:/'·\u2013-]{1,60}")
_NAMES = ("short", "medium", "long", "full")
_NUMBER = re.compile(r"\s*[+-]?\d{1,60}(\.\d{1,60})?\s*", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:.{2,32})?", re.ASCII)
_ROUNDING = decimal.Context(prec=1_000, rounding=decimal.ROUND_HALF_UP, Emax=9_999, Emin=-9_999)
_FORMS = {"e164": 0, "international": 1, "national": 2}


def _formatting(function: Callable[..., str]) -> Callable[..., str]:
    """A filter that says of which path the value was."""

    @functools.wraps(function)
    def formatted(value: Any, *args: Any, _of: str = "", **kwargs: Any) -> str:
        if value is None or isinstance(value, (Undefined, _Secret)):
            _text(value) if isinstance(value, Undefined) else None  # raises, with the path
            raise TemplateError(f"{_of or 'a value'} is missing")
        given = [arg for arg in (*args, *kwargs.values()) if isinstance(arg, Undefined)]
        if given:
            raise TemplateError(f"an argument of {function.__name__.strip('_')} is missing: {given[0]!s}")
        _spend()
        try:
            with decimal.localcontext(_ROUNDING):
                text = function(value, *args, **kwargs)
        except _UnfitError as error:
            raise TemplateError(f"{_of}: {error}" if _of and _of != "(...)" else str(error)) from error
        except ImportError as error:
            package = "Babel" if error.name and error.name.startswith("babel") else error.name
            name = function.__name__.strip("_")
            raise TemplateError(f"the filter {name} needs the Python package {package}, which is not here") from error
        _spend(len(text))
        return text

    return formatted


def _formats() -> Formats:
    budget = _budget.get()
    return budget.formats if budget else Formats()


def _locale(name: Any = None) -> Any:
    """Babel's locale: the one asked for, which has to exist; else that of the render, its language, English."""
    if name is not None:
        found = _find_locale(str(name))
        if found is None:
            raise _UnfitError(f"{str(name)[:20]!r} is not a locale; write it like nl or nl_NL")
        return found
    return _find_locale(_formats().locale) or _find_locale("en")


@functools.lru_cache(maxsize=256)
def _find_locale(name: str) -> Any:
    from babel import Locale, UnknownLocaleError

    if len(name) > 40:
        return None
    parts = re.split("[-_]", re.split("[.@]", name)[0])
    for count in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:count]))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return None


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else dumps(value)
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def _decimal(value: Any) -> Decimal:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    elif isinstance(value, str) and _NUMBER.fullmatch(value):
        number = Decimal(value.strip())
    else:
        raise _UnfitError(f"{_shown(value)} is not a number")
    if not number.is_finite() or abs(number.adjusted()) > 300:
        raise _UnfitError(f"{_shown(value)} is too large")
    return number


def _money(value: Any, currency: Any = None, locale: Any = None) -> str:
    """``{{ total | money("EUR") }}``: € 1.234,50, rounded as the currency is, halves away from zero."""
    if not isinstance(currency, str) or not re.fullmatch("[A-Za-z]{3}", currency):
        raise _UnfitError('money needs a currency: money("EUR")')
    number, found = _decimal(value), _locale(locale)
    from babel.numbers import format_currency, is_currency

    if not is_currency(currency.upper()):
        raise _UnfitError(f"{currency} is not a currency")
    return format_currency(number, currency.upper(), locale=found)


def _number_filter(value: Any, decimals: Any = None, locale: Any = None) -> str:
    """``{{ x | number }}`` with the decimals that it has, ``{{ x | number(2) }}`` rounded to two."""
    if decimals is not None and (
        isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= 20
    ):
        raise _UnfitError("number takes 0 to 20 decimals")
    number, found = _decimal(value), _locale(locale)
    from babel.numbers import format_decimal

    if decimals is None:
        return format_decimal(number, locale=found, decimal_quantization=False)
    whole = found.decimal_formats[None].pattern.partition(";")[0].partition(".")[0]
    return format_decimal(number, f"{whole}.{'0' * decimals}" if decimals else whole, locale=found)


def _moment(value: Any) -> date:
    """A date, or a time: as PostgreSQL and JSON write them."""
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value.strip()):
            text = value.strip()
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _UnfitError(f"{_shown(value)} is not a date or time; it is written like 2026-03-01 or 2026-03-01T09:00:00Z")


def _zone(name: Any) -> ZoneInfo:
    name = _formats().zone if name is None else name
    try:
        return ZoneInfo(name)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise _UnfitError(f"{str(name)[:40]!r} is not a time zone; write it like Europe/Amsterdam") from error


def _pattern(format: Any) -> str:
    if isinstance(format, str) and (format in _NAMES or _PATTERN.fullmatch(format)):
        return str(format)
    raise _UnfitError(f"{_shown(format)} is not a format: {', '.join(_NAMES)}, or a pattern such as 'EEEE d MMMM'")


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """A time without an offset is what clocks show, in whatever zone."""
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _date_filter(value: Any, format: Any = "medium", locale: Any = None, zone: Any = None) -> str:
    """``{{ x | date }}``, ``{{ x | date("long") }}``: the day of a date, or of a time in the zone."""
    moment, pattern, found = _moment(value), _pattern(format), _locale(locale)
    from babel.dates import format_date

    try:
        day = _in_zone(moment, _zone(zone)).date() if isinstance(moment, datetime) else moment
        return format_date(day, pattern, locale=found)
    except (KeyError, ValueError, AttributeError, OverflowError) as error:
        raise _UnfitError(f"{_shown(value)} cannot be written as {_shown(format)}") from error


def _datetime_filter(value: Any, format: Any = "medium", locale: Any = None, zone: Any = None) -> str:
    """``{{ x | datetime("short", zone="Europe/Amsterdam") }}``: a time as clocks in the zone show it."""
    moment, pattern, found, there = _moment(value), _pattern(format), _locale(locale), _zone(zone)
    if not isinstance(moment, datetime):
        raise _UnfitError(f"{_shown(value)} has no time of day; use the filter date")
    from babel.dates import format_datetime

    try:
        return format_datetime(_in_zone(moment, there), pattern, tzinfo=there, locale=found)
    except (KeyError, ValueError, AttributeError, OverflowError) as error:
        raise _UnfitError(f"{_shown(value)} cannot be written as {_shown(format)}") from error


def _phone(value: Any, form: Any = None, locale: Any = None) -> str:
    """``{{ x | phone }}``: as it is dialled in the locale's country, with its country code if it is from another.

    ``national``, ``international`` or ``e164`` asks for one form. A number without a country code is of the locale's
    country.
    """
    if form is not None and form not in _FORMS:
        raise _UnfitError(f"{_shown(form)} is not a form of a telephone number: {', '.join(_FORMS)}")
    home = _home(_locale(locale))
    import phonenumbers

    text = value if isinstance(value, str) else dumps(value)
    try:
        number = phonenumbers.parse(text[:60], home)
    except phonenumbers.NumberParseException as error:
        raise _UnfitError(f"{_shown(text)} is not a telephone number; it is written like +31612345678") from error
    if not phonenumbers.is_possible_number(number):
        raise _UnfitError(f"{_shown(text)} is not a telephone number: too short or too long")
    form = form or ("national" if home == phonenumbers.region_code_for_number(number) else "international")
    return str(phonenumbers.format_number(number, _FORMS[form]))


def _home(locale: Any) -> str | None:
    """The country of a locale. English without one could be of any."""
    if locale.territory or locale.language == "en":
        return str(locale.territory) if locale.territory else None
    from babel.core import get_global

    likely = get_global("likely_subtags").get(locale.language, "")
    return likely.rpartition("_")[2] or None


_money.__name__, _number_filter.__name__, _phone.__name__ = "money", "number", "phone"
_date_filter.__name__, _datetime_filter.__name__ = "date", "datetime"
_FORMATTING: dict[str, Callable[..., str]] = {
    function.__name__: function for function in (_money, _number_filter, _date_filter, _datetime_filter, _phone)
}


# ---------------------------------------------------------------- rendering


@functools.cache
def _environment(target: str) -> TemplateEnvironment:
    return TemplateEnvironment(target)


@functools.lru_cache(maxsize=2_048)
def _compile(source: str, target: str) -> tuple[Template, bool]:
    """The compiled template, and whether it is a lone ``{{ x }}`` whose value is asked for."""
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"the template is longer than {MAX_SOURCE} characters")
    environment = _environment(target)
    if target in _VALUES:
        tree = environment.parse(source.strip())
        output = tree.body[0] if len(tree.body) == 1 else None
        if isinstance(output, nodes.Output) and len(output.nodes) == 1:
            expression = output.nodes[0]
            if not isinstance(expression, nodes.TemplateData):
                result = nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)
                return environment.from_string(nodes.Template([result], lineno=1)), True
    return environment.from_string(source), False


def _run(
    source: str, context: Mapping[str, Any], target: str, formats: Formats, required: bool = False
) -> tuple[Any, _Budget]:
    """The result, and what the render took."""
    budget = _Budget(formats)
    if "{" not in source:
        return source, budget
    token = _budget.set(budget)
    try:
        template, lone = _compile(source, target)
        names = {name: value for name, value in context.items() if value is not None}
        run = template.new_context(names)
        parts: list[str] = []
        size = 0
        for part in template.root_render_func(run):
            parts.append(part)
            size += len(part)
            if size > MAX_OUTPUT:
                raise TemplateError(f"the template makes more than {MAX_OUTPUT} characters")
        result = run.vars["result"] if lone else "".join(parts)
        if lone and not (required and isinstance(result, Undefined)):
            result = _json_value(result)
            if target == "chat_value":
                result = _each_string(result, _chat_escaped)
        elif lone:
            _text(result)
        return (_sendable(result) if isinstance(result, str) and not budget.nonce else result), budget
    except TemplateError:
        raise
    except UndefinedError as error:
        raise TemplateError(error.message or "a value is missing") from error
    except TemplateSyntaxError as error:
        raise TemplateError(f"line {error.lineno}: {error.message}") from error
    except ZeroDivisionError as error:
        raise TemplateError("division by zero") from error
    except RecursionError as error:
        raise TemplateError("the template calls itself without end") from error
    except Exception as error:
        # Whatever a template's author wrote that Python refuses (a number plus a text) is a fault of the template.
        raise TemplateError(f"{type(error).__name__}: {error}") from error
    finally:
        _budget.reset(token)


def _sendable(text: str) -> str:
    """Text that PostgreSQL and UTF-8 can hold; escapes in a template's literals can make other."""
    if "\0" in text:
        raise TemplateError("the text contains a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise TemplateError("the text contains half of a surrogate pair")
    return text


def _json_value(value: Any) -> Any:
    """A result as plain JSON values; what is missing is null."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, Undefined):
        return None
    if isinstance(value, (bool, int, Decimal)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, Iterator, range)):
        return [_json_value(item) for item in value]
    return _text(value)


def _each_string(value: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_string(item, change) for key, item in value.items()}
    return [_each_string(item, change) for item in value] if isinstance(value, list) else value


def render(source: str, context: Mapping[str, Any], target: str = "text", formats: Formats = _PLAIN) -> str:
    """Render a template as text for a target: text, html, url, chat, markdown, or header (one without secrets).

    ``context`` is JSON data from ``loads``. Raises TemplateError.
    """
    if target == "header":
        text = render_header(source, context, formats)
        if not isinstance(text, str):
            raise TemplateError("secret(...) is for headers of http steps only")
        return text
    if target == "markdown":
        text, values = render_marked(source, context, formats)
        return values(text, lambda value: _MARKUP.sub(r"\\\1", value))
    text, _ = _run(source, context, target, formats)
    return str(text)


def render_marked(source: str, context: Mapping[str, Any], formats: Formats = _PLAIN) -> tuple[str, Callable[..., str]]:
    """Render Markdown with marks in place of values, and what puts the values back into a piece of it.

    What a value contains is unknown to whoever parses the Markdown, so that it can never be markup. The second result
    takes a text, and optionally what is done with each value. Raises TemplateError.
    """
    text, budget = _run(source, context, "markdown", formats)
    mark = re.compile(f"\ue000{budget.number}\\.(\\d{{1,6}})\ue001") if budget.marks else None

    def values(piece: str, change: Callable[[str], str] = str) -> str:
        left = MAX_OUTPUT

        def value(match: re.Match[str]) -> str:
            nonlocal left
            found = change(budget.marks[int(match[1])])
            left -= len(found)
            if left < 0:
                raise TemplateError(f"the template makes more than {MAX_OUTPUT} characters")
            return found

        if mark and "\ue000" in mark.sub("", piece):
            raise TemplateError("a filter cut a value in two; apply it to the value itself")
        for _ in range(10):
            # A block that was set before holds marks itself.
            if mark is None or not mark.search(piece):
                break
            piece = mark.sub(value, piece)
        return _sendable(piece)

    return str(text), values


def render_value(
    value: Any,
    context: Mapping[str, Any],
    required: bool = False,
    formats: Formats = _PLAIN,
    target: str = "value",
) -> Any:
    """Render every string in a JSON value: a lone ``{{ x }}`` keeps its type, null where it is missing.

    With ``required`` a lone ``{{ x }}`` that is missing is an error too, unless it has a default. The target
    ``chat_value`` escapes what is text as ``chat`` does.
    """
    return _each_string(value, lambda text: _run(text, context, target, formats, required)[0])


def render_header(source: str, context: Mapping[str, Any], formats: Formats = _PLAIN) -> str | dict[str, Any]:
    """Render the value of a header: text, or where it names secrets ``{"$secret": "env:NAME"}`` or
    ``{"$concat": [text and references]}``. A final line break is dropped; others are refused.
    """
    text, budget = _run(source, context, "header", formats)
    nonce = budget.nonce
    parts = re.split(f"\0{nonce}([^\0]*)\0", text) if nonce else [text]
    parts[-1] = parts[-1].removesuffix("\n").removesuffix("\r")
    if any(_CONTROL.search(part) for part in parts[::2]):
        raise TemplateError("a header cannot contain a line break or another control character")
    if len(parts) == 1:
        return str(parts[0])
    found = [{"$secret": part} if index % 2 else str(part) for index, part in enumerate(parts)]
    found = [part for part in found if part != ""]
    return found[0] if len(found) == 1 and isinstance(found[0], dict) else {"$concat": found}
