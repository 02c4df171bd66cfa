"""A terminal that shows images: as much of the kitty graphics protocol as its specification says.

Written from the specification, not from what is tested: whatever it does not allow is refused.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from base64 import b64decode
from dataclasses import dataclass, field

PLACEHOLDER = "\U0010eeee"
FIRST_KEYS = {"a", "U", "f", "o", "s", "v", "c", "r", "i", "q", "m"}
MOST_IN_A_CHUNK = 4096
_TOKEN = re.compile(
    r"\x1b_(?P<apc>[^\x1b]*)\x1b\\"
    r"|\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|(?P<sign>[^\x1b])",
    re.DOTALL,
)


def _numbered() -> dict[str, int]:
    """The list of the specification by the rule in its head, over the blocks that matter here.

    Marks of combining class 230 and of no direction, without a decomposition, and none that
    a letter may be fused with.
    """
    fused = {*range(0x300, 0x305), *range(0x306, 0x30D), 0x30F, 0x311, 0x313, 0x314, 0x342}
    listed = (
        chr(code)
        for code in range(0x300, 0x700)
        if code not in fused | {0x653, 0x654}
        and unicodedata.category(chr(code)) == "Mn"
        and unicodedata.combining(chr(code)) == 230
        and unicodedata.bidirectional(chr(code)) == "NSM"
        and not unicodedata.decomposition(chr(code))
    )
    return {sign: number for number, sign in enumerate(listed)}


NUMBER_OF = _numbered()


@dataclass(frozen=True)
class Sent:
    """An image as the terminal has it: RGB, with its virtual placement."""

    width: int
    height: int
    rgb: bytes
    columns: int
    lines: int


@dataclass
class Cell:
    """A sign with what combines with it, and its foreground colour as a number."""

    text: str
    color: int | None

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of the image, both of which must be said."""
        line, column = (NUMBER_OF[sign] for sign in self.text[1:])
        return line, column


@dataclass
class KittyTerminal:
    """Takes in what a program writes. `orphans` are placeholders of images not known then."""

    images: dict[int, Sent] = field(default_factory=dict)
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    orphans: list[Cell] = field(default_factory=list)
    transmissions: int = 0
    deletions: int = 0
    _loading: dict[str, str] = field(default_factory=dict)
    _payload: str = ""
    _color: int | None = None
    _at: tuple[int, int] = (0, 0)

    def feed(self, written: str) -> None:
        """What a program writes, in whole escape codes."""
        position = 0
        while position < len(written):
            token = _TOKEN.match(written, position)
            if token is None:  # one of two characters, such as ESC 7
                position += 2
                continue
            position = token.end()
            if token["apc"] is not None:
                self._command(token["apc"])
            elif token["final"]:
                self._control(token["parameters"], token["final"])
            elif token["sign"]:
                self._print(token["sign"])

    def placed(self) -> dict[int, dict[tuple[int, int], tuple[int, int]]]:
        """For each image on screen: where (line, column) which of its cells stands."""
        found: dict[int, dict[tuple[int, int], tuple[int, int]]] = {}
        for at, cell in self.cells.items():
            if cell.text[0] == PLACEHOLDER and cell.color in self.images:
                found.setdefault(cell.color, {})[at] = cell.place
        return found

    def seen(self, number: int) -> bytes:
        """The RGB of an image that stands on screen whole, put together from its cells.

        Each cell must hold whole pixels.
        """
        image, places = self.images[number], self.placed()[number]
        wide, wide_over = divmod(image.width, image.columns)
        high, high_over = divmod(image.height, image.lines)
        assert not (wide_over or high_over)
        top, left = min(places)
        rows = []
        for y in range(image.lines * high):
            for x in range(image.columns):
                line, column = places[top + y // high, left + x]
                start = 3 * ((line * high + y % high) * image.width + column * wide)
                rows.append(image.rgb[start : start + 3 * wide])
        return b"".join(rows)

    def _command(self, code: str) -> None:
        assert code[0] == "G"
        keys, _, payload = code[1:].partition(";")
        said = dict(key.split("=") for key in keys.split(","))
        assert said["q"] == "2", "the terminal would answer among the keys"
        if said.get("a") == "d":
            assert not self._loading, "an image was not sent to its end"
            assert said.keys() == {"a", "d", "i", "q"} and said["d"] == "I" and not payload
            del self.images[int(said["i"])]
            self.deletions += 1
            return
        if self._loading:
            assert said.keys() <= {"q", "m"}
        else:
            assert said.keys() <= FIRST_KEYS and said["a"] == "T" and said["U"] == "1"
            self._loading = said
        assert 0 < len(payload) <= MOST_IN_A_CHUNK
        assert said.get("m") != "1" or len(payload) % 4 == 0
        self._payload += payload
        if said.get("m", "0") == "0":
            self._loaded()

    def _loaded(self) -> None:
        said = {key: int(value) for key, value in self._loading.items() if value.isdigit()}
        rgb = b64decode(self._payload, validate=True)
        if self._loading.get("o") == "z":
            rgb = zlib.decompress(rgb)
        assert said["f"] == 24 and len(rgb) == 3 * said["s"] * said["v"]
        assert 0 < said["i"] < 1 << 24
        image = Sent(said["s"], said["v"], rgb, said["c"], said["r"])
        self.images[said["i"]] = image
        self.transmissions += 1
        self._loading, self._payload = {}, ""

    def _control(self, parameters: str, final: str) -> None:
        if final == "H":
            line, column = (int(p or 1) for p in (parameters or "1;1").split(";"))
            self._at = line - 1, column - 1
        elif final == "m":
            self._paint([int(p or 0) for p in parameters.split(";")])
        elif parameters in ("?1049h", "?1049l") or (parameters, final) == ("2", "J"):
            self.cells.clear()
            if final == "h":
                self.images.clear()

    def _paint(self, said: list[int]) -> None:
        while said:
            code = said.pop(0)
            if code in (38, 48):
                kind = said.pop(0)
                values = [said.pop(0) for _ in range(3 if kind == 2 else 1)]
                if code == 38:
                    self._color = int.from_bytes(bytes(values), "big")
            elif code in (0, 39):
                self._color = None

    def _print(self, sign: str) -> None:
        line, column = self._at
        if unicodedata.combining(sign):
            self.cells[line, column - 1].text += sign
            return
        if sign == "\n":
            self._at = line + 1, column
        elif sign == "\r":
            self._at = line, 0
        elif sign >= " ":
            cell = self.cells[line, column] = Cell(sign, self._color)
            self._at = line, column + 1
            if sign == PLACEHOLDER and self._color not in self.images:
                self.orphans.append(cell)
