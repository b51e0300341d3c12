#!/usr/bin/env python3
"""Records docs/images/session.svg: a real session of a new project, edited while it runs.

    cargo build -p hotswap-cli && docs/images/record.py target/debug/cargo-hotswap

Needs tmux. The project depends on this checkout and is made in a temporary folder. What happens is
typed into two panes and waited for on the screen; the picture has what the panes showed, at the
times at which they showed it. Waits are shortened to PAUSE.
"""

import html
import pathlib
import re
import subprocess
import sys
import tempfile
import time

WIDTH, HEIGHTS = 100, (17, 4)
TITLES = ("cargo run", "an editor would do as well")
PAUSE, END = 1.4, 4.0  # seconds
CELL, LINE, SIZE = 7.83, 17, 13  # pixels
COLORS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea"}
HERE = pathlib.Path(__file__).resolve().parent


class Terminal:
    """Two tmux sessions of fixed size, and each picture that they showed."""

    def __init__(self, folder):
        self.socket, self.frames, self.start = f"{folder}/tmux", [], time.monotonic()
        for name, height in zip("rs", HEIGHTS):
            shell = "env PS1='$ ' TERM=screen-256color CARGO_TERM_COLOR=always bash --norc"
            self.tmux("-f", "/dev/null", "new-session", "-d", "-s", name, "-x", str(WIDTH),
                      "-y", str(height), "-c", folder, shell)
        self.tmux("set", "-g", "status", "off")

    def tmux(self, *words):
        command = ["tmux", "-S", self.socket, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def look(self):
        panes = tuple(
            tuple(self.tmux("capture-pane", "-e", "-p", "-t", name).rstrip("\n").split("\n"))
            for name in "rs"
        )
        if not self.frames or self.frames[-1][1] != panes:
            self.frames.append((time.monotonic() - self.start, panes))
        return "\n".join(panes[0])

    def watch(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.04)

    def wait(self, pattern, seconds=300):
        end = time.monotonic() + seconds
        while not re.search(pattern, plain(self.look())):
            if time.monotonic() > end:
                sys.exit(f"{pattern!r} was not shown:\n{plain(self.look())}")
            time.sleep(0.04)

    def type(self, pane, text):
        for letter in text:
            self.tmux("send-keys", "-t", pane, "-l", letter)
            self.watch(0.02)
        self.watch(0.5)
        self.tmux("send-keys", "-t", pane, "Enter")


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def session(terminal, command, checkout):
    """What is shown."""
    subprocess.run([command, "hotswap", "new", "demo", "--path", checkout], check=True,
                   cwd=pathlib.Path(terminal.socket).parent, stdout=subprocess.DEVNULL)
    for pane in "rs":
        terminal.tmux("send-keys", "-t", pane, "cd demo; clear", "Enter")
    time.sleep(1)
    terminal.frames, terminal.start = [], time.monotonic()
    terminal.type("r", "cargo run")
    began = len(terminal.frames)
    terminal.wait(r"Running ")
    # Of the first build some pictures are enough.
    terminal.frames[began:] = terminal.frames[began :: max(1, (len(terminal.frames) - began) // 12)]
    terminal.wait(r"Hello number 3")
    terminal.type("s", "sed -i 's/Hello number/Ahoy, number/' module/src/lib.rs")
    terminal.wait(r"as generation 2(.|\n)*Ahoy, number \d+\n.*Ahoy")
    terminal.type("s", "sed -i 's/count += 1/conut += 1/' module/src/lib.rs   # a typo")
    terminal.wait(r"build failed(.|\n)*Ahoy, number \d+\n.*Ahoy")
    terminal.watch(2)
    terminal.type("s", "sed -i 's/conut += 1/count += 10/' module/src/lib.rs")
    terminal.wait(r"as generation 3(.|\n)*Ahoy, number \d+\n.*Ahoy, number \d+\n.*Ahoy")
    terminal.tmux("send-keys", "-t", "r", "C-c")


def shortened(frames):
    """The frames with no wait longer than PAUSE."""
    now, last, out = 0.0, None, []
    for at, panes in frames:
        now += min(at - last, PAUSE) if last is not None else 0.0
        last = at
        out.append((now, panes))
    return out, now + END


def spans(line):
    """A line's text with what sets its colours, as tspans."""
    color, bold, out = None, False, []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            for code in map(int, filter(None, (part[2:-1] or "0").split(";"))):
                if code in (0, 39):
                    color, bold = None, bold and code == 39
                elif code == 1:
                    bold = True
                elif code % 60 in COLORS and code < 98:
                    color = COLORS[code % 60]
        elif part:
            style = (f' fill="{color}"' if color else "") + (' font-weight="bold"' if bold else "")
            out.append(f"<tspan{style}>{html.escape(part)}</tspan>")
    return "".join(out)


def runs(frames, end):
    """(pane, row, text, from, to) for each text as long as it stood on its row."""
    stood = {}
    for at, panes in frames:
        for pane, lines in enumerate(panes):
            for row in range(HEIGHTS[pane]):
                text = lines[row] if row < len(lines) else ""
                old = stood.get((pane, row))
                if old is None or old[0] != text:
                    if old and plain(old[0]).strip():
                        yield pane, row, old[0], old[1], at
                    stood[pane, row] = (text, at)
    for (pane, row), (text, at) in stood.items():
        if plain(text).strip():
            yield pane, row, text, at, end


def picture(frames, end):
    width = round(WIDTH * CELL + 32)
    tops, y = [], 12
    for height in HEIGHTS:
        tops.append(y)
        y += height * LINE + 52
    # `rewind` is what all times are counted from: it starts again when it has ended.
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 24}" height="{y}" '
        f'viewBox="0 0 {width + 24} {y}" font-family="ui-monospace,Menlo,Consolas,monospace" '
        f'font-size="{SIZE}" fill="#e6edf3">',
        "<title>A program is edited while it runs; a typo leaves it as it is</title>",
        '<rect width="0" height="0"><animate id="rewind" attributeName="x" from="0" to="0" '
        f'begin="0;rewind.end" dur="{end:.2f}s"/></rect>',
    ]
    for top, height, title in zip(tops, HEIGHTS, TITLES):
        out.append(f'<rect x="12" y="{top}" width="{width}" height="{height * LINE + 40}" rx="8" '
                   'fill="#0d1117" stroke="#30363d"/>')
        out.append(f'<text x="{12 + width / 2:.0f}" y="{top + 19}" text-anchor="middle" '
                   f'fill="#8b949e">{title}</text>')
    for pane, row, text, since, until in runs(frames, end):
        y = tops[pane] + 44 + row * LINE
        length = len(plain(text).rstrip()) * CELL
        out.append(f'<text x="28" y="{y}" xml:space="preserve" textLength="{length:.0f}" '
                   f'visibility="hidden">{spans(text.rstrip())}<set attributeName="visibility" '
                   f'to="visible" begin="rewind.begin+{since:.2f}s" dur="{until - since:.2f}s"/>'
                   "</text>")
    return "\n".join([*out, "</svg>", ""])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    command = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="hotswap-recording-") as folder:
        terminal = Terminal(folder)
        try:
            session(terminal, command, str(HERE.parent.parent))
        finally:
            terminal.tmux("kill-server")
    (HERE / "session.svg").write_text(picture(*shortened(terminal.frames)))


main()
