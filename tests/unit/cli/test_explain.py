"""A problem of the gateway as the command line says it."""

from __future__ import annotations

from gsmgw.cli.common import explain


def test_each_bad_field_has_a_line() -> None:
    errors = [{"pointer": "/to", "detail": "is missing"}, {"pointer": "/text", "detail": "is missing"}]
    said = explain({"detail": "2 fields are not valid", "errors": errors, "code": "invalid_request"})
    assert said.splitlines() == ["2 fields are not valid", "  /to: is missing", "  /text: is missing [invalid_request]"]


def test_nothing_is_said_twice() -> None:
    errors = [{"parameter": "gsmgw.toml", "detail": "line 5: a"}, {"parameter": "gsmgw.toml", "detail": "line 7: b"}]
    said = explain({"detail": "gsmgw.toml: line 5: a", "errors": errors, "code": "invalid_configuration"})
    assert said.count("line 5") == 1
    assert said.count("line 7") == 1
