#!/usr/bin/env python3
"""Turns man pages (the few macros that doc/ uses) into plain text and writes them as a C table: manpages.py OUT PAGE..."""
import os
import re
import sys
import textwrap

WIDTH = 80
MACROS = {'TH', 'SH', 'SS', 'PP', 'TP', 'B', 'I', 'BR', 'IR', 'RB', 'RI', 'BI', 'RS', 'RE', 'nf', 'fi', 'EX', 'EE', 'br'}


def unescape(s):
    s = re.sub(r'\\f[BIRP]', '', s)
    return s.replace('\\-', '-').replace('\\(bu', '*').replace('\\&', '').replace('\\e', '\\').replace('\\ ', ' ')


def words(s):
    return [unescape(w.strip('"')) for w in re.findall(r'"[^"]*"|\S+', s)]


class Page:
    def __init__(self):
        self.out, self.para, self.indent, self.raw = [], [], 7, False
        self.tag, self.fresh = None, False

    def flush(self):
        text = ' '.join(self.para)
        self.para = []
        if not text:
            return
        if self.tag is not None and self.tag == '':
            self.out.append(' ' * self.indent + text)
            self.tag = None
            self.hang = True
            return
        indent = self.indent + (7 if getattr(self, 'hang', False) else 0)
        self.out += textwrap.wrap(text, WIDTH, initial_indent=' ' * indent,
                                  subsequent_indent=' ' * indent, break_long_words=False, break_on_hyphens=False)

    def blank(self):
        self.flush()
        if self.out and self.out[-1] and not self.fresh:
            self.out.append('')
        self.fresh = False

    def macro(self, name, rest):
        if name not in MACROS:
            raise SystemExit(f'unknown macro .{name}')
        if name in ('SH', 'SS'):
            self.blank()
            self.hang, self.indent = False, 7
            self.out.append(('' if name == 'SH' else '   ') + ' '.join(words(rest)))
            self.fresh = True
        elif name == 'PP':
            self.blank()
            self.hang = False
        elif name == 'TP':
            self.blank()
            self.hang, self.tag = False, ''
        elif name in ('RS', 'RE'):
            self.flush()
            self.hang = False
            self.indent += 7 if name == 'RS' else -7
        elif name in ('nf', 'EX', 'fi', 'EE', 'br'):
            self.flush()
            self.raw = name in ('nf', 'EX') if name != 'br' else self.raw
        elif name in ('B', 'I'):
            self.text(' '.join(words(rest)))
        elif name != 'TH':
            self.text(''.join(words(rest)))

    def text(self, s):
        if self.raw:
            self.out.append(' ' * (self.indent + (7 if getattr(self, 'hang', False) else 0)) + s)
            return
        self.para.append(s)
        if self.tag == '':
            self.flush()

    def line(self, line):
        if line.startswith('.\\"'):
            return
        m = re.match(r'\.(\w+)\s*(.*)', line)
        if m:
            self.macro(m.group(1), m.group(2))
        elif not line and not self.raw:
            self.blank()
        else:
            self.text(unescape(line))


def render(path):
    page = Page()
    for line in open(path, encoding='utf-8'):
        page.line(line.rstrip('\n'))
    page.flush()
    return '\n'.join(page.out).strip('\n') + '\n'


def c_string(text):
    lines = text.replace('\\', '\\\\').replace('"', '\\"').split('\n')
    return '\n'.join('\t\t"%s\\n"' % line for line in lines[:-1])


def main():
    out, pages = sys.argv[1], sys.argv[2:]
    with open(out, 'w', encoding='utf-8') as f:
        f.write('static const struct {\n\tconst char *name, *text;\n} help_pages[] = {\n')
        for path in pages:
            name = os.path.basename(path).rsplit('.', 1)[0]
            name = '' if name == 'lazaret' else name.removeprefix('lazaret-')
            f.write('\t{ "%s",\n%s },\n' % (name, c_string(render(path))))
        f.write('\t{ 0 },\n};\n')


main()
