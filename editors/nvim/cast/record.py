"""Records a real Neovim session with the real server as an animated SVG.

Runs `editors/try-nvim` in a terminal of its own, presses keys, waits for what is to be seen, and writes the screens as one
SVG whose frames are shown in turn by CSS. It sleeps for nothing and shows nothing that was not on the screen; only the
time between frames is made up.

    pip install pyte==0.8.2
    NVIM=… HEPHAESTUS=… python3 editors/nvim/cast/record.py docs/src/neovim.svg
"""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from html import escape
from pathlib import Path

import pyte

REPOSITORY = Path(__file__).resolve().parents[3]
COLUMNS, ROWS = 104, 27
PATIENCE = 240
CELL, LINE, MARGIN = 8.43, 18, 14
FOREGROUND, BACKGROUND = "#e0e2ea", "#14161b"
NAMES = {
    "black": "#14161b", "red": "#ffc0b9", "green": "#b3f6c0", "brown": "#fce094", "blue": "#a6dbff",
    "magenta": "#ffcaff", "cyan": "#8cf8f7", "white": "#eef1f8",
}


class Session:
    """Neovim in a terminal whose screen can be read."""

    def __init__(self):
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.frames = []
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8")
            script = str(REPOSITORY / "editors/try-nvim")
            os.execv(script, [script, "--cmd", "set termguicolors nohlsearch", "src/lib.rs"])

    def text(self):
        return "\n".join(self.screen.display)

    def read(self, seconds):
        """Takes what is written within that time; whether anything was."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        self.stream.feed(os.read(self.terminal, 1 << 16))
        return True

    def settle(self):
        """Waits until nothing more is written for a moment; not forever, for a run goes on telling."""
        deadline = time.monotonic() + 2
        while self.read(0.3) and time.monotonic() < deadline:
            pass

    def wait(self, pattern, each=None):
        """Waits until the screen has `pattern`; with `each`, every new status seen meanwhile is a frame."""
        deadline, seen = time.monotonic() + PATIENCE, set()
        while not re.search(pattern, self.text()):
            if time.monotonic() > deadline:
                raise SystemExit(f"not within {PATIENCE} s: {pattern}\n{self.text()}")
            self.read(0.2)
            status = re.search(each, self.text()) if each else None
            if status and status.group() not in seen:
                seen.add(status.group())
                self.settle()
                self.keep(0.25)
        self.settle()

    def keep(self, seconds, caption=None):
        """Keeps the screen as a frame."""
        self.frames.append((seconds, caption, [runs(self.screen, row) for row in range(ROWS)]))

    def press(self, keys):
        os.write(self.terminal, keys.encode())


def colour(name, fallback):
    if name == "default":
        return fallback
    return NAMES.get(name) or f"#{name}"


def runs(screen, row):
    """A line of the screen as stretches of one look: (column, text, colour, background, bold)."""
    line, found = screen.buffer[row], []
    for column in range(COLUMNS):
        cell = line[column]
        front, back = colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND)
        if cell.reverse:
            front, back = back, front
        look = (front, back, cell.bold)
        if found and found[-1][2:] == look:
            found[-1] = (found[-1][0], found[-1][1] + cell.data, *look)
        else:
            found.append((column, cell.data, *look))
    return tuple(run for run in found if run[1].strip() or run[3] != BACKGROUND)


def draw_line(line):
    parts = []
    for column, text, front, back, bold in line:
        x, width = round(column * CELL, 1), round(len(text) * CELL, 1)
        if back != BACKGROUND:
            parts.append(f'<rect x="{x}" width="{width}" height="{LINE}" fill="{back}"/>')
        if text.strip():
            weight = ' font-weight="bold"' if bold else ""
            shown = escape(text.rstrip())
            length = round(len(text.rstrip()) * CELL, 1)
            parts.append(f'<text x="{x}" y="13" textLength="{length}" fill="{front}"{weight}>{shown}</text>')
    return "".join(parts)


def draw(frames):
    """The SVG: every different line once, and frames that use them."""
    total, start, names = sum(seconds for seconds, _, _ in frames), 0.0, {}
    width, height = round(COLUMNS * CELL + 2 * MARGIN), ROWS * LINE + 2 * MARGIN + 26
    styles, groups = [], []
    for number, (seconds, caption, lines) in enumerate(frames):
        first, last = 100 * start / total, 100 * (start + seconds) / total
        start += seconds
        styles.append(
            f"@keyframes f{number}{{0%,{max(0, first - 0.01):.2f}%{{opacity:0}}{first:.2f}%,{last - 0.01:.2f}%{{opacity:1}}"
            f"{last:.2f}%,100%{{opacity:0}}}}#f{number}{{animation:f{number} {total:.1f}s infinite step-end}}"
        )
        uses = []
        for row, line in enumerate(lines):
            if line:
                name = names.setdefault(line, f"l{len(names)}")
                uses.append(f'<use href="#{name}" y="{row * LINE}"/>')
        label = f'<text class="c" x="0" y="{ROWS * LINE + 24}">{escape(caption)}</text>' if caption else ""
        still = "" if number == len(frames) - 1 else ' opacity="0"'
        groups.append(f'<g id="f{number}"{still}>{"".join(uses)}{label}</g>')
    defined = "".join(f'<g id="{name}">{draw_line(line)}</g>' for line, name in names.items())
    style = (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}"
        ".c{font:600 14px system-ui,sans-serif;fill:#a6dbff}"
        "@media(prefers-reduced-motion:reduce){g{animation:none!important}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>Hephaestus in Neovim: hints, a save that proves, the evidence, the change</title>'
        f"<style>{style}{''.join(styles)}</style><defs>{defined}</defs>"
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>'
        f'<g transform="translate({MARGIN} {MARGIN})">{"".join(groups)}</g></svg>\n'
    )


def play(session):
    """The session itself."""
    session.wait(r"hephaestus: idle, \d+ goals")
    session.press("\x1b:echo ''\r")
    session.settle()
    session.keep(2.5, "A file is opened: what could be better is marked. Nothing was run.")
    session.press(":w")
    session.settle()
    session.keep(1.0, "It is saved …")
    session.press("\r")
    session.wait(r"hephaestus: idle, \d+ proven", each=r"hephaestus: forging[^\n]*")
    session.press("\x1b:echo ''\r")
    session.settle()
    session.keep(3.0, "… and what the project's own tests proved is on offer.")
    session.press("gg/for parcel in\r")
    session.settle()
    session.keep(1.0)
    session.press(" e")
    session.wait("q close|Type number")
    if "Type number" in session.text():
        session.press("1\r")
        session.wait("q close")
    session.keep(5.0, "The evidence: what gets better, what was run, and what nobody checked.")
    session.press("p")
    session.wait("before: src/lib.rs|after: src")
    session.keep(4.0, "The change, side by side. Looking changes nothing.")
    session.press("q")
    session.settle()
    session.press(" a")
    session.wait(r"lib\.rs \[\+\]|Type number")
    if "Type number" in session.text():
        session.press("1\r")
        session.wait(r"lib\.rs \[\+\]")
    session.press("\x1b:echo ''\r")
    session.settle()
    session.keep(4.0, "Applied. One `u` takes it back.")


def main():
    session = Session()
    try:
        play(session)
    finally:
        # Neovim ends with its terminal, and the script after it.
        os.close(session.terminal)
        os.waitpid(session.pid, 0)
    Path(sys.argv[1]).write_text(draw(session.frames), encoding="utf-8")
    print(f"{sys.argv[1]}: {len(session.frames)} frames, {Path(sys.argv[1]).stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
