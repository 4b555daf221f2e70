"""The command ``paradex-nt devnet`` as a process of its own."""

import asyncio
import json
import signal
import sys

import pytest
from aiohttp import ClientSession

from nautilus_paradex.devnet.config import DEFAULT_SEED
from nautilus_paradex.devnet.identities import derive_accounts
from tests.support import PROCESS_PATIENCE_SECS

COMMAND = (sys.executable, "-m", "nautilus_paradex.cli.main", "devnet")


async def start(*options):
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finish(process):
    out, err = await asyncio.wait_for(process.communicate(), PROCESS_PATIENCE_SECS)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_one_ready_line_and_a_clean_end(number):
    process = await start("--port", "0", "--account-balance", "500")
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), PROCESS_PATIENCE_SECS))
        async with ClientSession() as session:
            async with session.get(f"{ready['http']}/system/state") as response:
                assert await response.json() == {"status": "ok"}
            async with session.ws_connect(f"{ready['ws']}?sbeSchemaId=1&sbeSchemaVersion=2"):
                process.send_signal(number)
                code, rest, errors = await finish(process)
    finally:
        if process.returncode is None:
            process.kill()
    assert (code, rest, errors) == (0, "", "")
    assert set(ready) == {"http", "ws", "accounts"}
    expected = derive_accounts(DEFAULT_SEED, len(ready["accounts"]))
    assert ready["accounts"] == [
        {"address": account.address_hex, "private_key": account.private_key_hex}
        for account in expected
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "70000"], "port must be between 0 and 65535, was 70000"),
        (["--speed", "0"], "speed must be above 0"),
        (["--seed", "-1"], "seed must be 0 or more"),
        (["--account-balance", "-1"], "account balance"),
        (["--replay", "/nowhere.jsonl"], "/nowhere.jsonl: cannot be read"),
        (["--port", "x"], "--port"),
    ],
)
async def test_bad_input_is_one_clear_line_and_status_two(options, words):
    code, out, err = await finish(await start(*options))
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err


async def test_a_malformed_recording_names_its_line(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"t_ns": 1, "opcode": "text", "text": "ok"}\nnonsense\n')
    code, _, err = await finish(await start("--replay", str(path)))
    assert code == 2
    assert "line 2" in err
    assert len(err.splitlines()) == 1


async def test_a_port_that_is_taken():
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        code, _, err = await finish(await start("--port", str(port)))
    assert code == 2
    assert f"port {port} cannot be used" in err
