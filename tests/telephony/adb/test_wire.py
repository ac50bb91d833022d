"""What the phone app is told and what comes back, as text."""

from __future__ import annotations

import pytest

from telephony.adb import wire
from telephony.adb.address import ServerAddress, server_address
from telephony.adb.errors import BadNumber, NoServer
from telephony.adb.wire import Listed

COMPLETED = "Broadcasting: Intent { act=a cmp=b (has extras) }\nBroadcast completed: result=0\n"


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("+49123456789", "+49123456789"),
        ("110", "110"),
        ("0123 456-789", "0123456789"),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_a_number_is_dialled_without_blanks_and_hyphens(written, dialled):
    assert wire.dial(written)[-5:] == ["type", "dial", "--es", "number", dialled]


BAD_NUMBERS = [
    "",
    "+",
    "12",
    "123456789012345678901",
    "+49123; reboot",
    "+49123\nreboot",
    "+49123\n",
    "+49123$(reboot)",
    "`reboot`",
    "+49123 && reboot",
    "+49123 --es type hangup",
    "+49 -- 123",
    "'+49123'",
    "+٤٩١٢٣",
    "+49１２３",
    "++49123",
    "49+123",
    "tel:+49123",
    "+49123\x00",
]


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_what_is_no_number_is_refused(number):
    with pytest.raises(BadNumber):
        wire.dial(number)


@pytest.mark.parametrize("number", [None, 49123, ["+49123"], b"+49123"])
def test_a_number_that_is_no_text_is_refused(number):
    with pytest.raises(BadNumber, match="as text"):
        wire.dial(number)


@pytest.mark.parametrize("code", ["*#06#", "**21*+49123456#", "*2767*3855#", "+49123#"])
def test_codes_are_refused_with_the_reason(code):
    with pytest.raises(BadNumber, match="cost money or wipe a phone"):
        wire.dial(code)


@pytest.mark.parametrize("result", ["0", "-1"])
def test_a_completed_broadcast_has_no_fault(result):
    assert wire.broadcast_fault(COMPLETED.replace("result=0", f"result={result}"), 0) is None


@pytest.mark.parametrize(
    ("output", "code", "fault"),
    [
        ("/system/bin/sh: am: inaccessible or not found\n", 127, "inaccessible or not found"),
        ("cmd: Can't find service: activity\n", 20, "Can't find service: activity"),
        (
            "Broadcasting: Intent { }\njava.lang.SecurityException: Permission Denial: no\n\tat android",
            255,
            "SecurityException: Permission Denial",
        ),
        ("\nException occurred while executing 'broadcast':\njava.lang.X", 255, "Exception occurred"),
        ("Error: Unknown command: broadcast", 0, "Unknown command"),
        (COMPLETED, 1, "Broadcasting"),
        (COMPLETED.replace("result=0", "result=2"), 0, "result 2"),
        ("Broadcasting: Intent { }\n", 0, "Broadcasting"),
        ("", 0, "said nothing"),
        ("", 137, "exit code 137"),
    ],
)
def test_a_broadcast_that_failed_says_why(output, code, fault):
    assert fault in (wire.broadcast_fault(output, code) or "")


def test_a_long_complaint_is_cut_short():
    fault = wire.broadcast_fault("Error: " + "x" * 10_000, 1)

    assert fault is not None
    assert len(fault) < 200


def test_the_list_of_devices_is_understood_in_every_state():
    block = (
        "R58M123ABC             device usb:1-2 product:panther model:Pixel_7 device:panther transport_id:1\n"
        "192.168.1.5:5555       offline transport_id:2\n"
        "0123456789             unauthorized usb:1-3 transport_id:3\n"
        "????????????           no permissions (user in plugdev group; are your udev rules wrong?); "
        "see [http://developer.android.com/tools/device.html] usb:1-4 transport_id:4\n"
    )

    assert wire.parse_devices(block) == (
        Listed("R58M123ABC", "device", "Pixel 7", "1"),
        Listed("192.168.1.5:5555", "offline", None, "2"),
        Listed("0123456789", "unauthorized", None, "3"),
        Listed("????????????", "no permissions", None, "4"),
    )


@pytest.mark.parametrize("block", ["", "\n\n", "serial-alone", "   \n"])
def test_lines_that_name_no_device_are_left_out(block):
    assert wire.parse_devices(block) == ()


def test_the_adb_server_is_where_adb_tools_look_for_it():
    elsewhere = {"ANDROID_ADB_SERVER_HOST": "10.0.0.2", "ANDROID_ADB_SERVER_PORT": "5099"}

    assert server_address({}) == ServerAddress("127.0.0.1", 5037)
    assert server_address(elsewhere) == ServerAddress("10.0.0.2", 5099)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "adb", "5037.0", "５０３７"])
def test_a_port_that_is_none_is_named(port):
    with pytest.raises(NoServer, match="ANDROID_ADB_SERVER_PORT"):
        server_address({"ANDROID_ADB_SERVER_PORT": port})
