"""How the built web app is served, and what is not."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from signaling.web import HEADERS, add_web

SCRIPT = "console.log('patchbay');" * 200
INDEX = "<!doctype html><title>Patchbay</title><script src='main-5FQZ7KXE.js' type='module'></script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small build, beside a file that is nobody's business."""
    folder = tmp_path / "browser"
    (folder / "media").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "main-5FQZ7KXE.js").write_text(SCRIPT)
    (folder / "styles-ABCDEFGH.css").write_text("body { margin: 0 }" * 50)
    (folder / "styles-ABCDEFGH.css.gz").write_bytes(gzip.compress(b"packed beforehand"))
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "media" / "ring-12345678.wav").write_bytes(bytes(range(256)))
    (folder / ".hidden").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
async def site(folder: Path) -> AsyncIterator[str]:
    """The origin of a server of that folder."""
    app = web.Application()
    add_web(app, folder)
    runner = web.AppRunner(app)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0)
    await tcp.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that shows what is sent, not what it makes of it."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


@pytest.mark.parametrize(
    "path",
    ["/", "/sign-in", "/phone", "/threads", "/threads/5a1c%2Fx", "/threads/x?token=y", "/status"],
)
async def test_every_page_is_the_app_asked_for_anew(
    site: str, client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(site + path, headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.status == 200
        assert await answer.text() == INDEX
        assert answer.content_type == "text/html"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        etag = answer.headers["ETag"]
    async with client.get(site + path, headers={"If-None-Match": etag}) as again:
        assert again.status == 304


def test_no_script_may_be_inline_or_from_elsewhere() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy
    assert [name for name, value in policy.items() if "unsafe" in value] == ["style-src"]


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("/main-5FQZ7KXE.js", "text/javascript", "public, max-age=31536000, immutable"),
        ("/styles-ABCDEFGH.css", "text/css", "public, max-age=31536000, immutable"),
        ("/media/ring-12345678.wav", "audio/x-wav", "public, max-age=31536000, immutable"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
    ],
)
async def test_what_is_named_by_its_content_is_kept_for_good(
    site: str, client: aiohttp.ClientSession, path: str, kind: str, caching: str
) -> None:
    async with client.get(site + path) as answer:
        assert (answer.status, answer.content_type) == (200, kind)
        assert answer.headers["Cache-Control"] == caching
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_files_are_sent_packed_to_whoever_takes_that(site: str, client: aiohttp.ClientSession) -> None:
    packed = {"Accept-Encoding": "gzip"}
    async with client.get(f"{site}/main-5FQZ7KXE.js", headers=packed) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(await answer.read()).decode() == SCRIPT
    async with client.get(f"{site}/styles-ABCDEFGH.css", headers=packed) as answer:
        assert gzip.decompress(await answer.read()) == b"packed beforehand"
    async with client.get(f"{site}/main-5FQZ7KXE.js", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.text() == SCRIPT
    async with client.get(f"{site}/main-5FQZ7KXE.js", headers={**packed, "Range": "bytes=0-6"}) as part:
        assert (part.status, await part.text()) == (206, "console")
    async with client.get(f"{site}/media/ring-12345678.wav", headers=packed) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.read() == bytes(range(256))


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/media/../../secret.txt", "/link.txt",
        "/media/%2e%2e/%2e%2e/secret.txt", "/.hidden", "/media", "/media/", "/nothing.js", "/%00", "/a%00.js",
        "//etc/passwd", "/%2fetc/passwd", "/" + "x" * 5000, "/..\\secret.txt", "/\ud83d",
    ],
    ids=lambda path: repr(path)[:30],
)  # fmt: skip
async def test_nothing_outside_the_folder_is_served(site: str, folder: Path, path: str) -> None:
    host, port = site.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"GET " + path.encode(errors="surrogatepass") + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400", b"HTTP/1.0 400", b"HTTP/1.0 404")), answer[
        :200
    ]
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", ["/nowhere", "/threads/a/b", "/media/nothing.js", "/..%2fsecret.txt"])
async def test_a_page_that_is_none_is_said_by_the_app_and_a_file_that_is_none_by_404_alone(
    site: str, client: aiohttp.ClientSession, path: str
) -> None:
    page = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Encoding": "identity"}
    async with client.get(site + path, headers=page) as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert await answer.text() == INDEX
        assert answer.headers["Cache-Control"] == "no-cache"
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    async with client.get(site + path, headers={"Accept": "*/*"}) as answer:
        assert answer.status == 404
        assert INDEX not in await answer.text()
    async with client.get(f"{site}/api/nowhere", headers=page) as answer:
        assert answer.status == 404
        assert INDEX not in await answer.text()


async def test_an_app_that_is_not_built_is_missed_in_a_sentence_and_found_once_it_is(
    site: str, folder: Path, client: aiohttp.ClientSession
) -> None:
    (folder / "index.html").unlink()
    for path, status in (("/", 200), ("/phone", 503), ("/threads", 503)):
        async with client.get(site + path) as answer:
            assert answer.status == status
            assert "The web app is not built" in await answer.text()
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["Referrer-Policy"] == HEADERS["Referrer-Policy"]
    (folder / "index.html").write_text(INDEX)
    async with client.get(f"{site}/phone", headers={"Accept-Encoding": "identity"}) as answer:
        assert (answer.status, await answer.text()) == (200, INDEX)


async def test_other_methods_and_our_interfaces_are_not_the_app_s(
    site: str, client: aiohttp.ClientSession
) -> None:
    async with client.post(f"{site}/") as answer:
        assert answer.status == 405
    for path in ("/api/nowhere", "/telephony/nowhere", "/socket.io/nowhere"):
        async with client.get(site + path) as answer:
            assert answer.status == 404
        async with client.post(site + path) as answer:
            assert answer.status == 404
