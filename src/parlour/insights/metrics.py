"""/metrics: this node's numbers for Prometheus. Read from the parts when asked, so that nothing counts on the way."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from litestar import Response, Router, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from parlour.accounts.identity import AnyRequest, address_of, bearer_of
from parlour.live.hub import Hub
from parlour.live.roster import Roster
from parlour.rooms.opening import Codes
from parlour.settings import Settings
from parlour.storage.journal import Journal
from parlour.wire.errors import Refusal

_LOOPBACK = frozenset(("127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts that have numbers."""

    connections: Callable[[], int]
    hub: Hub
    roster: Roster
    journal: Journal
    codes: Codes


class NodeCollector(Collector):
    """This node's numbers."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Every metric, read now."""
        yield from self._gauges()
        yield from self._counters()

    def _gauges(self) -> Iterator[Metric]:
        sources = self._sources
        yield GaugeMetricFamily("parlour_connections", "Open sockets.", sources.connections())
        yield GaugeMetricFamily("parlour_rooms_occupied", "Rooms with somebody present.", sources.roster.rooms)
        yield GaugeMetricFamily("parlour_rooms_listened", "Rooms with listeners.", sources.hub.rooms)
        yield GaugeMetricFamily("parlour_listeners_behind", "Listeners that catch up with the log.", sources.hub.behind)
        yield GaugeMetricFamily("parlour_codes_occupied", "Codes that lead to a room.", sources.codes.occupied)
        yield GaugeMetricFamily("parlour_code_chars", "Length of the next code.", sources.codes.chars)
        yield GaugeMetricFamily("parlour_journal_writable", "1 when posts are taken.", int(sources.journal.is_writable))
        yield GaugeMetricFamily("parlour_journal_waiting", "Changes in line.", sources.journal.waiting)

    def _counters(self) -> Iterator[Metric]:
        stats = self._sources.journal.stats
        deliveries = self._sources.hub.deliveries
        yield CounterMetricFamily("parlour_deliveries", "Events handed to listeners.", deliveries)
        yield CounterMetricFamily("parlour_journal_changes", "Committed changes.", stats.changes)
        yield CounterMetricFamily("parlour_journal_batches", "Commits.", stats.batches)
        yield CounterMetricFamily("parlour_journal_duplicates", "Resends recognised.", stats.duplicates)
        yield CounterMetricFamily("parlour_journal_refused", "Changes refused by the store.", stats.refused)
        yield CounterMetricFamily("parlour_journal_commit_seconds", "Time in commits.", stats.commit_seconds)


class Metrics:
    """The registry of one application; two applications in one process share nothing."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        self._token = settings.metrics_token
        self._registry = CollectorRegistry()
        self._registry.register(NodeCollector(sources))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    def check(self, request: AnyRequest) -> None:
        """Refuse who may not see the numbers, as if there were none.

        Raises:
            Refusal: not_found.
        """
        if self._token:
            is_allowed = hmac.compare_digest((bearer_of(request) or "").encode(), self._token.encode())
        else:
            # A proxy on this machine that nobody declared makes the whole world look local; its header betrays it.
            is_allowed = address_of(request) in _LOOPBACK and "x-forwarded-for" not in request.headers
        if not is_allowed:
            raise Refusal("not_found")

    def render(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)


@route("/metrics", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
def read_metrics(request: AnyRequest, metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """This node's numbers."""
    metrics.check(request)
    return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


router = Router("/", route_handlers=[read_metrics], include_in_schema=False)
