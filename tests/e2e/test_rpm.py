"""What we read of an rpm database equals what rpm itself lists: packages, sources, files and digests, what they need and provide; for SQLite with a
write-ahead log that nobody has folded in yet, and for Berkeley DB where the sample data is at hand.

The databases are made here, by rpmbuild and rpm, in a folder of the test's own."""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("LAZARET_BUILD", os.path.join(HERE, "..", "..", "build"))
READER = os.path.join(BUILD, "unit-analyze-rpm")
DATA = os.environ.get("LAZARET_TEST_DATA")

pytestmark = pytest.mark.skipif(not shutil.which("rpmbuild") or not os.path.exists(READER), reason="no rpm or no reader")


def read(*paths):
    """(packages, files, dependencies, errors) as our reader has them; dependencies are (kind, package, name)."""
    out = subprocess.run([READER, *map(str, paths)], check=True, capture_output=True, text=True).stdout
    packages, files, dependencies, errors = [], [], [], []
    for line in out.splitlines():
        kind, *rest = line.split("\t")
        if kind in "RV":
            dependencies.append((kind, *rest))
        else:
            {"P": packages, "F": files, "E": errors}[kind].append(tuple(rest))
    return sorted(packages), sorted(files), sorted(dependencies), errors


def rpm(folder, fmt, backend):
    return subprocess.run(["rpm", "-qa", "--dbpath", str(folder), "--define", "_db_backend " + backend, "--qf", fmt],
                          check=True, capture_output=True, text=True).stdout.splitlines()


def told(name):
    """All but features of rpm, configuration and versions of symbols."""
    return name not in ("(none)", "") and not re.match(r"rpmlib\(|config\(|[^(]+\.so[^(]*\([^)]", name)


def dependencies_of(folder, backend):
    out = set()
    for kind, tag in (("R", "REQUIRENAME"), ("V", "PROVIDENAME")):
        lines = rpm(folder, "[%{=NAME}\t%{" + tag + "}\n]", backend)
        out |= {(kind, *line.split("\t")) for line in lines if "\t" in line and told(line.split("\t")[1])}
    return sorted(out)


def expected(folder, backend):
    packages = []
    for line in rpm(folder, "%{NAME}\t%{EPOCH}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n", backend):
        name, epoch, version, arch, source = line.split("\t")
        whole = version if epoch in ("(none)", "0") else epoch + ":" + version
        if source.endswith(".src.rpm"):
            source_name, v, r = source[:-len(".src.rpm")].rsplit("-", 2)
            source_version = v + "-" + r
        else:
            source_name, source_version = name, whole
        packages.append((name, whole, "" if arch == "(none)" and name != "gpg-pubkey" else arch, source_name, source_version))
    files = []
    for line in rpm(folder, "[%{FILENAMES}\t%{FILEDIGESTS}\t%{FILEFLAGS:fflags}\t%{FILESTATES:fstate}\n]", backend):
        path, digest, flags, state = line.split("\t")
        if "g" not in flags and state == "normal":
            files.append((path.lstrip("/"), digest))
    return sorted(packages), sorted(files)


def same(folder, backend, *paths):
    packages, files, dependencies, errors = read(*paths)
    want_packages, want_files = expected(folder, backend)
    # rpm prints the architecture of keys as "(none)"; whether the header says so or nothing differs by version.
    packages = [p[:2] + (p[2] if p[0] != "gpg-pubkey" else "(none)",) + p[3:] for p in packages]
    assert not errors
    assert packages == want_packages
    assert files == want_files
    assert dependencies == dependencies_of(folder, backend)
    return packages, files


SPEC = """
Name: {name}
Version: {version}
Release: 1
Summary: x
License: MIT and BSD
Vendor: Some Vendor
BuildArch: noarch
{epoch}
%define _binary_filedigest_algorithm {algorithm}
%define _source_filedigest_algorithm {algorithm}
%description
x
%install
mkdir -p %{{buildroot}}/usr/share/{name}/deep %{{buildroot}}/var/log
for i in $(seq 1 {files}); do echo {name} $i > %{{buildroot}}/usr/share/{name}/deep/file$i; done
ln -s deep/file1 %{{buildroot}}/usr/share/{name}/link
touch %{{buildroot}}/var/log/{name}.log
%files
/usr/share/{name}
%ghost /var/log/{name}.log
"""


def build(top, name, version="1.0", epoch="", algorithm=8, files=3):
    spec = top / (name + ".spec")
    spec.write_text(SPEC.format(name=name, version=version, epoch=epoch, algorithm=algorithm, files=files))
    subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", "_topdir %s" % top, "--define", "_rpmdir %s" % top, str(spec)],
                   check=True, capture_output=True)
    return next((top / "noarch").glob(name + "-*.rpm"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    top = tmp_path_factory.mktemp("rpm")
    return [build(top, "one"), build(top, "two", "2.0~rc1", "Epoch: 3", 1), build(top, "three", "3^git", "Epoch: 0", 10, 400),
            build(top, "four", algorithm=2)]


def install(folder, *packages):
    subprocess.run(["rpm", "--dbpath", str(folder), "--define", "_db_backend sqlite", "-i", "--justdb", "--nodeps", "--noscripts",
                    "--ignoreos", "--ignorearch", *map(str, packages)], check=True, capture_output=True)


def test_sqlite(tmp_path, built):
    install(tmp_path, *built)
    packages, files = same(tmp_path, "sqlite", tmp_path / "rpmdb.sqlite")
    assert len(packages) == 4 and len(files) > 400


def test_sqlite_log(tmp_path, built):
    """A reader that holds a snapshot keeps the log from being folded in: the database alone is behind."""
    install(tmp_path, *built[:2])
    db = sqlite3.connect(tmp_path / "rpmdb.sqlite", isolation_level=None)
    assert db.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM Packages").fetchone()
    install(tmp_path, *built[2:])
    subprocess.run(["rpm", "--dbpath", str(tmp_path), "-e", "--justdb", "--nodeps", "one"], check=True, capture_output=True)
    still = tmp_path / "still"
    still.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / ("rpmdb.sqlite" + suffix), still)
    assert os.path.getsize(still / "rpmdb.sqlite-wal") > 4096
    packages, _ = same(tmp_path, "sqlite", still / "rpmdb.sqlite", still / "rpmdb.sqlite-wal")
    assert sorted(p[0] for p in packages) == ["four", "three", "two"]
    # The order in the layer does not matter, and without the log we see the past, as anybody would.
    assert same(tmp_path, "sqlite", still / "rpmdb.sqlite-wal", still / "rpmdb.sqlite")[0] == packages
    assert sorted(p[0] for p in read(still / "rpmdb.sqlite")[0]) == ["one", "two"]
    # A log cut anywhere gives what SQLite gives for it.
    log = (still / "rpmdb.sqlite-wal").read_bytes()
    for cut in (0, 20, 32, 5000, len(log) // 2, len(log) - 1):
        (still / "rpmdb.sqlite-wal").write_bytes(log[:cut])
        copy = tmp_path / ("cut%d" % cut)
        shutil.copytree(still, copy)
        ours = sorted(p[0] for p in read(still / "rpmdb.sqlite", still / "rpmdb.sqlite-wal")[0])
        assert ours == sorted(rpm(copy, "%{NAME}\n", "sqlite"))
    db.close()


@pytest.mark.skipif(not DATA, reason="LAZARET_TEST_DATA is not set")
@pytest.mark.parametrize("sample,file,backend", [
    ("bdb", "Packages", "bdb_ro"), ("libuuid-bdb", "Packages", "bdb_ro"), ("cbl-mariner-2.0-sqlite", "rpmdb.sqlite", "sqlite")])
def test_samples(tmp_path, sample, file, backend):
    folder = os.path.join(DATA, "packages", "rpm", sample)
    if sample == "bdb":
        with tarfile.open(os.path.join(folder, "var-lib-rpm.tar.xz")) as t:
            body = t.extractfile(next(m for m in t.getmembers() if m.name.endswith("var/lib/rpm/" + file))).read()
        (tmp_path / file).write_bytes(body)
    else:
        shutil.copyfile(os.path.join(folder, file), tmp_path / file)
    packages, files = same(tmp_path, backend, tmp_path / file)
    assert len(packages) == {"bdb": 101, "libuuid-bdb": 1, "cbl-mariner-2.0-sqlite": 129}[sample]
    assert files


@pytest.mark.skipif(not DATA, reason="LAZARET_TEST_DATA is not set")
def test_graph(tmp_path, lazaret):
    """Each requirement that a package of the database meets is an edge to one that meets it, and there are no others."""
    root = tmp_path / "root"
    db = root / "var/lib/rpm"
    db.mkdir(parents=True)
    shutil.copy(os.path.join(DATA, "packages/rpm/cbl-mariner-2.0-sqlite/rpmdb.sqlite"), db)
    r = lazaret("sbom", f"dir:{root}", "-f", "cyclonedx")
    assert r.returncode == 0, r.stderr
    document = json.loads(r.stdout)
    name = {c["bom-ref"]: c["name"] for c in document["components"]}
    got = {name[d["ref"]]: {name[x] for x in d.get("dependsOn", [])} for d in document["dependencies"] if d["ref"] in name}
    owners = {}
    for package, what in [line.split("\t") for line in rpm(db, "[%{=NAME}\t%{PROVIDENAME}\n][%{=NAME}\t%{FILENAMES}\n]", "sqlite") if "\t" in line]:
        owners.setdefault(re.sub("^/usr/", "/", what), set()).add(package)
    want = {}
    for kind, package, what in dependencies_of(db, "sqlite"):
        if kind == "R":
            want.setdefault(package, []).append(owners.get(re.sub("^/usr/", "/", what), set()) - {package})
    for package, requirements in want.items():
        met = [x for x in requirements if x]
        assert all(x & got[package] for x in met), package
        assert got[package] <= set().union(*met), package
    assert sum(map(len, got.values())) > 129
