"""``python -m api``: one API process."""

import uvicorn
from prometheus_client import start_http_server

from api.app import create_app
from api.wire import HttpProtocol
from shared.logs import configure_logs
from shared.settings import load_settings


def main() -> None:
    """Serve until told to stop; then finish what is under way, within 5 s."""
    settings = load_settings()
    configure_logs(settings, "api")
    if settings.api_metrics_port:
        start_http_server(settings.api_metrics_port, addr=settings.api_host)
    uvicorn.run(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        http=HttpProtocol,
        access_log=False,
        log_config=None,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
