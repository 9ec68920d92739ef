#!/usr/bin/python3
"""Makes the small rpm databases of tests/data/rpm and tests/reject/rpm, and the seeds of the fuzzers: by hand, byte for
byte, for no tool at hand writes Berkeley DB, big-endian files, or broken ones. Run it from anywhere; the result is kept."""
import os
import shutil
import sqlite3
import struct
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
REJECT = os.path.join(TESTS, "reject", "rpm")


def header(name, version="1.0", release="1", epoch=None, arch="x86_64", source=None, files=(), module=None, pad=0,
           extra=(), names=None):
    """files: (folder, name, hex digest, mode, flags, state)"""
    tags = [(1000, 6, [name]), (1001, 6, [version]), (1002, 6, [release]), (1014, 6, ["MIT"]), (1022, 6, [arch])]
    if epoch is not None:
        tags.append((1003, 4, [epoch]))
    if source:
        tags.append((1044, 6, [source]))
    if module:
        tags.append((5096, 6, [module]))
    if pad:
        tags.append((1005, 6, ["x" * pad]))
    if files:
        dirs = sorted({f[0] for f in files})
        tags += [
            (1117, 8, names or [f[1] for f in files]), (1118, 8, dirs), (1116, 4, [dirs.index(f[0]) for f in files]),
            (1035, 8, [f[2] for f in files]), (1030, 3, [f[3] for f in files]), (1037, 4, [f[4] for f in files]),
            (1029, 1, [f[5] for f in files]), (5011, 4, [8]),
        ]
    tags += extra
    index, data = b"", b""
    for tag, kind, values, *count in tags:      # count: a lie about how many there are
        width = {3: 2, 4: 4}.get(kind, 1)
        data += b"\0" * (-len(data) % width)
        index += struct.pack(">4I", tag, kind, len(data), count[0] if count else len(values))
        for v in values:
            data += {1: lambda: bytes([v]), 3: lambda: struct.pack(">H", v), 4: lambda: struct.pack(">I", v)}.get(
                kind, lambda: v.encode() + b"\0")()
    return struct.pack(">2I", len(tags), len(data)) + index + data


SUM = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
HEADERS = [
    header("alpha", epoch=2, source="alpha-base-1.0-1.src.rpm", module="alpha:1:2:3", files=[
        ("/usr/bin/", "alpha", SUM, 0o100755, 0, 0), ("/usr/share/", "alpha", "", 0o040755, 0, 0),
        ("/var/log/", "alpha.log", "", 0o100644, 64, 0), ("/usr/bin/", "other", SUM, 0o100755, 0, 1),
        ("/usr/bin/", "link", "", 0o120777, 0, 0)]),
    header("beta", "3.1~rc1", "2.fc40", epoch=0, arch="noarch", source="beta-3.1~rc1-2.fc40.src.rpm", pad=9000),
    header("gpg-pubkey", "db42a60e", "37ea5438", arch="(none)"),
]
NEEDY = header("needy", extra=[
    (1049, 8, ["/bin/sh", "/bin/sh", "beta", "config(needy)", "libc.so.6()(64bit)", "libc.so.6(GLIBC_2.34)(64bit)", "perl(strict)",
               "rpmlib(CompressedFileNames)", "(alpha or beta)", ""]),
    (1047, 8, ["config(needy)", "libneedy.so.1(V_1)", "libneedy.so.1", "needy", "needy(x86-64)"])])


def bdb(headers, order="<", page=4096, inline=False):
    """Two buckets; headers in overflow chains unless inline."""
    pages = {}
    next_page = 3

    def put(n, kind, items, following=0, used=0):
        pages[n] = (struct.pack(order + "8x3I2H2B", n, 0, following, items, used, 0, kind), kind)

    bodies = {}
    refs = []
    for h in headers:
        if inline:
            refs.append(b"\x01" + h)
            continue
        refs.append(struct.pack(order + "B3xII", 3, next_page, len(h)))
        room = page - 26
        parts = [h[i:i + room] for i in range(0, len(h), room)]
        for i, part in enumerate(parts):
            following = next_page + 1 if i + 1 < len(parts) else 0
            bodies[next_page] = struct.pack(order + "8x3I2H2B", next_page, 0, following, 1, len(part), 0, 7) + part
            next_page += 1
    buckets = {1: [(0, b"\x01" + struct.pack(order + "I", 99))], 2: []}
    for i, ref in enumerate(refs):
        buckets[1 + i % 2].append((i + 1, ref))
    for n, items in buckets.items():
        end, index, body = page, [], b""
        for key, data in items:
            for part in (b"\x01" + struct.pack(order + "I", key), data):
                body = part + body
                end -= len(part)
                index.append(end)
        head = struct.pack(order + "8x3I2H2B", n, 0, 0, len(index), end, 0, 13) + struct.pack(order + "%dH" % len(index), *index)
        bodies[n] = head + b"\0" * (end - len(head)) + body
    meta = struct.pack(order + "8x4I4B4I", 0, 0x61561, 9, page, 0, 8, 0, 0, 0, next_page - 1, 0, len(headers) + 1)
    meta += b"\0" * (72 - len(meta)) + struct.pack(order + "6I", 1, 1, 0, 40, len(headers) + 1, 0)
    meta += struct.pack(order + "32I", 1, 1, *[0] * 30)
    out = meta.ljust(page, b"\0")
    for n in range(1, next_page):
        out += bodies[n].ljust(page, b"\0")
    return bytearray(out)


def ndb(headers):
    slots, blobs, at = b"", b"", 4096 // 16
    for i, h in enumerate(headers):
        total = -(-(16 + len(h) + 12) // 16) * 16
        blob = (struct.pack("<4s3I", b"BlbS", i + 1, 1, len(h)) + h).ljust(total - 12, b"\0")
        blob += struct.pack("<2I4s", zlib.adler32(blob), len(h), b"BlbE")
        slots += struct.pack("<4s3I", b"Slot", i + 1, at, total // 16)
        blobs += blob
        at += total // 16
    head = struct.pack("<4s4I12x", b"RpmP", 0, 1, 1, len(headers) + 1)
    free = struct.pack("<4s3I", b"Slot", 0, 0, 0)
    return bytearray((head + slots + free * (256 - 2 - len(headers)) + blobs))


def sqlite(headers, page, path, wal_headers=()):
    """The database's bytes, and those of the log that holds wal_headers."""
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA page_size=%d" % page)
    db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    db.execute("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    for h in headers:
        db.execute("INSERT INTO Packages (blob) VALUES (?)", (h,))
    log = b""
    if wal_headers:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.execute("DELETE FROM Packages WHERE hnum=1")
        for h in wal_headers:
            db.execute("INSERT INTO Packages (blob) VALUES (?)", (h,))
        log = open(path + "-wal", "rb").read()
    body = open(path, "rb").read()
    db.close()
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    return bytearray(body), bytearray(log)


def write(folder, name, body):
    os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(body)


def put(body, at, fmt, *values):
    body = bytearray(body)
    struct.pack_into(fmt, body, at, *values)
    return body


def data():
    write(HERE, "little/Packages", bdb(HEADERS))
    write(HERE, "big/Packages", bdb(HEADERS, ">", 512))
    write(HERE, "inline/Packages", bdb(HEADERS, "<", 65536 // 2, inline=True))
    write(HERE, "ndb/Packages.db", ndb(HEADERS))
    for page in (512, 4096, 65536):
        body, _ = sqlite(HEADERS, page, "/tmp/lazaret-make.sqlite")
        write(HERE, "sqlite-%d/rpmdb.sqlite" % page, body)
    # 32 bytes reserved at the end of each page (what encryption extensions do): only the shell can set it.
    reserved = "/tmp/lazaret-make.sqlite"
    if os.path.exists(reserved):
        os.unlink(reserved)
    script = [".filectrl reserve_bytes 32", "PRAGMA page_size=1024;", "VACUUM;",
              "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);"]
    script += ["INSERT INTO Packages (blob) VALUES (x'%s');" % h.hex() for h in HEADERS]
    subprocess.run(["sqlite3", reserved], input="\n".join(script), text=True, check=True, stdout=subprocess.DEVNULL)
    body = open(reserved, "rb").read()
    assert body[20] == 32
    write(HERE, "reserved/rpmdb.sqlite", body)
    os.unlink(reserved)
    write(HERE, "needs/Packages.db", ndb([HEADERS[1], NEEDY]))
    # A tree of several levels: the smallest page, many packages.
    body, _ = sqlite([header("p%04d" % i) for i in range(300)], 512, "/tmp/lazaret-make.sqlite")
    write(HERE, "sqlite-deep/rpmdb.sqlite", body)
    body, log = sqlite(HEADERS[:2], 4096, "/tmp/lazaret-make.sqlite", HEADERS[2:])
    write(HERE, "wal/rpmdb.sqlite", body)
    write(HERE, "wal/rpmdb.sqlite-wal", log)
    # The last transaction never ended: its commit frame is another round's.
    write(HERE, "wal-salt/rpmdb.sqlite", body)
    write(HERE, "wal-salt/rpmdb.sqlite-wal", put(log, 32 + 8, ">I", 7))
    write(HERE, "wal-sum/rpmdb.sqlite", body)
    write(HERE, "wal-sum/rpmdb.sqlite-wal", put(log, 32 + 24 + 100, "B", log[32 + 24 + 100] ^ 1))
    return body, log


def rejects(body, log):
    b = bdb(HEADERS)
    write(REJECT, "bdb-empty/Packages", b"")
    write(REJECT, "bdb-text/Packages", b"x" * 600)
    write(REJECT, "bdb-cut/Packages", b[:4096 * 3])
    write(REJECT, "bdb-page-size/Packages", put(b, 20, "<I", 1000))
    write(REJECT, "bdb-encrypted/Packages", put(b, 24, "B", 1))
    write(REJECT, "bdb-buckets/Packages", put(b, 72, "<I", 0xfffffffe))
    write(REJECT, "bdb-spares/Packages", put(b, 96, "<2I", 0xffffffff, 0xffffffff))
    write(REJECT, "bdb-bucket-cycle/Packages", put(b, 4096 + 16, "<I", 1))
    write(REJECT, "bdb-chain-cycle/Packages", put(b, 4096 * 4 + 16, "<I", 4))
    write(REJECT, "bdb-item-outside/Packages", put(b, 4096 + 26, "<H", 5))
    write(REJECT, "bdb-items/Packages", put(b, 4096 + 20, "<H", 0xfffe))
    n = ndb(HEADERS)
    write(REJECT, "ndb-empty/Packages.db", b"")
    write(REJECT, "ndb-pages/Packages.db", put(n, 12, "<I", 0xffffffff))
    write(REJECT, "ndb-cut/Packages.db", n[:5000])
    write(REJECT, "ndb-slot-magic/Packages.db", put(n, 32, "<I", 0))
    write(REJECT, "ndb-outside/Packages.db", put(n, 40, "<I", 0xffffffff))
    write(REJECT, "ndb-length/Packages.db", put(n, 4096 + 12, "<I", 0xfffffff0))
    write(REJECT, "ndb-sum/Packages.db", put(n, 4096 + 900, "B", 1))
    many = n
    for i in range(254):
        many = put(many, 32 + 16 * i, "<4s3I", b"Slot", 2, *struct.unpack_from("<2I", n, 32 + 16 + 8))
    write(REJECT, "ndb-overlap/Packages.db", many)
    s = body
    write(REJECT, "sqlite-empty/rpmdb.sqlite", b"")
    write(REJECT, "sqlite-text/rpmdb.sqlite", b"y" * 600)
    write(REJECT, "sqlite-cut/rpmdb.sqlite", s[:4096 + 100])
    write(REJECT, "sqlite-page-size/rpmdb.sqlite", put(s, 16, ">H", 513))
    write(REJECT, "sqlite-utf16/rpmdb.sqlite", put(s, 56, ">I", 2))
    write(REJECT, "sqlite-no-table/rpmdb.sqlite", s.replace(b"tablePackages", b"tableHackages"))
    write(REJECT, "sqlite-cells/rpmdb.sqlite", put(s, 4096 + 3, ">H", 0xffff))
    write(REJECT, "sqlite-cell-outside/rpmdb.sqlite", put(s, 4096 + 8, ">H", 0xffff))
    deep = bytearray(open(os.path.join(HERE, "sqlite-deep/rpmdb.sqlite"), "rb").read())
    write(REJECT, "sqlite-tree-cycle/rpmdb.sqlite", put(deep, 512 + 8, ">I", 2))
    write(REJECT, "sqlite-wal-head/rpmdb.sqlite", s)
    write(REJECT, "sqlite-wal-head/rpmdb.sqlite-wal", put(log, 8, ">I", 8192))
    big = header("big", files=[("/" + "d" * 4000 + "/", "f%d" % i, SUM, 0o100644, 0, 0) for i in range(600)],
                 names=["f"] * 600)
    for name, h in {
        "entries": put(HEADERS[0], 0, ">I", 0x7fffffff), "bytes": put(HEADERS[0], 4, ">I", 0xffffffff),
        "offset": put(HEADERS[0], 8 + 8, ">I", 0xffffffff), "no-name": put(HEADERS[0], 8, ">I", 999),
        "short": b"\0\0\0", "folder": header("x", files=[("/a/", "b", SUM, 0o100644, 0, 0)], extra=[(1116, 4, [9])]),
        "paths": big, "names": header("x", files=[("/a/", "b", SUM, 0o100644, 0, 0)] * 9,
                        extra=[(1117, 8, ["b"], 9)]),
        "requires-count": header("x", extra=[(1049, 8, ["a"], 9)]), "provides-type": header("x", extra=[(1047, 4, [1])]),
        "name-count": header("x", extra=[(1117, 8, ["a"]), (1116, 4, [0])]),
    }.items():
        write(REJECT, "header-%s/Packages.db" % name, ndb([bytes(h), HEADERS[2]]))


def seeds():
    corpus = os.path.join(TESTS, "fuzz", "corpus")
    for i, h in enumerate(HEADERS):
        write(corpus, "rpm_header/%d" % i, h)
    write(corpus, "rpm_header/needy", NEEDY)
    write(corpus, "rpm_bdb/little", bdb(HEADERS, "<", 512))
    write(corpus, "rpm_bdb/big", bdb(HEADERS[:1], ">", 512))
    write(corpus, "rpm_bdb/inline", bdb(HEADERS[2:], "<", 1024, inline=True))
    write(corpus, "rpm_ndb/three", ndb(HEADERS))
    body, log = sqlite(HEADERS[:1], 512, "/tmp/lazaret-make.sqlite", HEADERS[2:])
    write(corpus, "rpm_sqlite/plain", struct.pack("<I", len(body)) + body)
    write(corpus, "rpm_sqlite/wal", struct.pack("<I", len(body)) + body + log)
    shutil.copy(os.path.join(HERE, "manifest", "container-manifest-2"), os.path.join(corpus, "rpmmanifest", "two"))
    shutil.copy(os.path.join(HERE, "manifest-1", "container-manifest-1"), os.path.join(corpus, "rpmmanifest", "one"))


def manifests():
    none = "(none)"
    rows = [("alpha", "1.0-1", "1653816591", "1653753130", "Some Vendor", "2", "580", "x86_64", "2", "alpha-base-1.0-1.src.rpm"),
            ("beta", "3.1~rc1-2.fc40", "1", "1", none, none, "1", "noarch", "0", "beta-3.1~rc1-2.fc40.src.rpm"),
            ("gpg-pubkey", "db42a60e-37ea5438", "1", "1", none, none, "0", none, "0", none)]
    write(HERE, "manifest/container-manifest-2", "".join("\t".join(r) + "\n" for r in rows).encode())
    write(HERE, "manifest-1/container-manifest-1", b"alpha-1.0-1.x86_64\nbeta-3.1~rc1-2.fc40.noarch\ngpg-pubkey-db42a60e-37ea5438.(none)\n")
    write(REJECT, "manifest-empty/container-manifest-2", b"")
    write(REJECT, "manifest-text/container-manifest-2", b"no package\nat all\n")
    write(REJECT, "manifest-epoch/container-manifest-2", "\t".join(("a", "1-1", "", "", "", "x", "", "y", "", "")).encode())


if __name__ == "__main__":
    os.makedirs(os.path.join(TESTS, "fuzz", "corpus", "rpmmanifest"), exist_ok=True)
    manifests()
    rejects(*data())
    seeds()
