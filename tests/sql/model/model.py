"""A small reference model of the engine: what each step of a workflow has to come to, from the definition alone.

It knows the one rule (an edge fires or dies; a step starts when its join is satisfied, and is not reached when that has
become impossible) and nothing of SQL, rows or queues. The tree of steps becomes a graph here by code of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Step = dict[str, Any]
#: What a step waits for: step, outcome, arm.
Edge = tuple[str, str, int]
#: Path of an execution: () at the top, then loop step and place of the item for each loop around it.
Path = tuple[tuple[str, int], ...]

SETTLED = {"completed", "failed", "skipped", "not_reached", "cancelled"}
#: Seconds that a transient failure waits for its second and last attempt.
BACKOFF = 60


@dataclass(slots=True)
class Node:
    """A step with the edges that lead to it."""

    step: Step
    incoming: list[Edge]
    join: str | int = "all"
    alone: bool = False
    rest: set[str] = field(default_factory=set)


class Graph:
    """The graph of a list of steps; a loop's body is a graph of its own."""

    def __init__(self, steps: list[Step]) -> None:
        self.nodes: dict[str, Node] = {}
        self.bodies: dict[str, Graph] = {}
        #: What a further step would wait for; nothing where all ways stop.
        self.exits = self._list(steps, [])

    def _list(self, steps: list[Step], entries: list[Edge]) -> list[Edge]:
        for step in steps:
            entries = self._step(step, entries)
        return entries

    def _step(self, step: Step, entries: list[Edge]) -> list[Edge]:
        name = step["id"]
        self.nodes[name] = Node(step, entries)
        tails: list[Edge] = []
        match step["type"]:
            case "stop":
                return []
            case "condition":
                tails += self._branch(step.get("then"), name, "true")
                tails += self._branch(step.get("else"), name, "false")
            case "switch":
                for case, branch in step["cases"].items():
                    tails += self._branch(branch, name, f"case:{case}")
                tails += self._branch(step.get("default"), name, "default")
            case "parallel":
                tails += self._parallel(step, name)
            case "loop":
                self.bodies[name] = Graph(step["steps"])
                tails.append((name, "success", 0))
            case _:
                tails.append((name, "success", 0))
        handler = step.get("on_error", "fail")
        if handler == "continue":
            tails.append((name, "error", 0))
        elif isinstance(handler, list):
            tails += self._branch(handler, name, "error")
        elif isinstance(handler, dict):
            fallback = {"id": f"{name}_fallback", **handler["fallback"]}
            tails += self._step(fallback, [(name, "error", 0)])
        return tails

    def _branch(self, steps: list[Step] | None, name: str, outcome: str) -> list[Edge]:
        return self._list(steps or [], [(name, outcome, 0)])

    def _parallel(self, step: Step, name: str) -> list[Edge]:
        before = set(self.nodes)
        arms = [self._branch(branch, name, "success") for branch in step["branches"]]
        join = step.get("join", "all")
        if join == "all":
            return [edge for arm in arms for edge in arm]
        # A join of its own: it has an arm for each branch.
        edges = [(source, outcome, n) for n, arm in enumerate(arms) for source, outcome, _ in arm]
        if not edges:
            return []
        rest = set(self.nodes) - before if step.get("cancel_rest") else set()
        self.nodes[f"({name})"] = Node({"id": f"({name})", "type": "join"}, edges, join, bool(rest), rest)
        return [(f"({name})", "success", 0)]


class Execution:
    """One execution, or one item of a loop."""

    def __init__(self, model: "Model", graph: Graph, path: Path, parent: "tuple[Execution, str] | None" = None) -> None:
        self.model, self.graph, self.path, self.parent = model, graph, path, parent
        self.status = "running"
        self.steps: dict[str, str] = {}
        self.outcomes: dict[str, str | None] = {}
        self.children: dict[str, list[Execution]] = {}
        self.items_left: dict[str, int] = {}
        self.tries: dict[str, int] = {}
        self.due: dict[str, int] = {}
        self.left: set[str] = set()
        #: Steps that end it: failures first, then the order of the text.
        self.ending: list[tuple[tuple[bool, int], str]] = []

    # ---- the one rule

    def begin(self) -> None:
        """Start what waits for nothing."""
        self._start([name for name, node in self.graph.nodes.items() if not node.incoming])
        self._advance()

    def _advance(self) -> None:
        """Level by level: what settles together is followed together, and an end goes before all else."""
        while self.status == "running":
            if self.ending:
                return self.end(min(self.ending)[1])
            verdicts = {
                name: self._verdict(node)
                for name, node in self.graph.nodes.items()
                if name not in self.steps and node.incoming
            }
            starting = [name for name, verdict in verdicts.items() if verdict == "starts"]
            dying = [name for name, verdict in verdicts.items() if verdict == "dies"]
            if not starting and not dying:
                break
            for name in starting:
                if self.graph.nodes[name].alone:
                    self._leave(self.graph.nodes[name])
            self.steps |= {name: "not_reached" for name in dying if name not in self.steps}
            self._start([name for name in starting if name not in self.steps])
        if self.status == "running" and all(self.steps.get(name) in SETTLED for name in self.graph.nodes):
            self.end("completed")
        return None

    def _verdict(self, node: Node) -> str:
        if node.join == "all":
            if any(self.steps.get(source) not in SETTLED for source, _, _ in node.incoming):
                return "waits"
            return "starts" if any(self._fired(edge) for edge in node.incoming) else "dies"
        come = still = 0
        for arm in {arm for _, _, arm in node.incoming}:
            edges = [edge for edge in node.incoming if edge[2] == arm]
            if any(self.steps.get(source) not in SETTLED for source, _, _ in edges):
                still += 1
            elif any(self._fired(edge) for edge in edges):
                come += 1
        wanted = 1 if node.join == "any" else int(node.join)
        return "starts" if come >= wanted else "dies" if come + still < wanted else "waits"

    def _fired(self, edge: Edge) -> bool:
        return self.outcomes.get(edge[0]) == edge[1]

    def _leave(self, node: Node) -> None:
        for name in node.rest:
            state = self.steps.get(name)
            if state is None or state not in SETTLED | {"sending"}:
                self._cancel_step(name)
            elif state == "sending":
                self.left.add(name)

    # ---- steps

    def _start(self, names: list[str]) -> None:
        for name in names:
            self._start_one(name)

    def _start_one(self, name: str) -> None:
        step = self.graph.nodes[name].step
        values = self.model.values
        holds = all(values[path.removeprefix("input.")] == value for path, value in step.get("if", {}).items())
        match step["type"]:
            case "condition":
                self._settle(name, "completed", "true" if holds else "false")
            case _ if not holds:
                self._settle(name, "skipped", "success")
            case "switch":
                case = values["choice"]
                self._settle(name, "completed", f"case:{case}" if case in step["cases"] else "default")
            case "transform" | "parallel" | "join":
                self._settle(name, "completed", "success")
            case "delay" if "until" in step:
                self._fail(name)  # of a value that is missing
            case "stop":
                self.steps[name] = "completed"
                if not step.get("branch"):
                    self._end_by(name, step.get("as", "completed"))
            case "delay":
                self.steps[name] = "sleeping"
                self.due[name] = self.model.now + int(step["for"].split()[0]) * 3600
            case "loop":
                self.steps[name] = "waiting"
                self.children[name] = []
                self.items_left[name] = values["items"]
                self.model.handovers.append((self, name))
            case _:
                self.steps[name] = "queued"

    def _settle(self, name: str, state: str, outcome: str) -> None:
        self.steps[name] = state
        self.outcomes[name] = outcome

    def _fail(self, name: str) -> None:
        self.steps[name] = "failed"
        self.due.pop(name, None)
        if self.status != "running" or name in self.left:
            return
        self.outcomes[name] = "error"
        if self.graph.nodes[name].step.get("on_error", "fail") == "fail":
            self._end_by(name, "failed")

    def _end_by(self, name: str, status: str) -> None:
        # A failure goes before a stop, and of several stops the first in the text.
        self.ending.append(
            ((status != "failed" or self.steps[name] != "failed", list(self.graph.nodes).index(name)), status)
        )

    def _cancel_step(self, name: str) -> None:
        self.steps[name] = "cancelled"
        self.due.pop(name, None)
        self._cancel_children(name)

    def report(self, name: str, outcome: str) -> None:
        """The poller's answer for a step that was sent: ok, permanent or transient."""
        tried = self.tries[name] = self.tries.get(name, 0) + 1
        if outcome == "ok":
            self.steps[name] = "completed"
            if self.status == "running" and name not in self.left:
                self.outcomes[name] = "success"
        elif outcome == "transient" and tried < 2 and self.status == "running" and name not in self.left:
            self.steps[name] = "sleeping"
            self.due[name] = self.model.now + BACKOFF
        else:
            self._fail(name)
        self._advance()

    def wake(self) -> None:
        """Go on with what has slept long enough."""
        for name in [name for name, due in self.due.items() if due <= self.model.now]:
            if name not in self.due:
                continue
            del self.due[name]
            if self.graph.nodes[name].step["type"] == "delay":
                self._settle(name, "completed", "success")
                self._advance()
            else:
                self.steps[name] = "queued"

    # ---- loops

    def go_on(self, name: str) -> None:
        """What the tick does for a loop: look at the items that ended, begin further ones."""
        if self.status != "running" or self.steps[name] != "waiting":
            return
        step, children = self.graph.nodes[name].step, self.children[name]
        if step.get("on_item_error", "fail") == "fail" and any(
            child.status in ("failed", "cancelled") for child in children
        ):
            self._cancel_children(name)
            self._fail(name)
        free = step.get("at_once", 1) - sum(child.status == "running" for child in children)
        starting = min(free, self.items_left[name]) if self.steps[name] == "waiting" else 0
        for _ in range(starting):
            self.items_left[name] -= 1
            path = (*self.path, (name, len(children)))
            children.append(Execution(self.model, self.graph.bodies[name], path, (self, name)))
            children[-1].begin()
        if self.steps[name] == "waiting" and not starting and all(child.status != "running" for child in children):
            self._settle(name, "completed", "success")
        self._advance()

    def _cancel_children(self, name: str) -> None:
        for child in self.children.get(name, []):
            child.end("cancelled")

    # ---- the end

    def end(self, status: str) -> None:
        """End here and below; what is on its way is left to end."""
        if self.status != "running":
            return
        self.status = status
        for name, state in list(self.steps.items()):
            if state not in SETTLED | {"sending"}:
                self._cancel_step(name)
        if self.parent is not None:
            self.model.handovers.append(self.parent)

    def all(self) -> "Iterator[Execution]":
        """This execution and those of its loops."""
        yield self
        for children in self.children.values():
            for child in children:
                yield from child.all()


class Model:
    """A workflow that runs: the clock, the values that its conditions read, the executions."""

    def __init__(self, steps: list[Step], values: dict[str, Any]) -> None:
        self.values = values
        self.now = 0
        self.handovers: list[tuple[Execution, str]] = []
        self.top = Execution(self, Graph(steps), ())
        self.top.begin()
        self._tick()

    def _tick(self) -> None:
        while self.handovers:
            batch, self.handovers = list(dict.fromkeys(self.handovers)), []
            for execution, name in batch:
                execution.go_on(name)

    def states(self) -> dict[tuple[Path, str], str]:
        """State of every step that has one; hidden joins are left out."""
        return {
            (execution.path, name): "open" if state in ("queued", "sending", "sleeping", "waiting") else state
            for execution in self.top.all()
            for name, state in execution.steps.items()
            if not name.startswith("(")
        }

    def executions(self) -> dict[Path, str]:
        """State of every execution."""
        return {e.path: "open" if e.status == "running" else e.status for e in self.top.all()}

    def send(self) -> set[tuple[Path, str]]:
        """What a poller gets now; it is on its way from here on."""
        found = set()
        for execution in self.top.all():
            for name, state in execution.steps.items():
                if state == "queued":
                    execution.steps[name] = "sending"
                    found.add((execution.path, name))
        return found

    def report(self, path: Path, name: str, outcome: str) -> None:
        """An answer."""
        next(e for e in self.top.all() if e.path == path).report(name, outcome)
        self._tick()

    def next_due(self) -> int | None:
        """When the next sleeper wakes."""
        return min((due for e in self.top.all() for due in e.due.values()), default=None)

    def wake(self, now: int) -> None:
        """Move the clock."""
        self.now = now
        for execution in list(self.top.all()):
            execution.wake()
        self._tick()

    def cancel(self) -> None:
        """An operator's cancel."""
        self.top.end("cancelled")
        self._tick()
