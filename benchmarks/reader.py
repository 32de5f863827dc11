"""A reader without a browser: speaks with the app as Streamlit's own front end does, in protobuf messages over a
websocket, and says and answers nothing that the front end does not.

A visit is one run of the script: what the front end sends when a link is followed or something on the page is
clicked, until the server says that the script has finished."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode, urlsplit

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 300.0  # s, for one page


class Reader:
    """One reader's tab.

    pages: paths of all pages ("" is the start), each with the name Streamlit knows it by; empty before the first visit
    errors: what went wrong, as the pages say it; a page's notes are none"""

    def __init__(self, url: str, socket: ClientConnection):
        self.pages: dict[str, str] = {}
        self.errors: list[str] = []
        self._url, self._socket = url, socket
        self._page = ""
        self._runs, self._age = 0, 2
        self._cached: dict[str, int] = {}  # hashes of large messages, and the run in which each was last of use

    async def visit(self, page: str, query: Mapping[str, str]) -> float | None:
        """Seconds until the script has finished; None if it does not, with the reason in `errors`."""
        self._page = page
        start = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._socket.send(self._rerun(page, query).SerializeToString())
                while not self._finished(ForwardMsg.FromString(await self._socket.recv(decode=False))):
                    pass
        except (ConnectionClosed, TimeoutError) as error:
            self._wrong(f"{type(error).__name__} {error}")
            return None
        return time.perf_counter() - start

    def _rerun(self, page: str, query: Mapping[str, str]) -> BackMsg:
        message = BackMsg()
        state, where = message.rerun_script, urlencode(query)
        state.query_string = where
        if self.pages:
            state.page_script_hash = self.pages[page]
        else:  # the first page goes by its name in the address
            state.page_name = page
        state.widget_states.SetInParent()
        state.cached_message_hashes.extend(self._cached)
        context = state.context_info
        context.timezone, context.timezone_offset, context.locale = "UTC", 0, "en-US"
        context.url, context.color_scheme = f"{self._url}/{page}?{where}", "light"
        return message

    def _finished(self, message: ForwardMsg) -> bool:
        """Take a message in; whether it is the last of its run."""
        kind = message.WhichOneof("type")
        if message.metadata.cacheable:
            self._cached.setdefault(message.hash, self._runs)
        if kind == "ref_hash":
            self._cached[message.ref_hash] = self._runs
        elif kind == "new_session":
            self._age = message.new_session.config.max_cached_message_age
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "delta" and message.delta.HasField("new_element"):
            self._look(message.delta.new_element)
        elif kind == "page_not_found":
            self._wrong("there is no such page")
        elif kind == "session_event" and message.session_event.HasField("script_compilation_exception"):
            self._wrong(message.session_event.script_compilation_exception.message)
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._runs += 1
            self._cached = {name: at for name, at in self._cached.items() if self._runs - at <= self._age}
            return True
        return False

    def _look(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self._wrong(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format in (Alert.ERROR, Alert.WARNING):
            self._wrong(element.alert.body)

    def _wrong(self, what: str) -> None:
        self.errors.append(f"/{self._page}: {what}")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Reader]:
    """A reader of the app at `url`, who leaves at the end."""
    where = f"ws://{urlsplit(url).netloc}/_stcore/stream"
    # A browser answers pings and sends none.
    async with connect(where, origin=url, subprotocols=["streamlit"], max_size=None, ping_interval=None) as socket:
        yield Reader(url, socket)
