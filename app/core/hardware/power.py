"""Where the power comes from: on a battery, small models spare it, and measured speeds are lower than on mains."""

from __future__ import annotations

import psutil

from app.core.hardware.machine import Power, PowerSource


def probe_power() -> tuple[Power, str]:
    """The power source, and why it is not known (empty if it is). A computer without a battery runs on mains."""
    sensors = getattr(psutil, "sensors_battery", None)
    if sensors is None:
        return Power(None), "not-supported"
    try:
        battery = sensors()
    except (OSError, RuntimeError, ValueError, NotImplementedError):
        return Power(None), "unreadable"
    if battery is None:
        return Power(PowerSource.MAINS), ""
    percent = float(battery.percent) if battery.percent is not None else None
    if battery.power_plugged is None:
        return Power(None, percent), "unreadable"
    source = PowerSource.MAINS if battery.power_plugged else PowerSource.BATTERY
    return Power(source, percent), ""
