"""Workflow definitions as files: YAML 1.2 and JSON, with the line of every part, and YAML for export.

    DefinitionError     a file cannot be read as definitions; str(error) begins with file:line

What is read is JSON: objects, lists, text, exact numbers, true, false, null. Where YAML and people differ the text is
kept as it was written: ``+31612345678``, ``007`` and ``2026-01-31`` are texts. Keys are texts, each once.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import LiteralScalarString

SUFFIXES = {".yaml", ".yml", ".json"}

#: Parts of a document, aliases written out: what an honest definition stays far below.
MAX_PARTS = 100_000
MAX_DEPTH = 100

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_BASED = re.compile(r"0(x[0-9a-fA-F]+|o[0-7]+)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SPACE = re.compile(r"[ \t\n\r]*")
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[]+|\[)")

#: Where definitions of older systems write what the language calls otherwise.
_ELSEWHERE = {
    "to": ("config", "recipient"),
    "text": ("config", "message"),
    "type": ("config", "actionType"),
    "becomes": ("trigger_conditions",),
    "when": ("trigger_type",),
}

Lines = dict[tuple[str | int, ...], int]


class DefinitionError(click.ClickException):
    """A file cannot be read; the message begins with its name and line."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file, self.line, self.reason = file, line, message


@dataclass(frozen=True, slots=True)
class Document:
    """One definition: what it means, the text it was written as, and the line of each of its parts (from 1)."""

    file: str
    text: str
    definition: Any
    lines: Lines

    def line(self, path: str) -> int:
        """The line of a path such as ``steps[1].if``; of what holds it, where the text has no such part."""
        place: tuple[str | int, ...] = ()
        value = self.definition
        parts = [int(number) if number else name for number, name in _STEP.findall(path)]
        while parts:
            found = _step_into(value, parts)
            if found is None:
                break
            keys, used = found
            for key in keys:
                value = value[key]
            place += keys
            parts = parts[used:]
        return self.lines.get(place, 1)


def _step_into(value: Any, parts: list[str | int]) -> tuple[tuple[str | int, ...], int] | None:
    """The keys that the first parts of a path mean, and how many parts they are. Keys may hold dots."""
    if isinstance(value, list):
        index = parts[0]
        return ((index,), 1) if isinstance(index, int) and index < len(value) else None
    if not isinstance(value, dict):
        return None
    if parts[0] == 0 and "trigger_type" not in value:
        # A single trigger may stand without its list.
        return (), 1
    for count in range(len(parts), 0, -1):
        names = [part for part in parts[:count] if isinstance(part, str)]
        if len(names) == count and (key := ".".join(names)) in value:
            return (key,), count
    return _step_elsewhere(value, str(parts[0]))


def _step_elsewhere(value: dict[str, Any], name: str) -> tuple[tuple[str | int, ...], int] | None:
    other = _ELSEWHERE.get(name, ())
    place: Any = value
    for key in other:
        place = place.get(key) if isinstance(place, dict) else None
    if other and place is not None:
        return other, 1
    config = value.get("config")
    return (("config", name), 1) if isinstance(config, dict) and name in config else None


# ---------------------------------------------------------------- files


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The definition files among paths: files as they are given, folders with all that is in them.

    Raises DefinitionError for what does not exist, and for a folder without definitions.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            inside = [file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts)]
            if not inside:
                raise DefinitionError(str(path), 1, "the folder has no .yaml, .yml or .json files")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DefinitionError(str(path), 1, "there is no such file or folder")
    return list(dict.fromkeys(found))


def read_file(path: Path) -> list[Document]:
    """The definitions in a file: one for each YAML document or element of a JSON array. Raises DefinitionError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DefinitionError(str(path), 1, f"is not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise DefinitionError(str(path), 1, error.strerror or str(error)) from error
    return read_json(text, str(path)) if path.suffix.lower() == ".json" else read_yaml(text, str(path))


# ---------------------------------------------------------------- JSON


def read_json(text: str, file: str = "-") -> list[Document]:
    """Read JSON text: a definition, or a list of them. Raises DefinitionError."""
    reader = _JsonReader(text, file)
    value = reader.read()
    if not isinstance(value, list):
        return [Document(file, text, value, reader.lines)]
    documents = []
    for index, item in enumerate(value):
        lines = {place[1:]: line for place, line in reader.lines.items() if place[:1] == (index,)}
        documents.append(Document(file, dump_json(item), item, lines))
    return documents


class _JsonReader:
    """JSON with the line of every part; stricter than the standard library: keys once, finite numbers, no NUL."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.lines: Lines = {}
        self.parts = 0
        self.breaks = [match.start() for match in re.finditer("\n", text)]

    def read(self) -> Any:
        value, end = self.value(self.skip(0), ())
        if self.skip(end) < len(self.text):
            raise self.error(self.skip(end), "there is more text after the definition")
        return value

    def line_at(self, position: int) -> int:
        from bisect import bisect_left

        return bisect_left(self.breaks, position) + 1

    def error(self, position: int, message: str) -> DefinitionError:
        return DefinitionError(self.file, self.line_at(position), message)

    def skip(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def value(self, at: int, place: tuple[str | int, ...]) -> tuple[Any, int]:
        self.lines.setdefault(place, self.line_at(at))
        self.parts += 1
        if self.parts > MAX_PARTS or len(place) > MAX_DEPTH:
            raise self.error(at, "the document is too large or too deep")
        start = self.text[at : at + 1]
        if start == "{":
            return self.object(at + 1, place)
        if start == "[":
            return self.array(at + 1, place)
        if start == '"':
            return self.string(at + 1)
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, at):
                return value, at + len(word)
        if match := _NUMBER.match(self.text, at):
            written = match[0]
            number = int(written) if _INTEGER.fullmatch(written) and len(written) < 1000 else Decimal(written)
            return number, match.end()
        raise self.error(
            at, f"a value was expected, not {self.text[at : at + 10]!r}" if start else "the text ends early"
        )

    def string(self, at: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self.text, at, True)
        except JSONDecodeError as error:
            raise self.error(error.pos, error.msg[0].lower() + error.msg[1:]) from error
        if problem := unstorable(value):
            raise self.error(at, problem)
        return value, end

    def object(self, at: int, place: tuple[str | int, ...]) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self.skip(at)
        if self.text.startswith("}", at):
            return found, at + 1
        while True:
            if not self.text.startswith('"', at):
                raise self.error(at, "a key in double quotes was expected")
            key, end = self.string(at + 1)
            if key in found:
                raise self.error(at, f"the key {key!r} is there twice")
            self.lines[(*place, key)] = self.line_at(at)
            end = self.skip(end)
            if not self.text.startswith(":", end):
                raise self.error(end, "a colon was expected")
            found[key], end = self.value(self.skip(end + 1), (*place, key))
            at = self.skip(end)
            if self.text.startswith("}", at):
                return found, at + 1
            if not self.text.startswith(",", at):
                raise self.error(at, "a comma or } was expected")
            at = self.skip(at + 1)

    def array(self, at: int, place: tuple[str | int, ...]) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self.skip(at)
        if self.text.startswith("]", at):
            return found, at + 1
        while True:
            value, end = self.value(at, (*place, len(found)))
            found.append(value)
            at = self.skip(end)
            if self.text.startswith("]", at):
                return found, at + 1
            if not self.text.startswith(",", at):
                raise self.error(at, "a comma or ] was expected")
            at = self.skip(at + 1)


def unstorable(text: str) -> str | None:
    """Why PostgreSQL cannot store a text, or None."""
    if "\0" in text:
        return "a text holds a NUL character, which PostgreSQL cannot store"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "a text holds half of a surrogate pair"
    return None


def dump_json(value: Any, indent: int | None = 2) -> str:
    """JSON with exact decimals."""
    decimals: list[str] = []

    def mark(number: Any) -> str:
        if not isinstance(number, Decimal):
            raise TypeError(f"{type(number).__name__} is not JSON")
        decimals.append(str(number))
        return f"\0{len(decimals) - 1}\0"

    text = json.dumps(value, ensure_ascii=False, indent=indent, default=mark)
    return re.sub(r'"\\u0000(\d+)\\u0000"', lambda match: decimals[int(match[1])], text)


# ---------------------------------------------------------------- YAML


def read_yaml(text: str, file: str = "-") -> list[Document]:
    """Read YAML 1.2 text, a definition per document; empty documents are left out. Raises DefinitionError."""
    documents = [document for chunk, line in _chunks(text) if (document := _read_chunk(chunk, line, file))]
    if not documents:
        raise DefinitionError(file, 1, "there is no definition in it")
    return documents


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    """The texts between document marks, each with the number of the line it begins at."""
    begin, start = 0, 0
    for match in re.finditer(r"^(?:---(?=[ \t\r\n]|\Z)|\.\.\.(?=[ \t\r\n]|\Z))", text, re.MULTILINE):
        if text[start : match.start()].strip() or match.start() > start:
            yield text[start : match.start()], text.count("\n", 0, begin) + 1
        begin = start = match.end()
    yield text[start:], text.count("\n", 0, begin) + 1


def _read_chunk(text: str, line: int, file: str) -> Document | None:
    if not text.isprintable() and (found := re.search("[\0-\x08\x0b\x0c\x0e-\x1f]", text)):
        number = line + text.count("\n", 0, found.start())
        raise DefinitionError(file, number, f"a control character ({found[0]!r}) stands in the text")
    try:
        # Directives (%YAML) say nothing that is not true of all our files.
        node = YAML(typ="safe", pure=True).compose(io.StringIO(re.sub(r"(?m)^%.*$", "#", text, count=0)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DefinitionError(file, line + (mark.line if mark else 0), str(error.problem or error.context)) from error
    except (YAMLError, RecursionError) as error:
        raise DefinitionError(
            file, line, "the document is too deep" if isinstance(error, RecursionError) else str(error)
        ) from error
    if node is None:
        return None
    reader = _YamlReader(file, line)
    definition = reader.value(node, ())
    if definition is None and not reader.parts > 1:
        return None
    return Document(file, text.strip("\n") + "\n", definition, reader.lines)


class _YamlReader:
    """YAML nodes as JSON values, with the line of every part."""

    def __init__(self, file: str, line: int) -> None:
        self.file, self.first = file, line
        self.lines: Lines = {}
        self.parts = 0

    def error(self, node: Node, message: str) -> DefinitionError:
        return DefinitionError(self.file, self.first + node.start_mark.line, message)

    def value(self, node: Node, place: tuple[str | int, ...]) -> Any:
        self.lines.setdefault(place, self.first + node.start_mark.line)
        self.parts += 1
        if self.parts > MAX_PARTS or len(place) > MAX_DEPTH:
            raise self.error(node, "the document is too large or too deep")
        if isinstance(node, MappingNode):
            return self.mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        raise self.error(node, "this has no meaning in JSON")

    def mapping(self, node: MappingNode, place: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise self.error(key_node, "a key is a text")
            key = key_node.value
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self.error(key_node, "<< is not part of YAML 1.2; write the keys out")
            if problem := unstorable(key):
                raise self.error(key_node, problem)
            if key in found:
                raise self.error(key_node, f"the key {key!r} is there twice")
            self.lines[(*place, key)] = self.first + key_node.start_mark.line
            found[key] = self.value(value_node, (*place, key))
        return found

    def scalar(self, node: ScalarNode) -> Any:
        text = node.value
        tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        if tag == "int":
            return self.integer(text)
        if tag == "float":
            return self.number(node)
        if tag not in ("str", "timestamp"):
            raise self.error(node, f"the tag {node.tag} is not known")
        if problem := unstorable(text):
            raise self.error(node, problem)
        return text

    @staticmethod
    def integer(text: str) -> Any:
        """A number as JSON writes it, or in base 16 or 8; anything else that YAML calls an integer stays text."""
        if _INTEGER.fullmatch(text):
            return int(text) if len(text) < 1000 else Decimal(text)
        return int(text, 0) if _BASED.fullmatch(text) else text

    def number(self, node: ScalarNode) -> Any:
        text = node.value
        if text.lower().lstrip("+-") in (".inf", ".nan"):
            raise self.error(node, f"{text} is not a number in JSON")
        if _FLOAT.fullmatch(text) and any(character.isdigit() for character in text.lower().split("e")[0]):
            return Decimal(text)
        return text


# ---------------------------------------------------------------- export


class _Representer(RoundTripRepresenter):
    """Decimals as they are; texts quoted where another reader would take them for something else."""


def _represent_decimal(representer: RoundTripRepresenter, number: Decimal) -> ScalarNode:
    text = str(number)
    # YAML's floats have a dot.
    if "." not in text and "E" in text:
        text = text.replace("E", ".0E")
    tag = "tag:yaml.org,2002:float" if "." in text else "tag:yaml.org,2002:int"
    return representer.represent_scalar(tag, text)


def _represent_text(representer: RoundTripRepresenter, text: str) -> ScalarNode:
    style = '"' if _is_ambiguous(text) else None
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Representer.add_representer(Decimal, _represent_decimal)
_Representer.add_representer(str, _represent_text)


def _is_ambiguous(text: str) -> bool:
    """Whether readers take a plain text for something else, or it has what a plain text cannot show."""
    return (
        text.lower() in ("", "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~")
        or bool(re.fullmatch(r"[-+.0-9][-+.0-9_:eExXoOa-fA-F]*", text))
        or not text.isprintable()
        or text != text.strip()
        or "{{" in text
        or text.startswith("%")
    )


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """The order of keys: at the top of a definition, in its triggers, and elsewhere inside."""

    top: Sequence[str] = ()
    trigger: Sequence[str] = ()
    inside: Sequence[str] = ()

    def sort(self, definition: Any) -> Any:
        """The definition with its keys in order; what is not in it comes last."""
        if not isinstance(definition, dict):
            return definition
        inside = {key: place for place, key in enumerate(self.inside)}
        trigger = {key: place for place, key in enumerate(dict.fromkeys([*self.trigger, *self.inside]))}
        keys = sorted(definition, key=[*self.top, *definition].index)
        return {key: _sorted(definition[key], trigger if key == "when" else inside) for key in keys}


def _sorted(value: Any, places: dict[str, int]) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: places.get(key, len(places)))
        return {key: _sorted(value[key], places) for key in keys}
    return [_sorted(item, places) for item in value] if isinstance(value, list) else value


def dump_yaml(definition: Any) -> str:
    """A definition as YAML; ``read_yaml`` reads it back to the same."""
    yaml = YAML(pure=True)
    yaml.Representer = _Representer
    yaml.width = 120
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_with_blocks(definition), stream)
    return stream.getvalue()


def _with_blocks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_blocks(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_blocks(item) for item in value]
    return LiteralScalarString(value) if isinstance(value, str) and _is_block(value) else value


def _is_block(text: str) -> bool:
    """Whether a text can stand as a literal block: several lines, none of which a block would change."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and all(line.isprintable() and line == line.rstrip() for line in lines)
        and bool(lines[0])
        and not lines[0].startswith(" ")
        and not text.endswith("\n\n")
        and text != "\n"
    )
