"""REST requests held back on their way to the venue and their answers on the way back.

Not a test module. `HeldRequests` is a transport: the test decides when a request arrives, when it
is answered and with what; a request may also arrive after its sender has given up.
"""

import asyncio

import httpx

from tests.integration.bad_answers import BAD_ANSWERS, BadAnswer

__all__ = ["HeldRequest", "HeldRequests"]


class HeldRequest:
    """One request of the client, and how far it has come."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request
        self.response: httpx.Response | None = None
        self.has_left = False
        self.reply: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        stage = "sent" if not self.has_left else "at the venue" if not self.response else "answered"
        return f"{self.request.method} {self.request.url.raw_path.decode()} ({stage})"

    @property
    def is_over(self) -> bool:
        """Whether neither its sender nor the venue can learn anything more of it."""
        return self.reply.done() and self.has_left

    def answer(self, response: httpx.Response) -> None:
        if not self.reply.done():
            self.reply.set_result(response)

    def fail(self, bad: BadAnswer) -> None:
        """Give the sender something else than the venue's answer."""
        if self.reply.done():
            return
        try:
            self.reply.set_result(bad(self.request, self.response))
        except httpx.HTTPError as error:
            self.reply.set_exception(error)


class HeldRequests(httpx.AsyncBaseTransport):
    """
    Holds requests back from `hold` on until `let_through`.

    Parameters
    ----------
    inner : httpx.AsyncBaseTransport
        The way to the venue.

    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._is_holding = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.waiting: list[HeldRequest] = []

    def hold(self) -> None:
        self._is_holding = True

    def hold_no_more(self) -> None:
        """Let through what comes from here on; what waits goes on waiting."""
        self._is_holding = False

    def let_through(self) -> None:
        """Hold nothing any more: what waits goes its way, oldest first."""
        self._is_holding = False
        for held in self.waiting:
            self._send(held)
            if held.response is not None:
                held.answer(held.response)
        self.waiting.clear()

    def move(self, held: HeldRequest) -> None:
        """Let a request arrive at the venue; the next time, let its answer through."""
        if not held.has_left:
            self._send(held)
        elif held.response is not None:
            held.answer(held.response)
        self._forget_what_is_over()

    def lose(self, held: HeldRequest, how: str | BadAnswer) -> None:
        """
        Let the sender learn nothing; a request that has not arrived yet still may.

        `how` is an answer, or the name of one of `BAD_ANSWERS`.

        """
        held.fail(BAD_ANSWERS[how] if isinstance(how, str) else how)
        self._forget_what_is_over()

    def drop(self, held: HeldRequest, how: str | BadAnswer) -> None:
        """Let the sender learn nothing, and the venue neither unless the request has arrived."""
        held.has_left = True
        self.lose(held, how)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._is_holding:
            return await self._inner.handle_async_request(request)
        held = HeldRequest(request)
        self.waiting.append(held)
        return await held.reply

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _send(self, held: HeldRequest) -> None:
        if held.has_left:
            return
        held.has_left = True
        task = asyncio.ensure_future(self._carry(held), loop=held.reply.get_loop())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, held: HeldRequest) -> None:
        response = await self._inner.handle_async_request(held.request)
        content = await response.aread()
        held.response = httpx.Response(response.status_code, content=content)
        if not self._is_holding:
            held.answer(held.response)

    def _forget_what_is_over(self) -> None:
        self.waiting = [held for held in self.waiting if not held.is_over]
