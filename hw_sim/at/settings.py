"""The settings that V.250 and 27.005 keep for each port."""

from __future__ import annotations

from ..codec.charset import encode_string

_REGISTERS = {0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 60, 8: 2, 10: 14, 12: 50}


class PortSettings:
    """Settings of one port; ``text_mode`` and ``charset`` are what the modem has after power-on."""

    def __init__(self, *, text_mode: bool, charset: str) -> None:
        self._power_on = text_mode, charset
        self.reset()

    def reset(self) -> None:
        """Return to the settings after power-on."""
        self.echo = True
        self.verbose = True
        self.quiet = False
        self.registers = dict(_REGISTERS)
        self.cmee = 0
        self.text_mode, self.charset = self._power_on
        self.show_details = False
        # 27.005 3.3.2, defaults of +CSMP
        self.first_octet, self.validity, self.pid, self.dcs = 17, "167", 0, 0
        self.update_framing()

    def update_framing(self) -> None:
        """Apply S3, S4 and V: the line end, CR LF, and the header of a result (V.250 5.7.1)."""
        self.line_end = bytes((self.registers[3],))
        self.crlf = self.line_end + bytes((self.registers[4],))
        self.header = self.crlf if self.verbose else b""

    def encode(self, text: str) -> str:
        """Return ``text`` in the character set of +CSCS."""
        return encode_string(text, self.charset)
