"""Temperatures and voltages as the makers write them."""

from __future__ import annotations

import pytest

from gsmgw.at.sensor_readings import parse_temperature_c, parse_voltage_mv


@pytest.mark.parametrize(
    ("lines", "prefix", "field", "degrees"),
    [
        (["+QTEMP: 31,31,30"], "+QTEMP:", 0, 31.0),  # EP06
        (['+QTEMP: "soc-thermal","41"', '+QTEMP: "pa-thermal","38"'], "+QTEMP:", 0, 41.0),  # RM500Q
        (["+QTEMP: 29,255,-5"], "+QTEMP:", 0, 29.0),
        (["+CPMUTEMP: 33"], "+CPMUTEMP:", 0, 33.0),  # SIM7600
        (["#TEMPMEAS: 0,25"], "#TEMPMEAS:", 2, 25.0),  # UC864 AT reference 3.5.7.1.18
        (["#TEMPMEAS: -1,-12"], "#TEMPMEAS:", 2, -12.0),
        (["^CHIPTEMP: 431,431,65535,35,65535"], "^CHIPTEMP:", 0, 43.1),  # E3372
        (["^CHIPTEMP: 42"], "^CHIPTEMP:", 0, 42.0),
        (["^SCTM: 0,0,34"], "^SCTM:", 3, 34.0),
        (["^SCTM: 0,0"], "^SCTM:", 3, None),
        (["Temp state: Normal", "Temperature: 33.50 C"], "Temperature:", 0, 33.5),
        (["+QTEMP: bad"], "+QTEMP:", 0, None),
        ([], "+QTEMP:", 0, None),
    ],
)
def test_temperatures(lines: list[str], prefix: str, field: int, degrees: float | None) -> None:
    assert parse_temperature_c(lines, prefix, field) == degrees


@pytest.mark.parametrize(
    ("lines", "prefix", "millivolts"),
    [
        (["+CBC: 0,93,4101"], "+CBC:", 4101),  # SIM800
        (["+CBC: 0,0,3858"], "+CBC:", 3858),  # EC25
        (["+CBC: 3.863V"], "+CBC:", 3863),  # SIM7600
        (["+CBC: 0,100"], "+CBC:", None),  # TS 27.007 8.4 alone: a charge, no voltage
        (["+CBC: 1,5"], "+CBC:", None),
        (["Power supply voltage: 3762 mV (485 cnt)"], "Power supply voltage:", 3762),
        ([], "+CBC:", None),
    ],
)
def test_voltages(lines: list[str], prefix: str, millivolts: int | None) -> None:
    assert parse_voltage_mv(lines, prefix) == millivolts
