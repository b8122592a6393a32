"""Serving everything below one path."""

from __future__ import annotations

from collections.abc import Callable

from inference.serving.asgi import Answer, ASGIApp, Receive, Refusal, Scope, Send, plain_answer, send_answer


class BasePath:
    """ASGI middleware that gives an application its root path, and answers 404 outside of it.

    The proxy before it passes addresses on as they are.
    """

    def __init__(self, app: ASGIApp, base_path: str, answer: Callable[[Refusal], Answer] = plain_answer) -> None:
        self._app, self._base_path, self._answer = app, base_path, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"].startswith(f"{self._base_path}/"):
            await self._app({**scope, "root_path": self._base_path}, receive, send)
        else:
            refusal = Refusal(404, f"Everything is below {self._base_path}/ here.")
            await send_answer(self._answer(refusal), scope, send)


def path_below(scope: Scope) -> str:
    """The path of a request as the application knows it, without the base path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
