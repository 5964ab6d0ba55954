"""Templates of messages: Jinja2, sandboxed, strict and bounded; every language rule of templates is in this module.

It imports the standard library, jinja2 and markupsafe only: its source is also the body of the SQL function
``pgwhen.render_template``, so that a preview cannot differ from what is sent.

What differs from plain Jinja2:

* ``a.b`` is the key ``b``, never an attribute or a method; a missing key and a null are the same *missing* value. It is
  false in a condition, ``default`` replaces it, and printing it is an error that names the path.
* Numbers are exact: contexts come from ``loads`` (decimals as ``Decimal``), literals and results are decimals too.
* ``true`` prints as ``true``, objects and lists as JSON.
* Values are escaped for where they go (the *target*): ``text`` not at all, ``html``, ``url`` (percent-encoding, except
  for what the URL starts with), ``header`` (no line breaks; may hold references to secrets), ``value`` (JSON: a lone
  ``{{ x }}`` keeps its type).
* What a template may cost is bounded: output, steps, seconds, ranges, powers and the filters that multiply text.

    TemplateError     str(error) says what is wrong, without the template's name
"""

import decimal
import functools
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from decimal import Decimal
from secrets import token_hex
from typing import Any, NoReturn
from urllib.parse import quote

import jinja2.filters
from jinja2 import Template, Undefined, UndefinedError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

TARGETS = ("text", "html", "url", "header", "value")

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
_string = json.encoder.encode_basestring


class TemplateError(ValueError):
    """A template cannot be rendered; the message says why."""


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

    __slots__ = ("chars", "deadline", "nonce", "steps")

    def __init__(self) -> None:
        self.chars = MAX_OUTPUT
        self.steps = MAX_STEPS
        self.deadline = time.monotonic() + MAX_SECONDS
        self.nonce = ""


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
        printed = _percent_encoded if target == "url" else _text
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

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for const in tree.find_all(nodes.Const):
            if isinstance(const.value, float):
                const.value = Decimal(repr(const.value))
        for loop in tree.find_all(nodes.For):
            loop.iter = _filtered(loop.iter, "_counted")
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
        if self.target == "url" and any(isinstance(text, Markup) for text in texts):
            return Markup("".join(map(_percent_encoded, texts)))
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
    if target == "value":
        tree = environment.parse(source.strip())
        output = tree.body[0] if len(tree.body) == 1 else None
        if isinstance(output, nodes.Output) and len(output.nodes) == 1:
            expression = output.nodes[0]
            if not isinstance(expression, nodes.TemplateData):
                result = nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)
                return environment.from_string(nodes.Template([result], lineno=1)), True
    return environment.from_string(source), False


def _run(source: str, context: Mapping[str, Any], target: str, required: bool = False) -> tuple[Any, str]:
    """The result, and the mark of this render's secrets."""
    if "{" not in source:
        return source, ""
    budget = _Budget()
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
        elif lone:
            _text(result)
        return (_sendable(result) if isinstance(result, str) and not budget.nonce else result), budget.nonce
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


def render(source: str, context: Mapping[str, Any], target: str = "text") -> str:
    """Render a template as text for a target: text, html, url, or header (one without secrets).

    ``context`` is JSON data from ``loads``. Raises TemplateError.
    """
    if target == "header":
        text = render_header(source, context)
        if not isinstance(text, str):
            raise TemplateError("secret(...) is for headers of http steps only")
        return text
    text, _ = _run(source, context, target)
    return str(text)


def render_value(value: Any, context: Mapping[str, Any], required: bool = False) -> Any:
    """Render every string in a JSON value: a lone ``{{ x }}`` keeps its type, null where it is missing.

    With ``required`` a lone ``{{ x }}`` that is missing is an error too, unless it has a default.
    """
    if isinstance(value, str):
        return _run(value, context, "value", required)[0]
    if isinstance(value, Mapping):
        return {key: render_value(item, context, required) for key, item in value.items()}
    if isinstance(value, list):
        return [render_value(item, context, required) for item in value]
    return value


def render_header(source: str, context: Mapping[str, Any]) -> str | dict[str, Any]:
    """Render the value of a header: text, or where it names secrets ``{"$secret": "env:NAME"}`` or
    ``{"$concat": [text and references]}``. A final line break is dropped; others are refused.
    """
    text, nonce = _run(source, context, "header")
    parts = re.split(f"\0{nonce}([^\0]*)\0", text) if nonce else [text]
    parts[-1] = parts[-1].removesuffix("\n").removesuffix("\r")
    if any(_CONTROL.search(part) for part in parts[::2]):
        raise TemplateError("a header cannot contain a line break or another control character")
    if len(parts) == 1:
        return str(parts[0])
    found = [{"$secret": part} if index % 2 else str(part) for index, part in enumerate(parts)]
    found = [part for part in found if part != ""]
    return found[0] if len(found) == 1 and isinstance(found[0], dict) else {"$concat": found}
