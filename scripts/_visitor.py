"""A visit to the dashboard without a browser: the websocket and the messages of Streamlit's page, and its uploads."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Screen:
    """The messages of one run of a page, in order, and the seconds from the request to its end."""

    messages: Sequence[ForwardMsg]
    seconds: float

    @property
    def exceptions(self) -> list[str]:
        """The exceptions that it shows."""
        return [f"{each.exception.type}: {each.exception.message}" for each in self._elements("exception")]

    @property
    def metrics(self) -> dict[str, str]:
        """The figures that it shows, by label."""
        return {each.metric.label: each.metric.body for each in self._elements("metric")}

    def shows(self, text: str) -> bool:
        """Whether the run ended well and wrote `text`, and no exception, on the screen."""
        return (
            self.messages[-1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            and not self.exceptions
            and any(text in str(element) for element in self._elements())
        )

    def _elements(self, kind: str = "") -> list[Any]:
        drawn = [message.delta.new_element for message in self.messages if message.WhichOneof("type") == "delta"]
        return [element for element in drawn if kind in ("", element.WhichOneof("type"))]


@dataclass
class Visitor:
    """A visitor of the dashboard: its session, the pages' hashes by path, and the last file uploader."""

    address: str
    connection: ClientConnection
    session: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    box: str = ""

    def run(
        self, page: str = "", query: Mapping[str, str | Sequence[str]] | str = "", widgets: Sequence[Any] = ()
    ) -> Screen:
        """Open the page at the path `page` with a query, and wait until it is written.

        Raises:
            TimeoutError: the run did not end within two minutes.
            websockets.exceptions.ConnectionClosed: the server hung up.
        """
        asked = BackMsg()
        rerun = asked.rerun_script
        rerun.query_string = query if isinstance(query, str) else urlencode(query, doseq=True)
        rerun.page_name = page
        rerun.is_history_navigation = True
        rerun.page_script_hash = self.pages.get(page, "")
        rerun.widget_states.widgets.extend(widgets)
        begun = time.monotonic()
        self.send(asked)
        # A page that asks for another run of itself finishes early before it.
        messages = self._until(
            lambda message: (
                message.WhichOneof("type") == "script_finished"
                and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            )
        )
        return Screen(messages, time.monotonic() - begun)

    def drop(self, page: str, name: str, content: bytes) -> Screen | None:
        """Drop a file into the box that was shown last, which is on `page`; None where it is not taken."""
        place = self.ask_for_place(name)
        if upload(self.address, place.upload_url, name, content) >= 300:
            return None
        state = BackMsg().rerun_script.widget_states.widgets.add(id=self.box)
        info = state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(content), file_id=place.file_id
        )
        info.file_urls.CopyFrom(place)
        return self.run(page, widgets=[state])

    def ask_for_place(self, name: str) -> Any:
        """Where a file of this visitor may be uploaded to: Streamlit's FileURLs."""
        asked = BackMsg()
        asked.file_urls_request.request_id = name
        asked.file_urls_request.session_id = self.session
        asked.file_urls_request.file_names.append(name)
        self.send(asked)
        message = self._until(lambda each: each.WhichOneof("type") == "file_urls_response")[-1]
        return message.file_urls_response.file_urls[0]

    def send(self, sent: Any) -> None:
        """Send a message as a page does, or bytes or text as they are."""
        self.connection.send(sent if isinstance(sent, bytes | str) else sent.SerializeToString())

    def _until(self, is_last: Callable[[Any], bool]) -> list[ForwardMsg]:
        until = time.monotonic() + _PATIENCE_S
        messages: list[ForwardMsg] = []
        while not (messages and is_last(messages[-1])):
            content = self.connection.recv(until - time.monotonic())
            messages.append(ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode()))
            self._note(messages[-1])
        return messages

    def _note(self, message: Any) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "file_uploader":
            self.box = message.delta.new_element.file_uploader.id


@contextmanager
def visiting(address: str, *, origin: str | None = None, trust: ssl.SSLContext | None = None) -> Iterator[Visitor]:
    """A visit to the dashboard at `address`, which has shown nothing yet.

    The address's port is one of this machine, whatever its host is called; `origin` is that of the page, by default the
    dashboard's own.

    Raises:
        websockets.exceptions.InvalidStatus: the server refuses it.
    """
    options: dict[str, Any] = {"ssl": trust} if trust else {}
    # Close the socket even if the handshake fails.
    with (
        socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), timeout=_PATIENCE_S) as line,
        connect(
            f"{address.replace('http', 'ws', 1)}/_stcore/stream",
            sock=line,
            origin=Origin(origin or _origin(address)),
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            open_timeout=_PATIENCE_S,
            ping_timeout=None,
            proxy=None,
            **options,
        ) as connection,
    ):
        yield Visitor(address, connection)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def upload(address: str, place: str, name: str, content: bytes) -> int:
    """Send a file to `place` as a page does; the status of the answer."""
    with httpx.Client(base_url=address, timeout=_PATIENCE_S, trust_env=False) as client:
        token = client.get("/_stcore/health").cookies.get("_streamlit_xsrf") or ""
        answer = client.put(place, files={"file": (name, content)}, headers={"X-Xsrftoken": token})
    return answer.status_code
