#!/usr/bin/env python3
"""Draws an asciicast (`dualq-top replay --export cast FILE`) as a picture, or as an animation.

  pictures.py CAST OUT.png --at SECOND [--light] [--size PIXELS]
  pictures.py CAST OUT.gif --from SECOND --to SECOND [--every SECONDS] [--light] [--size PIXELS]
  pictures.py PROGRAM OUT.png --press "KEYS KEYS" [--columns N] [--rows N] [--light] [--size PIXELS]

The last one runs `PROGRAM replay` in a terminal, and presses keys: `.*30` is the key `.` thirty times.
Needs Pillow, pyte and the font DejaVu Sans Mono: `make pictures` installs them.
"""
import argparse
import fcntl
import json
import os
import pty
import select
import signal
import struct
import termios

import pyte
from PIL import Image, ImageDraw, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono{}.ttf"
# The sixteen colours of a terminal by the names that pyte gives them.
NAMED = {
    "black": "000000", "red": "cd3131", "green": "0dbc79", "brown": "c8a000", "blue": "2472c8",
    "magenta": "bc3fbc", "cyan": "11a8cd", "white": "cccccc", "brightblack": "767676", "brightred": "f14c4c",
    "brightgreen": "23d18b", "brightbrown": "f5f543", "brightblue": "3b8eea", "brightmagenta": "d670d6",
    "brightcyan": "29b8db", "brightwhite": "f2f2f2",
}
# The directions in which the lines of frames leave their cell: up, right, down, left.
LINES = {
    "│": 0b0101, "─": 0b1010, "╭": 0b0110, "╮": 0b1100, "╰": 0b0011, "╯": 0b1001,
    "├": 0b0111, "┤": 0b1101, "┬": 0b1110, "┴": 0b1011, "┼": 0b1111,
}
# The dots of a braille character, from its lowest bit up: column and row.
DOTS = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]


def rgb(name, default):
    text = NAMED.get(name, name)
    try:
        return tuple(bytes.fromhex(text))
    except ValueError:
        return default


class Painter:
    """Draws a terminal's screen with one font size and one background."""

    def __init__(self, size, light):
        self.fonts = [ImageFont.truetype(FONTS.format(kind), size) for kind in ("", "-Bold")]
        self.width = round(self.fonts[0].getlength("M"))
        self.height = round(size * 1.26)
        dark = ((214, 214, 214), (16, 18, 22))
        self.ink, self.paper = ((28, 28, 28), (252, 252, 250)) if light else dark

    def draw(self, screen):
        size = (screen.columns * self.width, screen.lines * self.height)
        image = Image.new("RGB", size, self.paper)
        draw = ImageDraw.Draw(image)
        for row in range(screen.lines):
            for column in range(screen.columns):
                self.cell(draw, column * self.width, row * self.height, screen.buffer[row][column])
        return image

    def cell(self, draw, x, y, char):
        ink, paper = rgb(char.fg, self.ink), rgb(char.bg, self.paper)
        if char.reverse:
            ink, paper = paper, ink
        right, bottom = x + self.width - 1, y + self.height - 1
        if paper != self.paper:
            draw.rectangle([x, y, right, bottom], fill=paper)
        if not char.data.strip():
            return
        code = ord(char.data[0])
        lines = LINES.get(char.data, 0)
        if lines:
            middle, centre = x + self.width // 2, y + self.height // 2
            ends = [(middle, y), (right, centre), (middle, bottom), (x, centre)]
            for bit, end in enumerate(ends):
                if lines >> bit & 1:
                    draw.line([(middle, centre), end], fill=ink)
            return
        # Blocks, shades, lines and braille fill their cell exactly; a font leaves gaps.
        if 0x2581 <= code <= 0x2588:
            draw.rectangle([x, bottom + 1 - self.height * (code - 0x2580) // 8, right, bottom], fill=ink)
        elif 0x2589 <= code <= 0x258F:
            draw.rectangle([x, y, x + max(1, self.width * (0x2590 - code) // 8) - 1, bottom], fill=ink)
        elif 0x2591 <= code <= 0x2593:
            share = (code - 0x2590) / 4
            mixed = tuple(round(b + (f - b) * share) for f, b in zip(ink, paper))
            draw.rectangle([x, y, right, bottom], fill=mixed)
        elif 0x2800 <= code <= 0x28FF:
            for bit, (across, down) in enumerate(DOTS):
                if code >> bit & 1:
                    left = x + self.width * (2 * across + 1) // 4 - 1
                    top = y + self.height * (2 * down + 1) // 8 - 1
                    draw.rectangle([left, top, left + 1, top + 1], fill=ink)
        else:
            draw.text((x, y), char.data, font=self.fonts[bool(char.bold)], fill=ink)


def frames(path):
    """The screen after each output, with its time."""
    with open(path, encoding="utf-8") as file:
        head = json.loads(next(file))
        screen = pyte.Screen(head["width"], head["height"])
        stream = pyte.Stream(screen)
        for line in file:
            time, _, text = json.loads(line)
            stream.feed(text)
            yield time, screen


def presses(text):
    """The keys of `.*30 l`, one by one."""
    for word in text.split():
        key, _, times = word.rpartition("*")
        yield from [key] * int(times) if key else [word]


def pressed(args):
    """The screen of a replay after these keys."""
    screen = pyte.Screen(args.columns, args.rows)
    stream = pyte.ByteStream(screen)
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        # The parent has to set the size first.
        os.read(0, 1)
        os.execv(args.cast, [args.cast, "replay", "--theme", "light" if args.light else "dark"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", args.rows, args.columns, 0, 0))
    os.write(terminal, b"\n")

    def until_quiet(seconds):
        while select.select([terminal], [], [], seconds)[0]:
            stream.feed(os.read(terminal, 1 << 16))

    # The first key stops the playback.
    until_quiet(0.3)
    for key in presses("p " + args.press):
        os.write(terminal, key.encode())
        until_quiet(0.15)
    until_quiet(1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return screen


def still(args, painter):
    last = None
    for time, screen in frames(args.cast):
        if last is not None and time > args.at:
            break
        last = painter.draw(screen) if time > args.at - 2 else screen
    image = last if isinstance(last, Image.Image) else painter.draw(last)
    image.quantize(128, dither=Image.Dither.NONE).save(args.out, optimize=True)


def animation(args, painter):
    images, times = [], []
    for time, screen in frames(args.cast):
        if time > args.end:
            break
        if time >= args.begin and (not times or time - times[-1] >= args.every):
            images.append(painter.draw(screen))
            times.append(time)
    # One palette for all, so that nothing flickers.
    palette = images[len(images) // 2].quantize(96, dither=Image.Dither.NONE)
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    ends = times[1:] + [times[-1] + args.hold]
    lasts = [max(20, round(1000 * (end - begin))) for begin, end in zip(times, ends)]
    images[0].save(args.out, save_all=True, append_images=images[1:], loop=0, optimize=True, duration=lasts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cast")
    parser.add_argument("out")
    parser.add_argument("--at", type=float)
    parser.add_argument("--press")
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--from", dest="begin", type=float, default=0)
    parser.add_argument("--to", dest="end", type=float, default=30)
    parser.add_argument("--every", type=float, default=0.25)
    parser.add_argument("--hold", type=float, default=3)
    parser.add_argument("--size", type=int, default=14)
    parser.add_argument("--light", action="store_true")
    args = parser.parse_args()
    painter = Painter(args.size, args.light)
    if args.press is not None:
        image = painter.draw(pressed(args))
        image.quantize(128, dither=Image.Dither.NONE).save(args.out, optimize=True)
    else:
        (animation if args.at is None else still)(args, painter)


if __name__ == "__main__":
    main()
