"""A visit of the dashboard without a browser: a websocket that walks the pages, changes filters and drops a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

_PATIENCE_S = 120.0


@dataclass
class Visit:
    """An open visit: its session, the hashes of the pages by their address, and the id of the box for files."""

    address: str
    socket: ClientConnection
    session: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    box: str = ""
    errors: list[str] = field(default_factory=list)

    async def run(self, page: str = "", query: str = "", widgets: Sequence[Any] = ()) -> None:
        """Show `page` with a `query`, and wait until it is written."""
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_script_hash = self.pages.get(page, "")
        asked.rerun_script.widget_states.widgets.extend(widgets)
        await self.send(asked)
        await self._until("script_finished")

    async def drop(self, name: str, content: bytes) -> int:
        """Drop a file on the page that is shown, which has to have a box for it; the status of the upload."""
        place = await self.ask_for_place(name)
        status = await upload(self.address, place.upload_url, name, content)
        if status < 300:
            state = BackMsg().rerun_script.widget_states.widgets.add()
            state.id = self.box
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(content), place.file_id
            info.file_urls.CopyFrom(place)
            await self.run("score-file", widgets=[state])
        return status

    async def ask_for_place(self, name: str) -> Any:
        """Where a file of this visit may be uploaded to."""
        asked = BackMsg()
        asked.file_urls_request.request_id = str(uuid4())
        asked.file_urls_request.session_id = self.session
        asked.file_urls_request.file_names.append(name)
        await self.send(asked)
        told = await self._until("file_urls_response")
        return told.file_urls_response.file_urls[0]

    async def send(self, message: Any) -> None:
        """Send a message as a page does."""
        await self.socket.send(message.SerializeToString())

    async def _until(self, kind: str) -> Any:
        while True:
            told = ForwardMsg()
            told.ParseFromString(await self.socket.recv())
            found = told.WhichOneof("type")
            if found == "new_session":
                self.session = told.new_session.initialize.session_id
            if found == "navigation":
                self.pages = {page.url_pathname: page.page_script_hash for page in told.navigation.app_pages}
            if found == "delta" and told.delta.WhichOneof("type") == "new_element":
                self._look(told.delta.new_element)
            if found == kind:
                return told

    def _look(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "file_uploader":
            self.box = element.file_uploader.id
        elif kind == "exception":
            self.errors.append(element.exception.message)


@asynccontextmanager
async def visiting(address: str) -> AsyncIterator[Visit]:
    """A visit of the dashboard at `address`, which has shown its first page."""
    place = address.replace("http", "ws", 1) + "/_stcore/stream"
    async with connect(
        place, subprotocols=[Subprotocol("streamlit")], origin=Origin(address), max_size=None, open_timeout=_PATIENCE_S,
        ping_timeout=None, proxy=None,
    ) as socket:  # fmt: skip
        visit = Visit(address, socket)
        await visit.run()
        yield visit


async def upload(address: str, place: str, name: str, content: bytes) -> int:
    """Send a file to `place` as a page does; the status of the answer."""
    async with httpx.AsyncClient(base_url=address, timeout=_PATIENCE_S, trust_env=False) as client:
        token = (await client.get("/_stcore/health")).cookies.get("_streamlit_xsrf") or ""
        answer = await client.put(place, files={"file": (name, content)}, headers={"X-Xsrftoken": token})
    return answer.status_code
