"""Notices to people, through apprise: chats, mail, web hooks. Only here."""

import threading
from typing import Any

from slipway.clients.silence import silent
from slipway.notices import Notice

LONGEST = 20.0  # seconds all services have together; none is waited for after that
_LOGGERS = ("apprise", "urllib3.connectionpool")  # they log hosts, and paths, which hold tokens


def send(notice: Notice, urls: str, longest: float = LONGEST) -> str:
    """Tell every service of `urls` (apprise's, separated by blanks); what went wrong, or nothing.

    Raises nothing, and never names a URL: each one is a secret.
    """
    answer: list[str] = []
    # A service may drip its answer for as long as it likes: the thread is left behind.
    thread = threading.Thread(
        target=lambda: answer.append(_sent(notice, urls.split())), daemon=True
    )
    thread.start()
    thread.join(longest)
    return answer[0] if answer else f"no answer within {longest:.0f} s"


def _sent(notice: Notice, urls: list[str]) -> str:
    try:
        import apprise  # noqa: PLC0415 -- 50 ms, which a run that tells nobody need not spend

        with silent(*_LOGGERS):
            services = [apprise.Apprise.instantiate(url, suppress_exceptions=True) for url in urls]
            failed = [
                number
                for number, service in enumerate(services, 1)
                if not isinstance(service, apprise.NotifyBase)
                or not _told(apprise.Apprise(), service, notice)
            ]
    except Exception as error:  # noqa: BLE001  # a hundred plug-ins; their texts may hold the URL
        return f"the library failed with {type(error).__name__}"
    which = ", ".join(map(str, failed))
    return f"of {len(urls)} services these did not take it: number {which}" if failed else ""


def _told(sender: Any, service: object, notice: Notice) -> bool:
    sender.add(service)
    return bool(sender.notify(title=notice.title, body=notice.text, body_format="text"))
