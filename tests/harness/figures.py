"""The server's figures, read as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.harness.server import ServerProcess

Figures = dict[tuple[str, ...], float]


async def scrape(server: ServerProcess) -> Figures:
    """Every sample of `GET /metrics`, by its name and the values of its labels."""
    async with server.session.get(f"{server.url}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        families = list(text_string_to_metric_families(await answer.text()))
    assert len({family.name for family in families}) == len(families), "no name comes twice"
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}
