"""The real server in the test's own process, for what has no door to the outside yet."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from signaling.app import Runtime, make_runtime
from signaling.settings import Settings


class InsideServer:
    """Use as `async with`. Settings are given without their prefix; engines are `none` unless asked for."""

    def __init__(self, folder: Path, **settings: object) -> None:
        given = {"data_dir": folder, "stt": "none", "tts": "none", **settings}
        self._settings = Settings(**given)  # type: ignore[arg-type]
        self._runner: web.AppRunner | None = None
        self._runtime: Runtime | None = None
        self.url = ""

    @property
    def runtime(self) -> Runtime:
        """Every part of the running server."""
        assert self._runtime is not None
        return self._runtime

    async def __aenter__(self) -> Self:
        self._settings.prepare_data_dir()
        self._runtime = await make_runtime(self._settings, lambda name, password: None)
        self._runner = web.AppRunner(self._runtime.application(), shutdown_timeout=2, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
