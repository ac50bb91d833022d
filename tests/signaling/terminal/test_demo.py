"""The demo, as a newcomer sees it: real server, real voices, real recogniser."""

from __future__ import annotations

import re

from tests.signaling.terminal.program import Start

_ROW = re.compile(r"^ +\d+:\d\d  (\S+) +(\S.*)$")


async def test_a_call_goes_from_the_bot_to_a_person_and_back(patchbay: Start) -> None:
    program = await patchbay("demo")

    assert await program.end(within=100) == 0, program.output
    thread = program.output.partition("The thread")[2].partition("The timeline")[0]
    spoken = [found.groups() for line in thread.splitlines() if (found := _ROW.match(line))]
    stretches = [who for place, (who, _) in enumerate(spoken) if place == 0 or spoken[place - 1][0] != who]
    # A recogniser that mishears makes the bot ask again; the story must get there all the same.
    told = iter(stretches)
    assert all(who in told for who in ("bot", "Ann", "bot", "Rosie", "Ann", "Rosie", "bot", "Ann", "bot"))
    assert (stretches[0], stretches[-1]) == ("bot", "bot")
    timeline = program.output.partition("The timeline")[2]
    order = ["handoff_requested", "accepted", "bot_last_frame", "first_operator_frame", "released"]
    assert all(event in timeline for event in order)
    assert "recognised again: “Hello" in " ".join(timeline.split())
