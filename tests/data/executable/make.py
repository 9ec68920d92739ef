#!/usr/bin/python3
"""Tiny executables of every family with Go build information or a Rust audit list, and broken ones; rewrites the files here and in
tests/reject/executable."""
import json
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent
REJECT = HERE.parent.parent / 'reject/executable'
BASE = 0x400000
FRAME = bytes.fromhex('3077af0c9274080241e1c107e6d618e6'), bytes.fromhex('f932433186182072008242104116d8f2')
MODULES = ('path\texample.com/app/cmd/app\n'
           'mod\texample.com/app\t(devel)\t\n'
           'dep\texample.com/one\tv1.2.3\th1:sum=\n'
           'dep\texample.com/two\tv2.0.0\n'
           '=>\texample.com/fork\tv2.0.1\th1:fork=\n'
           'dep\texample.com/three\tv3.0.0\n'
           '=>\t./three\t(devel)\t\n'
           'build\t-ldflags="-s -X \'main.version=1.4.0-rc.1\' -X=example.com/app/x.Secret=hunter2"\n'
           'build\tGOOS=linux\n'
           'build\tvcs.revision=0123456789abcdef\n')
AUDIT = {'packages': [{'name': 'app', 'version': '0.1.0', 'source': 'local', 'root': True, 'dependencies': [2, 1]},
                      {'name': 'cc', 'version': '1.0.0', 'source': 'crates', 'kind': 'build'},
                      {'name': 'libc', 'version': '0.2.100', 'source': 'crates', 'dependencies': []}]}


def varint(n):
    out = b''
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def framed(modules):
    return FRAME[0] + modules.encode() + FRAME[1]


def inline(version='go1.22.1', modules=MODULES):
    text = framed(modules) if modules else b''
    return (b'\xff Go buildinf:' + bytes([8, 2])).ljust(32, b'\0') + varint(len(version)) + version.encode() + varint(len(text)) + text


def pointer(address, word, big, version='go1.15.2', modules=MODULES):
    """Header, two string headers, the strings, all from `address` on."""
    f = ('>' if big else '<') + {4: 'I', 8: 'Q'}[word]
    text = framed(modules)
    headers = address + 32
    first = headers + 4 * word
    out = (b'\xff Go buildinf:' + bytes([word, int(big)]) + struct.pack(f, headers) + struct.pack(f, headers + 2 * word)).ljust(32, b'\0')
    for at, n in ((first, len(version)), (first + len(version), len(text))):
        out += struct.pack(f, at) + struct.pack(f, n)
    return out + version.encode() + text


def elf(data, name='.go.buildinfo', wide=True, big=False, sections=True, kind=2, loaded=True):
    o = '>' if big else '<'
    head, ph, sh = (64, 56, 64) if wide else (52, 32, 40)
    start = (head + ph + 15) & ~15
    names = b'\0' + name.encode() + b'\0.shstrtab\0'
    shoff = start + len(data) + len(names)
    ident = b'\x7fELF' + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    word = 'Q' if wide else 'I'
    out = ident + struct.pack(o + 'HHI' + word * 3 + 'IHHHHHH', kind, 62, 1, BASE, head, shoff if sections else 0, 0, head, ph, 1,
                              sh if sections else 0, 3 if sections else 0, 2 if sections else 0)
    address, n = (BASE + start, len(data)) if loaded else (0, len(data))
    if wide:
        out += struct.pack(o + 'IIQQQQQQ', 1, 6, start, BASE + start, BASE + start, n, n, 4096)
    else:
        out += struct.pack(o + 'IIIIIIII', 1, start, BASE + start, BASE + start, n, n, 6, 4096)
    out = out.ljust(start, b'\0') + data + names
    if not sections:
        return out
    s = o + ('IIQQQQIIQQ' if wide else 'IIIIIIIIII')
    out += bytes(sh)
    out += struct.pack(s, 1, 1, 3 if loaded else 0, address, start, n, 0, 0, 16, 0)
    return out + struct.pack(s, 2 + len(name), 3, 0, 0, start + len(data), len(names), 0, 0, 1, 0)


def elf_address(wide):
    return BASE + ((64 + 56 if wide else 52 + 32) + 15 & ~15)


def pe(data, name='.data', wide=True):
    optional = struct.pack('<H', 0x20b if wide else 0x10b).ljust(24, b'\0')
    optional += struct.pack('<Q', 0x140000000) if wide else struct.pack('<II', 0, BASE)
    optional = optional.ljust(240 if wide else 224, b'\0')
    out = b'MZ'.ljust(60, b'\0') + struct.pack('<I', 64)
    out += b'PE\0\0' + struct.pack('<HHIIIHH', 0x8664, 1, 0, 0, 0, len(optional), 0x22) + optional
    raw = (len(out) + 40 + 511) & ~511
    out += name.encode()[:8].ljust(8, b'\0') + struct.pack('<IIIIIIHHI', len(data), 0x1000, len(data) + 7, raw, 0, 0, 0, 0, 0xC0000040)
    return out.ljust(raw, b'\0') + data + bytes(7)


def macho(data, name='__go_buildinfo', wide=True, big=False):
    o = '>' if big else '<'
    word = 'Q' if wide else 'I'
    head = 32 if wide else 28
    size = (72 + 80) if wide else (56 + 68)
    start = (head + size + 15) & ~15
    out = struct.pack(o + 'IIIIIII', 0xfeedfacf if wide else 0xfeedface, 7, 3, 2, 1, size, 0).ljust(head, b'\0')
    out += struct.pack(o + 'II16s' + word * 4 + 'IIII', 0x19 if wide else 1, size, b'__DATA', BASE, start + len(data), 0, start + len(data), 7, 3, 1, 0)
    out += struct.pack(o + '16s16s' + word * 2 + 'IIIIIII', name.encode(), b'__DATA', BASE + start, len(data), start, 4, 0, 0, 0, 0, 0)
    return out.ljust(start, b'\0') + data


def macho_address(wide):
    return BASE + ((32 + 152 if wide else 28 + 124) + 15 & ~15)


def fat(*slices):
    at = 4096
    out, bodies = struct.pack('>II', 0xcafebabe, len(slices)), b''
    for s in slices:
        out += struct.pack('>IIIII', 7, 3, at + len(bodies), len(s), 4)
        bodies += s
    return out.ljust(at, b'\0') + bodies


def audit(value=AUDIT):
    return zlib.compress(value if isinstance(value, bytes) else json.dumps(value).encode(), 9)


GOOD = {
    'go-elf64': elf(inline()),
    'go-elf64-big': elf(inline(), big=True),
    'go-elf64-bare': elf(inline(), sections=False),
    'go-elf64-pie': elf(inline(), kind=3),
    'go-elf32-pointer': elf(pointer(elf_address(False), 4, False), wide=False),
    'go-elf32-pointer-big': elf(pointer(elf_address(False), 4, True), wide=False, big=True),
    'go-elf64-pointer': elf(pointer(elf_address(True), 8, False)),
    'go-pe64': pe(inline()),
    'go-pe32-pointer': pe(pointer(BASE + 0x1000, 4, False), wide=False),
    'go-macho64': macho(inline()),
    'go-macho32-pointer-big': macho(pointer(macho_address(False), 4, True), wide=False, big=True),
    'go-macho-fat': fat(macho(b'nothing of ours', name='__data'), macho(inline())),
    'rust-elf64': elf(audit(), name='.dep-v0', loaded=False),
    'rust-elf32-big': elf(audit(), name='.dep-v0', wide=False, big=True, loaded=False),
    'rust-pe64': pe(audit(), name='.dep-v0'),
    'rust-macho64': macho(audit(), name='.dep-v0'),
    'rust-macho-fat': fat(macho(b'', name='x'), macho(audit(), name='.dep-v0')),
}
good = GOOD['go-elf64']
header = (b'\xff Go buildinf:' + bytes([8, 2])).ljust(32, b'\0')
pointing = (b'\xff Go buildinf:' + bytes([8, 0])).ljust(32, b'\xff')
packed = elf(b'x' * 32, sections=False)
BAD = {
    'go-cut': good[:300],
    'go-endless-varint': elf(header + b'\xff' * 40),
    'go-long-version': elf(header + varint(1 << 40) + b'go1'),
    'go-long-modules': elf(header + b'\x05go1.2' + varint((1 << 64) - 1) + b'x'),
    'go-pointer-out': elf(pointing),
    'go-pointer-size': elf(pointing[:14] + b'\x63\x00' + pointing[16:]),
    'go-no-strings': elf(header),
    'elf-cut': good[:40],
    'elf-class': good[:4] + b'\x07' + good[5:],
    'elf-phoff': good[:32] + b'\xff' * 8 + good[40:],
    'elf-phentsize': good[:54] + b'\x01\x00' + good[56:],
    'elf-phnum': good[:56] + b'\xff\xff' + good[58:],
    'elf-shoff': elf(b'x' * 64)[:40] + b'\xf0' + b'\xff' * 7 + elf(b'x' * 64)[48:],
    'elf-shnum': elf(b'x' * 64)[:60] + b'\xfe\xff' + elf(b'x' * 64)[62:],
    'elf-names': elf(b'x' * 64)[:62] + b'\x09\x00' + elf(b'x' * 64)[64:],
    'elf-upx': packed[:-4] + b'UPX!',
    'pe-sections': pe(b'x')[:70] + b'\xff\xff' + pe(b'x')[72:],
    'pe-magic': pe(b'x')[:88] + b'\x07\x01' + pe(b'x')[90:],
    'macho-commands': macho(b'x')[:16] + b'\xff\xff\x00\x00' + macho(b'x')[20:],
    'macho-command-size': macho(b'x')[:36] + b'\x04\x00\x00\x00' + macho(b'x')[40:],
    'macho-sections': macho(b'x')[:96] + b'\xff\xff\xff\x0f' + macho(b'x')[100:],
    'macho-fat-slice': struct.pack('>II', 0xcafebabe, 1) + struct.pack('>IIIII', 7, 3, 0xffffff00, 1, 4) + bytes(100),
    'rust-no-zlib': elf(b'nothing', name='.dep-v0', loaded=False),
    'rust-no-json': elf(audit(b'{"packages":'), name='.dep-v0', loaded=False),
    'rust-no-packages': elf(audit(b'{}'), name='.dep-v0', loaded=False),
    'rust-bomb': elf(audit(b' ' * (9 << 20)), name='.dep-v0', loaded=False),
    'rust-cut': elf(audit()[:-10], name='.dep-v0', loaded=False),
    'rust-index': elf(audit({'packages': [{'name': 'a', 'version': '1', 'dependencies': [7]}]}), name='.dep-v0', loaded=False),
    'rust-no-name': elf(audit({'packages': [{'version': '1'}]}), name='.dep-v0', loaded=False),
}
for folder, files in ((HERE, GOOD), (REJECT, BAD)):
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
