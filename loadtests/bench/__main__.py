"""``python -m loadtests.bench``: every benchmark, as ratios of this run. Ends by itself, talks to loopback only."""

from deploy.stack.local import local_services, temporary_home
from loadtests.bench import checkins
from loadtests.bench.servers import leave_the_server_its_core
from shared.migrations import migrate


def main() -> None:
    """Run and print. The services are durable here (fsync on): what is measured is what is promised."""
    leave_the_server_its_core()
    with temporary_home() as home, local_services(home, environment={}) as local:
        migrate(local.database_url)
        figures = checkins.run(local)
    ceiling = figures[0].median
    print("\naccepted requests per second of API CPU (median of interleaved rounds), and the share of the ceiling")
    for figure in figures:
        spread = f"{min(figure.per_cpu_second):,.0f} to {max(figure.per_cpu_second):,.0f}"
        print(f"  {figure.name:42} {figure.median:8,.0f}   {figure.median / ceiling:5.2f}   ({spread})")


if __name__ == "__main__":
    main()
