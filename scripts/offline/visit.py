"""A visit to the dashboard as a browser makes it, over HTTP and its websocket, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Origin, Subprotocol
from websockets.sync.client import ClientConnection, connect

_PATIENCE_S = 60
_DONE = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY


class Visit:
    """An open page; each method returns when the script has run."""

    def __init__(self, socket: ClientConnection, client: httpx.Client) -> None:
        self._socket, self._client = socket, client
        self.pages: dict[str, str] = {}
        self._uploader = ""

    @classmethod
    @contextmanager
    def open(cls, port: int) -> Iterator[Visit]:
        """A visit to the dashboard on `port`, its shell, styles and scripts loaded and its first page written."""
        host = f"127.0.0.1:{port}"
        with httpx.Client(base_url=f"http://{host}", timeout=_PATIENCE_S, trust_env=False) as client:
            client.get("/").raise_for_status()
            # The first sets the cookie that an upload has to show.
            for path in ("/_stcore/health", "/_stcore/host-config"):
                client.get(path).raise_for_status()
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            with connect(
                f"ws://{host}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], origin=Origin(f"http://{host}"),
                additional_headers={"Cookie": cookies}, open_timeout=_PATIENCE_S, max_size=None, proxy=None,
            ) as socket:  # fmt: skip
                visit = cls(socket, client)
                visit.run()
                yield visit

    def run(self, page: str = "", *, uploaded: Path | None = None, query: str = "") -> list[ForwardMsg]:
        """Run a page, called by its path, and what it sends; `uploaded` is dropped into the page's uploader."""
        asked = BackMsg()
        asked.rerun_script.query_string = query
        if page:
            asked.rerun_script.page_script_hash = self.pages[page]
        if uploaded is not None:
            self._upload(uploaded, asked)
        return self._ask(asked)

    def _ask(self, asked: BackMsg) -> list[ForwardMsg]:
        self._socket.send(asked.SerializeToString())
        sent: list[ForwardMsg] = []
        # A page that asks for another run of itself finishes early before it.
        while not (sent and sent[-1].WhichOneof("type") == "script_finished" and sent[-1].script_finished == _DONE):
            sent.append(self._next())
            self._note(sent[-1])
        return sent

    def _next(self) -> ForwardMsg:
        message = self._socket.recv(_PATIENCE_S)
        assert isinstance(message, bytes)
        read: ForwardMsg = ForwardMsg.FromString(message)
        return read

    def _note(self, message: ForwardMsg) -> None:
        for page in message.navigation.app_pages:
            self.pages[page.url_pathname] = page.page_script_hash
        element = message.delta.new_element
        if element.WhichOneof("type") == "file_uploader":
            self._uploader = element.file_uploader.id

    def _upload(self, path: Path, asked: BackMsg) -> None:
        wanted = BackMsg()
        wanted.file_urls_request.request_id = "1"
        wanted.file_urls_request.file_names.append(path.name)
        self._socket.send(wanted.SerializeToString())
        answer = self._next()
        while answer.WhichOneof("type") != "file_urls_response":
            answer = self._next()
        urls = answer.file_urls_response.file_urls[0]
        headers = {"X-Xsrftoken": self._client.cookies["_streamlit_xsrf"]}
        with path.open("rb") as content:
            self._client.put(urls.upload_url, files={"file": (path.name, content)}, headers=headers).raise_for_status()
        state = asked.rerun_script.widget_states.widgets.add(id=self._uploader)
        info = state.file_uploader_state_value.uploaded_file_info.add(
            file_id=urls.file_id, name=path.name, size=path.stat().st_size
        )
        info.file_urls.CopyFrom(urls)
