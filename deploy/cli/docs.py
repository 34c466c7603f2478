"""``muster docs``: the tables of docs/operations.md, made from the code that they describe."""

from collections.abc import Iterator
from types import ModuleType

import typer

app = typer.Typer(help="Tables of the documentation, made from the code.", no_args_is_help=True)

SUFFIXES = {"counter": "_total", "histogram": "_bucket"}
"""What a metric is called when one asks for it."""


@app.command()
def metrics() -> None:
    """Print every metric, in Markdown."""
    typer.echo(metrics_table())


@app.command()
def closes() -> None:
    """Print every close code of the gateway, in Markdown."""
    typer.echo(closes_table())


def metrics_table() -> str:
    """Every metric of every process."""
    rows = ["| metric | of | kind | labels | meaning |", "| --- | --- | --- | --- | --- |"]
    rows += [f"| `{name}` | {of} | {kind} | {labels or '–'} | {says} |" for name, of, kind, labels, says in _metrics()]
    return "\n".join(rows)


def closes_table() -> str:
    """Every code, its reason, and whether a client should come back."""
    from gateway.closing import Close

    rows = ["| code | reason | reconnect? |", "| --- | --- | --- |"]
    rows += [f"| {int(code)} | {code.reason} | {'yes' if code.reconnect else 'no'} |" for code in Close]
    return "\n".join(rows)


def metric_names() -> frozenset[str]:
    """Every name that can be asked for in Prometheus, as it stands in the table."""
    return frozenset(name for name, *_ in _metrics())


def _metrics() -> Iterator[tuple[str, str, str, str, str]]:
    import api.metrics
    import gateway.metrics
    import workers.metrics as worker

    yield from _of_module(api.metrics, "API")
    yield from _of_module(gateway.metrics, "gateway")
    yield from _of_module(worker, "workers")
    for name, says in [*worker.GAUGES.values(), worker.SOCKETS, worker.GATEWAYS]:
        yield name, "scheduler", "gauge", "", says
    for name, says in (worker.QUEUE_LENGTH, worker.STALLED):
        yield name, "scheduler", "gauge", "queue", says


def _of_module(module: ModuleType, of: str) -> Iterator[tuple[str, str, str, str, str]]:
    from prometheus_client.metrics import MetricWrapperBase

    from gateway.metrics import Spread, Tally

    for value in vars(module).values():
        if isinstance(value, MetricWrapperBase | Tally | Spread):
            [described] = value.describe()
            name = described.name + SUFFIXES.get(described.type, "")
            labels = ", ".join(getattr(value, "_labelnames", ()))
            yield name, of, described.type, labels, described.documentation
