"""Where in the record the element of each resource stands, by the links of its rule read backwards.

A link says: look in the nearest group `within`, follow `via`, and there is what I refer to.  So what a resource refers
to says in which occurrence of that group its element lies, or what refers to its element (building blocks): the one
whose `via` leads to the element of what it refers to.
"""

from __future__ import annotations

from collections.abc import Iterator

from babyconnect.translate.tables import Link, Rule
from babyconnect.translate.to_ada.assigning import Assigning
from babyconnect.translate.to_ada.backwards import Backwards
from babyconnect.translate.to_ada.draft import Draft, Node
from babyconnect.translate.to_ada.graph import Graph, found
from babyconnect.translate.to_ada.merging import Merging
from babyconnect.translate.to_ada.wishes import Wish


class Placing:
    """The elements of all resources of one record.  `homes`: the nodes of a resource, several when it was merged."""

    def __init__(self, graph: Graph, tables: Backwards, assigning: Assigning, draft: Draft) -> None:
        self._graph, self._tables, self._assigning, self._draft = graph, tables, assigning, draft
        self.homes: dict[str, list[tuple[Rule, Node]]] = {}
        self._busy: set[str] = set()
        self._holders = self._held()

    def run(self) -> None:
        for key in self._graph.all:
            self.of(key)
        for key in self._graph.all:
            for rule, node in self.homes[key]:
                self._demanded(key, rule, node)

    def of(self, key: str) -> list[tuple[Rule, Node]]:
        """The nodes of a resource, made when asked for first; none while it is being placed itself."""
        if key not in self.homes and key not in self._busy:
            self._busy.add(key)
            rule = self._assigning.rules[key]
            self.homes[key] = [] if rule is None else self._placed(key, rule)
            self._busy.discard(key)
        return self.homes.get(key, [])

    def explains(self, rule: Rule, link: Link, key: str) -> bool:
        """True when a link of a rule can lead to a resource."""
        return self._assigning.explains(rule, link, key)

    def home(self, key: str, rule: str = "") -> Node | None:
        """The node of a resource (of a rule)."""
        return next((node for made, node in self.of(key) if rule in ("", made.name)), None)

    # What is known -----------------------------------------------------------------------------------------------

    def _held(self) -> dict[str, list[tuple[str, str]]]:
        """Which resource lies in the element of which: members of a report, results of a panel (`self`)."""
        held: dict[str, list[tuple[str, str]]] = {}
        for key, rule in self._assigning.rules.items():
            if rule is None:
                continue
            resource = self._graph.all[key]
            paths = {rule.template.members: ""} if rule.template.members else {}
            paths |= {row.path: row.concept for row in self._tables.rows.get(rule.name, ()) if row.transform == "self"}
            for path, concept in paths.items():
                for one in found(resource, path):
                    held.setdefault(self._graph.target(one.value), []).append((key, concept))
        held.pop("", None)
        return held

    def wish(self, key: str, rule: Rule) -> Wish:
        wish = Wish()
        resource = self._graph.all[key]
        for path, link in self._tables.links(rule):
            for one in found(resource, path):
                target = self._graph.target(one.value)
                if target and target != key:
                    self.from_link(wish, rule, link, target)
        for holder, concept in self._holders.get(key, ()):
            if concept in ("", rule.concept) and holder != key:
                self.inside(wish, rule, self.home(holder))
        return wish

    def from_link(self, wish: Wish, rule: Rule, link: Link, target: str) -> None:
        for one in self._tables.alternatives(link):
            node = self.home(target, one.rule)
            if node is None or not self._tables.reaches(rule, one):
                continue
            via, shared = self._shared_target(one.via, node)
            if ">" in via or shared is None:
                continue  # it follows from another link: the professional of the contact
            if via:
                wish.led += [(within, via, shared) for within in one.within.split() or [""]]
            elif set(one.within.split()) & set(self._tables.structure.chain(rule.concept)):
                self.inside(wish, rule, node)
            else:
                wish.beside += [(within, node) for within in one.within.split()]
            return

    def _shared_target(self, via: str, node: Node) -> tuple[str, Node | None]:
        """`A><B` backwards: A leads to what B in the other's element leads to (the child that both are about)."""
        first, _, back = via.partition("><")
        if not back or ">" in back:
            return via, node
        holder = next(self._draft.within(node, back), None)
        return first, self._draft.named(holder.attributes.get("value", "")) if holder is not None else None

    def inside(self, wish: Wish, rule: Rule, node: Node | None) -> None:
        """Beside or in another resource's element: they share what both lie in (the same element, when both are it)."""
        chain = self._tables.structure.chain(rule.concept)
        for above in node.up() if node is not None else ():
            if above.concept in chain:
                wish.fixed.setdefault(above.concept, above)

    # Making a place ----------------------------------------------------------------------------------------------

    def _placed(self, key: str, rule: Rule) -> list[tuple[Rule, Node]]:
        if rule.template.merge:
            return Merging(self._graph, self._tables, self._assigning, self).homes(key)
        wish = self.wish(key, rule)
        node = self._shared(wish, rule) or self.make(rule.concept, wish)
        for other in self._assigning.alike.get(key, ()) if node is None else ():
            rule, wish = other, self.wish(key, other)
            node = self._shared(wish, rule) or self.make(rule.concept, wish)
            if node is not None:
                break
        if node is None:
            return []
        node.rules.add(rule.template.name)
        self._lead(wish, rule, node)
        return [(rule, node)]

    def _shared(self, wish: Wish, rule: Rule) -> Node | None:
        """The element of another resource that is this one's too (a professional and her role)."""
        there = wish.fixed.pop(rule.concept, None)
        return there if there is not None and rule.template.name not in there.rules else None

    def make(self, concept: str, wish: Wish) -> Node | None:
        here = self._draft.root
        chain = self._tables.structure.chain(concept)
        fixed = [wish.fixed[step] for step in chain[:-1] if step in wish.fixed and self._agrees(wish.fixed[step], wish)]
        if fixed:
            here = fixed[-1]
        steps = self._draft.steps(here, concept)
        for place, step in enumerate(steps[:-1]):
            entered = self._enter(here, step, steps[place + 1 :], wish)
            if entered is None:
                return None
            here = entered
        return self._draft.add(here, concept) if self._draft.room(here, concept) else None

    def _enter(self, here: Node, step: str, rest: tuple[str, ...], wish: Wish) -> Node | None:
        leading = wish.leading(step)
        there = here.of(step)
        if leading:
            there = [node for node in there if self._is_led(node, leading)]
        elif self._tables.structure.repeats(step):
            there = [node for node in there if not self._is_spoken_for(node)]
        for node in there:
            if self._draft.fits(node, rest):
                self._refer(node, leading)
                return node
        if not self._draft.room(here, step):
            return next(iter(here.of(step)), None) if not self._tables.structure.repeats(step) else None
        made = self._draft.add(here, step)
        self._refer(made, leading)
        return made

    def _is_led(self, node: Node, leading: list[tuple[str, Node]]) -> bool:
        """True when a reference of the group leads where it should, and none leads elsewhere."""
        leads = [self._leads(node, via, target) for via, target in leading]
        return any(lead is True for lead in leads) and not any(lead is False for lead in leads)

    def _leads(self, node: Node, via: str, target: Node) -> bool | None:
        """Whether a group's reference leads to a node; None when it has no such reference."""
        there = next(self._draft.within(node, via), None)
        return None if there is None else there.attributes.get("value") == self._draft.name(target)

    def _agrees(self, node: Node, wish: Wish) -> bool:
        """True when nothing a node lies in is led elsewhere than is wished."""
        scopes = ((node.above(within), via, target) for within, via, target in wish.led if within)
        return not any(scope is not None and self._leads(scope, via, target) is False for scope, via, target in scopes)

    def _is_spoken_for(self, node: Node) -> bool:
        """True for a group that a reference in it already says to be about something."""
        return bool(node.keys)

    def _refer(self, node: Node, leading: list[tuple[str, Node]]) -> None:
        for via, target in leading:
            self._set(node, via, target)
            node.keys.add(("led", via))

    def _set(self, scope: Node, via: str, target: Node) -> None:
        if next(self._draft.within(scope, via), None) is None:
            made = self._draft.put(scope, via)
            if made is not None:
                self._draft.reference(made, target)

    def _lead(self, wish: Wish, rule: Rule, node: Node) -> None:
        """References of the whole record, of what the element lies in, and of the groups that refer to the element."""
        chain = self._tables.structure.chain(rule.concept)
        for within, via, target in wish.led:
            if not within:
                self._set(self._draft.root, via, target)
            elif (scope := node.above(within)) is not None:
                self._refer(scope, [(via, target)])
        for within, other in wish.beside:
            self._referred_beside(rule, node, other.above(within))
        away = [(w, via, target) for w, via, target in wish.led if w and w not in chain]
        if away:
            self._referred(rule, node, Wish(led=away))

    def _referred(self, rule: Rule, node: Node, wish: Wish) -> None:
        """Have the element referred to from the group that a link looks in."""
        ways = self._tables.structure.referring.get(rule.concept, ())
        wanted = [w for w, _, _ in wish.led]
        best = max(ways, key=lambda way: sum(w in self._tables.structure.chain(way) for w in wanted), default="")
        if best and any(w in self._tables.structure.chain(best) for w in wanted):
            holder = self.make(best, wish)
            if holder is not None:
                self._draft.reference(holder, node)

    def _referred_beside(self, rule: Rule, node: Node, group: Node | None) -> None:
        """Have the element referred to from the group of another resource (a report, of its examination)."""
        followed = {step for link in self._tables.table.links.values() for step in link.via.split(">")}
        ways = self._tables.structure.referring.get(rule.concept, ())
        for way in sorted(ways, key=lambda way: way not in followed):
            if group is not None and self._draft.steps(group, way):
                self._set(group, way, node)
                return

    def _demanded(self, key: str, rule: Rule, node: Node) -> None:
        """What becomes a resource only where something refers to it is referred to, or does not stand in the record."""
        wanted = [way for way in demanded(rule.when) if self._tables.structure.chain(way)]
        there = {holder.concept for holder in self._draft.referred().get(self._draft.name(node), ())}
        if there & set(demanded(rule.when)):
            return
        for way in self._ordered(key, rule, wanted):
            holder = self._owned(self.make(way, Wish(led=self._about(key, way))))
            if holder is not None:
                self._draft.reference(holder, node)
                for link in self._tables.table.links.values():
                    if link.via == way and (group := holder.above(link.within)) is not None:
                        group.keys.add(("led", way))
                return
        if demanded(rule.when) and not self._stands_alone(rule.when) and len(node.rules) == 1:
            self._draft.remove(node)
            self.homes[key] = [(made, home) for made, home in self.homes[key] if home is not node]

    def _stands_alone(self, when: str) -> bool:
        """Whether it becomes a resource without being referred to: there is another way, and the record leaves it open
        (a weight is hers where no child is named)."""
        others = [part.split() for part in when.split(" | ")[1:]]
        return any(words[0] != "nowhere" or not any(map(self._stands, words[1:])) for words in others)

    def _stands(self, concept: str) -> bool:
        return next(self._draft.within(self._draft.root, concept), None) is not None

    def _owned(self, holder: Node | None) -> Node | None:
        """A reference just made, unless it stands in a group of one child that does not say which: then nothing."""
        for above in holder.up() if holder is not None else ():
            who = self._tables.table.anchors["children"].get(above.concept, "")
            if holder is not None and who and next(self._draft.within(above, who), None) is None:
                self._draft.remove(holder)
                return None
        return holder

    def _about(self, key: str, way: str) -> list[tuple[str, str, Node]]:
        """Which occurrence of the groups around a data element is about what the resource refers to (its contact)."""
        chain = self._tables.structure.chain(way)
        context = self._graph.target(self._graph.all[key].get("context"))
        led = []
        for link in self._tables.table.links.values():
            node = self.home(context, link.rule) if context and link.via and link.within in chain else None
            if node is not None and ">" not in link.via and self._tables.structure.chain(link.via):
                led.append((link.within, link.via, node))
        return led

    def _ordered(self, key: str, rule: Rule, ways: list[str]) -> Iterator[str]:
        """First the references that make the resource's own links true."""
        resource = self._graph.all[key]
        said = {link.name for path, link in self._tables.links(rule) if link.when and found(resource, path)}
        unsaid = {link.name for path, link in self._tables.links(rule) if link.when} - said
        good = [w for w in ways if any(w in demanded(self._tables.table.links[n].when) for n in said)]
        bad = [w for w in ways if any(w in demanded(self._tables.table.links[n].when) for n in unsaid)]
        yield from good
        yield from (way for way in ways if way not in good and way not in bad)
        yield from bad


def demanded(when: str) -> list[str]:
    """The references of which a rule's condition wants one: of its first alternative."""
    first = when.partition(" | ")[0]
    parts = [part.split() for part in first.split(" & ")]
    return [concept for words in parts if words[:2] == ["referred", "by"] for concept in words[2:]]
