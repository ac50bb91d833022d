"""A PostgreSQL server of the test's own, on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

_INSTALLED = Path("/usr/lib/postgresql")
_UNPRIVILEGED = "nobody"
"""Who runs it where the tests run as root: PostgreSQL refuses to."""


def program(name: str) -> str:
    """Path of one of PostgreSQL's programs; raises FileNotFoundError with what to do where there is none."""
    folders = [os.environ.get("PATCHBAY_POSTGRES"), *sorted(_INSTALLED.glob("*/bin"), reverse=True)]
    for folder in folders:
        if folder and (found := shutil.which(name, path=str(folder))):
            return found
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"No {name} was found: run `make test-programs`.")
    return found


class PostgresServer:
    """One server, with the databases that `make` makes. Use as `with`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="patchbay-pg-"))
        self._as = _UNPRIVILEGED if os.geteuid() == 0 else None

    def __enter__(self) -> Self:
        if self._as is not None:
            os.chown(self.folder, pwd.getpwnam(self._as).pw_uid, -1)
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {self.folder} -h '' -F"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", self._data, "-l", log, "-o", options, "-w", "-t", "60", "start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def make(self, name: str) -> str:
        """A new, empty database; its address for PATCHBAY_DATABASE_URL."""
        self._run("createdb", "-h", str(self.folder), "-U", "postgres", name)
        return f"postgresql+asyncpg://postgres@/{name}?host={self.folder}"

    def _run(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; raises RuntimeError with what it said where it fails."""
        # Into a file: a pipe would stay open for as long as the server that pg_ctl starts.
        with tempfile.TemporaryFile() as output:
            command = [program(name), *arguments]
            done = subprocess.run(
                command, user=self._as, cwd=self.folder, stdout=output, stderr=output, timeout=90, check=False
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{name}: {output.read().decode(errors='replace')}")
