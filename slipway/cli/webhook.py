"""`slipway webhook`: take events of the forge, and start the deliveries they ask for."""

import logging

import uvicorn

from slipway.clients.prefect import Prefect
from slipway.errors import SlipwayError
from slipway.settings import load, prefect_access
from slipway.triggers.inbox import Inbox
from slipway.triggers.receiver import receiver
from slipway.triggers.sender import Sender

CONNECTIONS = 100  # at once; more are told to come again


def webhook(host: str, port: int) -> int:
    """Serve until the process is ended; what waits then is started by the next one."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = load()
        secrets = settings.secret("webhook_secret").get_secret_value().split()
        inbox = Inbox(settings.webhook_folder)
    except (SlipwayError, OSError) as error:
        print(error)
        return 1
    access = prefect_access()
    sender = Sender(inbox, lambda: Prefect(access.api_url, access.api_auth_string), settings)
    sender.start()
    try:
        uvicorn.run(
            receiver(inbox, secrets, sender.wake),
            host=host,
            port=port,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
        )
    finally:
        sender.stop()
    return 0
