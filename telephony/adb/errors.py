"""What can go wrong between us and a phone. Every sentence says what to do about it, where one can."""

from __future__ import annotations

from telephony.errors import TelephonyError


class AdbFault(TelephonyError):
    """The adb server or a phone did not do what it was asked."""

    code = "adb_fault"


class BadNumber(AdbFault):
    """Not a number that is dialled."""

    code = "bad_number"


class NoServer(AdbFault):
    """No adb server answers, or what answers is none."""

    code = "no_adb_server"


class TooLate(AdbFault):
    """The adb server or the phone did not answer in time."""

    code = "adb_timeout"


class Refused(AdbFault):
    """The adb server or the phone answered with a refusal; `message` has its words."""

    code = "adb_refused"


class BrokeOff(AdbFault):
    """The answer ended in its middle: the phone or the adb server went away."""

    code = "adb_broke_off"


class Busy(AdbFault):
    """More waits for the adb server than is reasonable."""

    code = "adb_busy"
