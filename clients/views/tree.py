"""The tree at the left of every page: resellers, their clients, and how each one is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from clients import tree
from clients.models import Client, ClientType, Reseller, Status
from clients.selectors import clients_for, resellers_for
from clients.tenancy import Scope
from clients.views.base import PortalView, get_or_404
from limits import warnings

FIRST_CLIENTS = 15
MORE_CLIENTS = 100
FOUND = 30


@dataclass(kw_only=True)
class Node:
    """One line of the tree."""

    id: str
    name: str
    url: str
    is_reseller: bool = False
    is_current: bool = False
    is_open: bool = False
    mark: str = ""
    mark_words: str = ""
    note: str = ""
    count: int | None = None
    children: list["Node"] = field(default_factory=list)
    children_url: str = ""
    more: int = 0
    more_url: str = ""


@dataclass(kw_only=True)
class Tree:
    """The whole panel; ``attention`` counts the clients that are near a limit or at one."""

    url: str
    nodes: list[Node]
    attention: int
    attention_url: str


class TreeReader:
    """Builds nodes from a constant number of queries, however many tenants there are."""

    def __init__(
        self,
        scope: Scope,
        *,
        at: datetime,
        reseller_id: int | None = None,
        client_id: int | None = None,
    ) -> None:
        """``reseller_id`` and ``client_id`` say where the page is; their branch stands open."""
        self.scope = scope
        self.reseller_id = reseller_id
        self.client_id = client_id
        self.steps = warnings.steps_today(scope, at=at)
        self.resellers = tree.resellers_by_parent(scope)
        self.direct = tree.client_counts(scope)
        self.parents = {
            reseller.pk: parent for parent, below in self.resellers.items() for reseller in below
        }
        self.warned_resellers = self._warned_resellers()

    def _warned_resellers(self) -> dict[int, int]:
        """The highest step of today below each reseller."""
        highest: dict[int, int] = {}
        if not self.steps:
            return highest
        clients = clients_for(self.scope).filter(pk__in=self.steps)
        for client_id, reseller_id in clients.values_list("pk", "reseller_id"):
            above: int | None = reseller_id
            while above is not None:
                highest[above] = max(self.steps[client_id], highest.get(above, 0))
                above = self.parents.get(above)
        return highest

    def panel(self) -> Tree:
        """The tree with the branch of the page's own tenant open."""
        roots = self.resellers.get(None, [])
        opened: set[int | None] = {None} if self.scope.kind == "platform" else set()
        opened |= {root.pk for root in roots} if len(roots) == 1 else set()
        above: int | None = self.reseller_id
        while above is not None:
            opened.add(above)
            above = self.parents.get(above)
        if self.scope.kind == "client":
            opened = set()
        listed = self._clients(opened, limit=FIRST_CLIENTS)
        nodes = [self._reseller(root, opened, listed) for root in roots]
        nodes += listed.get(None, [])
        if self.scope.kind == "client":
            nodes = self.of_clients(list(clients_for(self.scope)))
        return Tree(
            url=reverse("tree"),
            nodes=nodes,
            attention=len(self.steps),
            attention_url=reverse("tree") + "?attention=1",
        )

    def branch(self, reseller: Reseller) -> Node:
        """One reseller with its first children, to be put into a page that has the rest."""
        listed = self._clients({reseller.pk}, limit=FIRST_CLIENTS)
        return self._reseller(reseller, {reseller.pk}, listed)

    def rest_of_branch(self, reseller: Reseller, *, skip: int, shown: int | None) -> Node:
        """The clients from place ``skip`` on, without the one that the page shows already."""
        rows = tree.clients_of(self.scope, [reseller.pk], skip=skip, limit=MORE_CLIENTS, also=None)
        left = self.direct.get(reseller.pk, 0) - skip - len(rows)
        nodes = self.of_clients([client for client in rows if client.pk != shown])
        if shown is not None and len(nodes) < len(rows):
            shown = None
        return self._with_rest(
            Node(id="", name="", url=reverse("reseller", args=[reseller.pk]), children=nodes),
            reseller_id=reseller.pk,
            skip=skip + len(rows),
            left=left,
            shown=shown,
        )

    @staticmethod
    def _with_rest(
        node: Node, *, reseller_id: int, skip: int, left: int, shown: int | None
    ) -> Node:
        """Add the link that fetches what is left; ``shown`` is one of them that is not missing."""
        node.more = max(0, left - (shown is not None))
        node.more_url = f"{reverse('tree_branch', args=[reseller_id])}?skip={skip}"
        if shown is not None:
            node.more_url += f"&shown={shown}"
        return node

    def found(self, words: str) -> list[Node]:
        """A flat list of what has these words."""
        resellers, clients = tree.named_like(self.scope, words, limit=FOUND)
        return [self._reseller(reseller, set(), {}) for reseller in resellers] + self.of_clients(
            clients
        )

    def needing_attention(self) -> list[Node]:
        """A flat list of the clients with a warning today, the worst first."""
        found = clients_for(self.scope).filter(pk__in=self.steps)
        return self.of_clients(sorted(found, key=lambda c: (-self.steps[c.pk], c.name)))

    def _clients(
        self, reseller_ids: set[int | None], *, limit: int
    ) -> dict[int | None, list[Node]]:
        rows = tree.clients_of(self.scope, reseller_ids, skip=0, limit=limit, also=self.client_id)
        nodes: dict[int | None, list[Node]] = {}
        for client, node in zip(rows, self.of_clients(rows), strict=True):
            nodes.setdefault(client.reseller_id, []).append(node)
        return nodes

    def below(self, reseller: Reseller | None) -> list[Node]:
        """A node for each reseller directly below one, or for the roots of the scope."""
        rows = self.resellers.get(reseller.pk if reseller else None, [])
        return [self._reseller(row, set(), {}) for row in rows]

    def of_clients(self, clients: list[Client]) -> list[Node]:
        """A node for each client."""
        able = tree.able_to_call(self.scope, [client.pk for client in clients])
        return [self._client(client, able=client.pk in able) for client in clients]

    def _client(self, client: Client, *, able: bool) -> Node:
        suspended = client.status == Status.SUSPENDED
        mark = _mark(self.steps.get(client.pk, 0))
        if suspended or not able:
            mark = "off"
        words = _("suspended") if suspended else "" if able else _("no account is active")
        vendor = client.type == ClientType.VENDOR
        return Node(
            id=f"c{client.pk}",
            name=client.name,
            url=reverse("client", args=[client.pk]),
            is_current=client.pk == self.client_id,
            mark=mark,
            mark_words=words,
            note=_("suspended") if suspended else _("vendor") if vendor else "",
        )

    def _reseller(
        self,
        reseller: Reseller,
        opened: set[int | None],
        listed: dict[int | None, list[Node]],
    ) -> Node:
        suspended = reseller.status == Status.SUSPENDED
        is_open = reseller.pk in opened
        below = self.resellers.get(reseller.pk, [])
        clients = listed.get(reseller.pk, [])
        node = Node(
            id=f"r{reseller.pk}",
            name=reseller.name,
            url=reverse("reseller", args=[reseller.pk]),
            is_reseller=True,
            is_current=reseller.pk == self.reseller_id and self.client_id is None,
            is_open=is_open,
            mark="off" if suspended else _mark(self.warned_resellers.get(reseller.pk, 0)),
            mark_words=_("suspended") if suspended else "",
            note=_("suspended") if suspended else "",
            count=self._count_below(reseller.pk),
            children_url=reverse("tree_branch", args=[reseller.pk]),
        )
        if is_open:
            node.children = [self._reseller(r, opened, listed) for r in below] + clients
            self._with_rest(
                node,
                reseller_id=reseller.pk,
                skip=FIRST_CLIENTS,
                left=self.direct.get(reseller.pk, 0) - FIRST_CLIENTS,
                shown=self.client_id if len(clients) > FIRST_CLIENTS else None,
            )
        elif not below and not self.direct.get(reseller.pk):
            node.children_url = ""
        return node

    def _count_below(self, reseller_id: int) -> int:
        below = self.resellers.get(reseller_id, [])
        return self.direct.get(reseller_id, 0) + sum(self._count_below(r.pk) for r in below)


def _mark(step: int) -> str:
    if step >= warnings.SPENT:
        return "limit"
    return "near" if step else "fine"


class TreeView(PortalView):
    """The tree as htmx asks for it: filtered by words, or those that need attention."""

    template_name = "includes/tree.html"

    def context(self) -> dict[str, Any]:
        reader = TreeReader(self.scope, at=self.at)
        words = self.request.GET.get("q", "").strip()
        if words:
            return {"nodes": reader.found(words)}
        if self.request.GET.get("attention"):
            return {"nodes": reader.needing_attention()}
        return {"nodes": reader.panel().nodes}


class TreeBranchView(PortalView):
    """The children of one reseller, fetched when its branch is opened."""

    template_name = "includes/tree_children.html"

    def load(self, *, reseller_id: int) -> None:
        self.reseller = get_or_404(resellers_for(self.scope), pk=reseller_id)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        reader = TreeReader(self.scope, at=self.at)
        skip, shown = _number(request, "skip"), _number(request, "shown")
        if skip:
            branch = reader.rest_of_branch(self.reseller, skip=skip, shown=shown)
        else:
            branch = reader.branch(self.reseller)
        return self.page(branch=branch)


def _number(request: HttpRequest, name: str) -> int | None:
    """A number of the query string; None when it is not one."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
