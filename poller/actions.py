"""Custom actions: Python functions that steps of the type ``action`` name.

A function takes its parameters and a context, and returns what the step's output is::

    from dataclasses import dataclass
    from pgwhen.poller.actions import Context, Permanent, action

    @dataclass
    class Score:
        company: str
        employees: int = 0

    @action
    def score_lead(params: Score, context: Context) -> dict[str, int]:
        \"\"\"Scores a lead by the size of its company.\"\"\"
        return {"score": min(params.employees // 10, 100)}

It is found by the entry-point group ``pgwhen.actions`` (name = "package.module:function"), or in the modules that
``pgwhen poll --actions`` or PGWHEN_ACTIONS names, where ``@action`` marks it. A plain function runs in a thread,
``async def`` in the poller's event loop. The annotation of its first parameter is a dataclass or TypedDict, whose
fields are checked before the call, or a mapping, which takes anything; JSON Schema is made of it (``pgwhen
actions``).

What it raises says what follows (docs/delivery.md):

    ActionError
    ├── Permanent     it will never work: the step fails
    ├── Transient     nothing was done: another attempt, not before ``retry_after`` seconds
    └── Throttled     too much at present: the same, and no attempt is used up

Anything else that it raises is transient. What does not end within the step's timeout is cancelled where it is async,
and left alone in its thread where it is not; either way nobody knows how far it came: uncertain.

    LoadError       an action cannot be loaded; the message says which and why
"""

import dataclasses
import enum
import functools
import importlib
import inspect
import logging
import math
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from .outcome import clean_text

GROUP = "pgwhen.actions"

F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}")
_MARK = "__pgwhen_action__"


class ActionError(Exception):
    """What an action raises to say what follows. ``code`` is shown, and can be asked for in workflows."""

    def __init__(self, message: str, code: str = "action") -> None:
        super().__init__(message)
        self.code = code


class Permanent(ActionError):
    """It will never work."""


class Transient(ActionError):
    """Nothing was done; try again, not before ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float | None = None, code: str = "action") -> None:
        super().__init__(message, code)
        self.retry_after = retry_after


class Throttled(Transient):
    """Too much at present; try again later. No attempt is used up."""


class LoadError(ValueError):
    """An action cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an action knows beside its parameters.

    ``idempotency_key`` is the same for each attempt: give it to whatever the action calls. ``attempt`` counts from 1,
    ``timeout`` is in seconds. What goes to ``log`` is in the poller's log, with the execution and the step.
    """

    idempotency_key: str
    attempt: int
    workflow: str
    execution: str
    step: str
    tenant: str
    timeout: float
    log: "logging.LoggerAdapter[logging.Logger]"


@dataclass(frozen=True, slots=True)
class Action:
    """A custom action: its function, and the annotation and JSON Schema of its parameters."""

    name: str
    function: Callable[..., Any]
    parameters: Any
    schema: Mapping[str, Any]
    description: str

    @property
    def is_async(self) -> bool:
        """Whether it runs in the event loop."""
        return inspect.iscoroutinefunction(self.function)


def action(function: F | None = None, *, name: str | None = None) -> Any:
    """Mark a function as an action: ``@action``, or ``@action(name="crm.score")`` where the name is another one."""

    def mark(marked: F) -> F:
        setattr(marked, _MARK, name or getattr(marked, "__name__", ""))
        return marked

    return mark if function is None else mark(function)


# ---------------------------------------------------------------- finding them


@functools.cache
def load(modules: str = "") -> Mapping[str, Action]:
    """The actions of all entry points, and of modules (names with commas), by name. Raises LoadError."""
    found: dict[str, Action] = {}
    for entry in entry_points(group=GROUP):
        _add(found, entry.name, _imported(entry.load, f"the entry point {entry.name} ({entry.value})"))
    for module in filter(None, map(str.strip, modules.split(","))):
        imported = _imported(functools.partial(importlib.import_module, module), f"the module {module}")
        marked = [value for value in vars(imported).values() if isinstance(getattr(value, _MARK, None), str)]
        if not marked:
            raise LoadError(f"the module {module} has no action: mark its functions with @pgwhen.poller.actions.action")
        for function in marked:
            _add(found, getattr(function, _MARK), function)
    return types.MappingProxyType(found)


def _imported(load: Callable[[], Any], what: str) -> Any:
    try:
        return load()
    except Exception as error:
        raise LoadError(f"{what} of actions cannot be imported: {type(error).__name__}: {error}") from error


def _add(found: dict[str, Action], name: str, function: Callable[..., Any]) -> None:
    if not _NAME.fullmatch(name):
        raise LoadError(f"{name!r} is not the name of an action: up to 100 of a-z, 0-9, _ and dots, a letter first")
    if name in found and found[name].function is not function:
        raise LoadError(f"two functions are the action {name}: {_where(found[name].function)} and {_where(function)}")
    found[name] = _described(name, function)


def _described(name: str, function: Callable[..., Any]) -> Action:
    if not callable(function):
        raise LoadError(f"the action {name} is no function")
    try:
        parameters = list(inspect.signature(function).parameters.values())
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, ValueError) as error:
        raise LoadError(f"the action {name} ({_where(function)}): its annotations cannot be read: {error}") from error
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if len(parameters) < 2 or len(needed) > 2 or any(p.kind is p.KEYWORD_ONLY for p in needed):
        raise LoadError(f"the action {name} ({_where(function)}) does not take (params, context)")
    annotation = hints.get(parameters[0].name, dict)
    try:
        schema = schema_of(annotation)
    except TypeError as error:
        raise LoadError(f"the action {name} ({_where(function)}): {error}") from error
    if schema.get("type") != "object":
        raise LoadError(f"the action {name} ({_where(function)}): params is no dataclass, TypedDict or mapping")
    text = (inspect.getdoc(function) or "").split("\n\n", 1)[0]
    return Action(name, function, annotation, schema, " ".join(text.split()))


def _where(function: Any) -> str:
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"


def announced(modules: str = "") -> list[dict[str, Any]]:
    """What a poller tells the database of its actions: name, schema, description. Raises LoadError."""
    return [
        {"name": one.name, "schema": dict(one.schema), "description": one.description}
        for _, one in sorted(load(modules).items())
    ]


# ---------------------------------------------------------------- types: their schema, and values of them


_PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    time: {"type": "string", "format": "time"},
    UUID: {"type": "string", "format": "uuid"},
    Any: {},
    object: {},
}


def schema_of(annotation: Any, _outer: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The JSON Schema of a type. Raises TypeError for one that JSON has no form for."""
    annotation = _bare(annotation)
    if annotation in _PLAIN:
        return dict(_PLAIN[annotation])
    if annotation in _outer:
        return {"type": "object"}  # a type within itself is described once
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(argument, _outer) for argument in arguments]}
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return {"enum": [member.value for member in annotation]}
    if fields := _fields(annotation):
        inner = (*_outer, annotation)
        properties = {name: schema_of(kind, inner) for name, (kind, _) in fields.items()}
        required = [name for name, (_, is_required) in fields.items() if is_required]
        found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        return found | ({"required": required} if required else {})
    plain = origin or annotation
    if isinstance(plain, type) and issubclass(plain, (list, tuple, set, frozenset, Sequence)):
        items = [argument for argument in arguments if argument is not Ellipsis]
        return {"type": "array"} | ({"items": schema_of(items[0], _outer)} if len(items) == 1 else {})
    if isinstance(plain, type) and issubclass(plain, Mapping):
        return {"type": "object"} | (
            {"additionalProperties": schema_of(arguments[1], _outer)} if len(arguments) == 2 else {}
        )
    raise TypeError(f"{annotation} has no JSON form")


def _bare(annotation: Any) -> Any:
    """Without what only says something about a type."""
    while get_origin(annotation) in (typing.Annotated, typing.Required, typing.NotRequired, typing.ClassVar):
        annotation = get_args(annotation)[0]
    return annotation


def _fields(annotation: Any) -> dict[str, tuple[Any, bool]]:
    """Name -> (type, whether it is required), of a dataclass or TypedDict; empty for other types."""
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        hints = typing.get_type_hints(annotation, include_extras=True)
        missing = dataclasses.MISSING
        return {
            field.name: (hints[field.name], field.default is missing and field.default_factory is missing)
            for field in dataclasses.fields(annotation)
            if field.init
        }
    if typing.is_typeddict(annotation):
        hints = typing.get_type_hints(annotation, include_extras=True)
        return {name: (kind, name in annotation.__required_keys__) for name, kind in hints.items()}
    return {}


def parsed(annotation: Any, value: Any, path: str = "with") -> Any:
    """A JSON value as a value of a type: dataclasses are made, dates read. Raises Permanent naming what is wrong."""
    annotation = _bare(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _plain(annotation, value, path)
    if origin is Literal:
        if not any(value == choice and type(value) is type(choice) for choice in arguments):
            raise _wrong(path, value, f"one of {', '.join(map(repr, arguments))}")
        return value
    if origin in (Union, types.UnionType):
        return _of_union(arguments, value, path)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        try:
            return annotation(value)
        except ValueError:
            raise _wrong(path, value, f"one of {', '.join(repr(m.value) for m in annotation)}") from None
    if fields := _fields(annotation):
        return _object(annotation, fields, value, path)
    plain = origin or annotation
    if isinstance(plain, type) and issubclass(plain, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(path, value, "an object")
        kind = arguments[1] if len(arguments) == 2 else Any
        return {key: parsed(kind, item, f"{path}.{key}") for key, item in value.items()}
    if not isinstance(value, list):
        raise _wrong(path, value, "a list")
    kind = arguments[0] if arguments else Any
    items = [parsed(kind, item, f"{path}[{index}]") for index, item in enumerate(value)]
    return plain(items) if plain in (tuple, set, frozenset) else items


def _object(annotation: Any, fields: Mapping[str, tuple[Any, bool]], value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(path, value, "an object")
    if unknown := [name for name in value if name not in fields]:
        raise Permanent(f"{path} has the unknown parameter {unknown[0]}; there is {', '.join(fields)}", "parameters")
    if missing := [name for name, (_, is_required) in fields.items() if is_required and name not in value]:
        raise Permanent(f"{path}.{missing[0]} is missing", "parameters")
    found = {name: parsed(fields[name][0], item, f"{path}.{name}") for name, item in value.items()}
    try:
        return annotation(**found)
    except (TypeError, ValueError) as error:  # what __post_init__ refuses
        raise Permanent(f"{path}: {error}", "parameters") from error


def _of_union(choices: Sequence[Any], value: Any, path: str) -> Any:
    errors = []
    for choice in choices:
        try:
            return parsed(choice, value, path)
        except Permanent as error:
            errors.append(error)
    raise next((error for error in errors if error.args[0].count(".") > path.count(".")), errors[0])


def _plain(kind: Any, value: Any, path: str) -> Any:
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    match kind:
        case builtin if builtin in (Any, object):
            return value
        case builtin if builtin is float and is_number:
            return float(value)
        case builtin if builtin is Decimal and is_number:
            return Decimal(str(value))
        case builtin if builtin is int and is_number and math.isfinite(value) and value == int(value):
            return int(value)
        case builtin if builtin in (datetime, date, time, UUID) and isinstance(value, str):
            try:
                return UUID(value) if builtin is UUID else builtin.fromisoformat(value)
            except ValueError:
                raise _wrong(path, value, f"a {builtin.__name__}") from None
        case builtin if builtin in (str, bool, type(None)) and isinstance(value, builtin):
            return value
    raise _wrong(path, value, _PLAIN[kind].get("type", "a value"))


def _wrong(path: str, value: Any, wanted: str) -> Permanent:
    return Permanent(f"{path} is {str(value)[:60]!r}, not {wanted}", "parameters")


# ---------------------------------------------------------------- results


def storable(value: Any, _depth: int = 0) -> Any:
    """A result as JSON that ``jsonb`` holds: dataclasses as objects, times in ISO form. Raises ValueError."""
    if _depth > 100:
        raise ValueError("it is nested more than 100 deep")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (float, Decimal)):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"{value} is no number in JSON")
        if isinstance(value, Decimal) and (abs(value.adjusted()) > 1_000 or len(value.as_tuple().digits) > 10_000):
            raise ValueError("a number has more than 1,000 digits")
        return value
    if isinstance(value, enum.Enum):
        return storable(value.value, _depth + 1)
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: storable(getattr(value, field.name), _depth + 1) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(_items(value, _depth))
    if isinstance(value, (list, tuple)):
        return [storable(item, _depth + 1) for item in value]
    kind = type(value).__name__
    raise ValueError(f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind} has no JSON form")


def _items(value: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} is no text")
        yield clean_text(key), storable(item, depth + 1)
