"""The package repository feed against archives made here: signed with a key of our own, served on loopback."""

import functools
import gzip
import hashlib
import http.server
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DRIVER = pathlib.Path(os.environ.get("LAZARET", ROOT / "build/lazaret")).parent / "repository-driver"
NOW = 1795222382  # 2026-11-21
SUITE = "bookworm-security"

pytestmark = pytest.mark.skipif(
    not DRIVER.exists() or not all(map(shutil.which, ("gpg", "gpgv", "dpkg-deb"))),
    reason="needs repository-driver, gpg, gpgv and dpkg-deb",
)

CHANGELOG = """p (1.0-3) bookworm-security; urgency=high

  * Fix CVE-2026-1111 (GHSA-aaaa-bbbb-cccc)
  * Fix CVE-2026-{2222,3333}; see DSA-1234-1

 -- A <a@example.org>  Sat, 14 Nov 2026 00:00:00 +0000

p (1.0-2) unstable; urgency=low

  * Fix CVE-2025-1111, CVE-2026-2222 in part

 -- A <a@example.org>  Sat, 07 Nov 2026 00:00:00 +0000

p (1.0-1) unstable; urgency=low

  * Initial release.

 -- A <a@example.org>  Sat, 31 Oct 2026 00:00:00 +0000
"""
QUIET = "q (2.0-2) bookworm-security; urgency=low\n\n  * Quiet.\n\n -- A <a@example.org>  Sat, 07 Nov 2026 00:00:00 +0000\n"


def run(*args, **kw):
    return subprocess.run([str(a) for a in args], check=True, capture_output=True, **kw).stdout


class Signer:
    def __init__(self, folder):
        self.home = folder
        folder.mkdir(mode=0o700)
        self.gpg("--passphrase", "", "--quick-gen-key", "Test <t@example.org>", "rsa2048", "sign", "never")
        self.keyring = folder / "public.gpg"
        self.armored = folder / "public.asc"
        self.keyring.write_bytes(self.gpg("--export"))
        self.armored.write_bytes(self.gpg("--armor", "--export"))

    def gpg(self, *args):
        return run("gpg", "--homedir", self.home, "--batch", "--pinentry-mode", "loopback", *args)

    def close(self):
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    base = pathlib.Path(tmp_path_factory.mktemp("g"))
    pair = Signer(base / "a"), Signer(base / "b")
    yield pair
    for s in pair:
        s.close()


def make_deb(pool, package, version, source, changelog=None, link=None, padding=0):
    root = pool.parent / "build" / package
    (root / "DEBIAN").mkdir(parents=True)
    doc = root / "usr/share/doc"
    doc.mkdir(parents=True)
    if link:
        (doc / package).symlink_to(link)
    else:
        (doc / package).mkdir()
    if changelog:
        (doc / package / "changelog.Debian.gz").write_bytes(gzip.compress(changelog.encode(), mtime=0))
    (root / "usr/padding").write_bytes(os.urandom(padding))
    (root / "DEBIAN/control").write_text(
        f"Package: {package}\nSource: {source}\nVersion: {version}\nArchitecture: amd64\n"
        "Maintainer: A <a@example.org>\nDescription: x\n"
    )
    path = pool / f"{package}_{version}_amd64.deb"
    run("dpkg-deb", "--root-owner-group", "--build", root, path)
    body = path.read_bytes()
    return (
        f"Package: {package}\nSource: {source}\nVersion: {version}\nArchitecture: amd64\n"
        f"Filename: pool/{path.name}\nSize: {len(body)}\nSHA256: {hashlib.sha256(body).hexdigest()}\n\n"
    )


class Archive:
    def __init__(self, folder, signer):
        self.root = folder / "archive"
        self.signer = signer
        self.dist = self.root / "dists" / SUITE
        self.index = self.dist / "main/binary-amd64/Packages.xz"
        self.index.parent.mkdir(parents=True)
        pool = self.root / "pool"
        pool.mkdir()
        packages = make_deb(pool, "p-link", "1.0-3", "p", link="p")
        packages += make_deb(pool, "p", "1.0-3", "p", CHANGELOG, padding=5000)
        packages += make_deb(pool, "q", "2.0-2", "q", QUIET)
        packages += make_deb(pool, "r", "1", "r", "r (1) s; urgency=low\n")
        self.index.write_bytes(run("xz", input=packages.encode()))
        self.release()

    def release(self, suite="oldstable-security", codename=SUITE, until="Sat, 28 Nov 2026 00:00:00 UTC"):
        body = self.index.read_bytes()
        text = (
            f"Origin: T\nSuite: {suite}\nCodename: {codename}\nDate: Sat, 21 Nov 2026 00:00:00 UTC\n"
            f"Valid-Until: {until}\nArchitectures: amd64\nComponents: updates/main\nAcquire-By-Hash: yes\nSHA256:\n"
            f" {hashlib.sha256(body).hexdigest()} {len(body)} main/binary-amd64/Packages.xz\n"
        )
        plain = self.dist / "Release"
        plain.write_text(text)
        (self.dist / "InRelease").unlink(missing_ok=True)
        self.signer.gpg("--clearsign", "--output", self.dist / "InRelease", plain)


class Server:
    def __init__(self, root):
        self.requests = []
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_request(self, code="-", size="-"):
                outer.requests.append((self.path, int(code)))

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def fetched(self):
        got = [path.rsplit("/", 1)[1] for path, code in self.requests if code == 200]
        self.requests.clear()
        return got


@pytest.fixture
def site(tmp_path, signers):
    archive = Archive(tmp_path, signers[0])
    server = Server(archive.root)
    archive.server = server
    archive.tmp = tmp_path
    yield archive
    server.http.shutdown()
    server.http.server_close()


INSTALLED = "p 1.0-1 amd64 p 1.0-1\nq 2.0-1 amd64 q 2.0-1\nr 1 amd64 r 1\n"


def drive(site, keyring, repository=None, packages=INSTALLED, ns="debian:12", scheme="deb", now=NOW, apt="/nonexistent"):
    (site.tmp / "db").mkdir(exist_ok=True)
    r = subprocess.run(
        [DRIVER, site.tmp / "db", site.tmp / "cache", apt, "/nonexistent", ns, "bookworm", scheme, str(now)]
        + [repository or site.server.url, keyring or "-"],
        input=packages.encode(),
        capture_output=True,
        check=False,
    )
    assert r.returncode in (0, 3), r.stderr.decode()
    return r.stdout.decode() + r.stderr.decode()


GOOD = {
    "advisory CVE-2026-1111 p ..1.0-3 alias=GHSA-aaaa-bbbb-cccc related=DSA-1234-1",
    "advisory CVE-2026-2222 p ..1.0-2 1.0-2..1.0-3 related=DSA-1234-1",
    "advisory CVE-2026-3333 p ..1.0-3 related=DSA-1234-1",
    "advisory CVE-2025-1111 p ..1.0-2",
    "advisory PENDING-q-2.0-2 q ..2.0-2",
}


def advisories(out):
    return {l.split(" arch=")[0] for l in out.splitlines() if l.startswith("advisory ")}


@pytest.mark.parametrize("kind", ["keyring", "armored"])
def test_good(site, signers, kind):
    out = drive(site, getattr(signers[0], kind))
    assert "failed=0 advisories=5 behind=2 pending=1" in out, out
    assert advisories(out) == GOOD
    assert sorted(site.server.fetched()) == sorted(
        ["InRelease", "Packages.xz", "p-link_1.0-3_amd64.deb", "p_1.0-3_amd64.deb", "q_2.0-2_amd64.deb"]
    )


def test_second_run_fetches_nothing(site, signers):
    drive(site, signers[0].keyring)
    site.server.fetched()
    out = drive(site, signers[0].keyring)
    assert site.server.fetched() == []
    assert advisories(out) == GOOD and "fetched=0" in out


def test_another_image_keeps_what_was_learnt(site, signers):
    drive(site, signers[0].keyring, packages="p 1.0-1 amd64 p 1.0-1\n")
    out = drive(site, signers[0].keyring, packages="q 2.0-1 amd64 q 2.0-1\np 1.0-3 amd64 p 1.0-3\n")
    assert advisories(out) == GOOD


def test_from_apt_sources(site, signers):
    parts = site.tmp / "apt/sources.list.d"
    parts.mkdir(parents=True)
    key = "".join(f" {l or '.'}\n" for l in signers[0].armored.read_text().splitlines())
    (parts / "x.sources").write_text(
        f"Types: deb\nURIs: {site.server.url}\nSuites: bookworm {SUITE}\nComponents: main\nSigned-By:\n{key}"
    )
    out = drive(site, None, repository="-", apt=site.tmp / "apt")
    assert advisories(out) == GOOD, out
    (parts / "x.sources").write_text(f"Types: deb\nURIs: {site.server.url}\nSuites: trixie-security\nComponents: main\n")
    assert "no package source of this machine" in drive(site, None, repository="-", apt=site.tmp / "apt")


def refused(site, keyring, why, **kw):
    out = drive(site, keyring, **kw)
    assert "failed=-" in out and why in out, out
    assert "advisory " not in out


def test_wrong_key(site, signers):
    refused(site, signers[1].keyring, "no good signature")


def test_no_keyring(site):
    refused(site, None, "no keyring")


def test_text_around_the_signed_part(site, signers):
    path = site.dist / "InRelease"
    path.write_text("Suite: evil\n\n" + path.read_text() + "\nSuite: evil\n")
    out = drive(site, signers[0].keyring)
    assert advisories(out) in (GOOD, set())
    path.write_text(path.read_text().replace("Codename: bookworm", "Codename: bullseye"))
    refused(site, signers[0].keyring, "BADSIG", packages="p 1.0-1 amd64 p 1.0-1\n", ns="debian:99")


def test_expired(site, signers):
    site.release(until="Fri, 20 Nov 2026 00:00:00 UTC")
    refused(site, signers[0].keyring, "Valid-Until")


def test_wrong_suite(site, signers):
    site.release(suite="oldoldstable-security", codename="bullseye-security")
    refused(site, signers[0].keyring, "not of 'bookworm-security'")


def test_changed_packages(site, signers):
    body = bytearray(site.index.read_bytes())
    body[len(body) // 2] ^= 1
    site.index.write_bytes(body)
    refused(site, signers[0].keyring, "digest differs")


def test_changed_deb(site, signers):
    path = site.root / "pool/p_1.0-3_amd64.deb"
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    out = drive(site, signers[0].keyring)
    assert "digest differs" in out
    assert advisories(out) == {"advisory PENDING-q-2.0-2 q ..2.0-2", "advisory PENDING-p-1.0-3 p ..1.0-3"}


def test_failure_keeps_the_old_state(site, signers):
    assert advisories(drive(site, signers[0].keyring)) == GOOD
    out = drive(site, signers[1].keyring)
    assert "failed=-3" in out and advisories(out) == GOOD


UPDATEINFO = """<updates><update type="security"><id>RHSA-1</id><title>t</title><severity>Important</severity>
<issued date="2026-11-01 00:00:00"/><references><reference type="cve" id="CVE-2026-7777" href="https://example.org/"/>
<reference type="cve" id="CVE-2026-8888" href="https://example.org/"/></references><pkglist><collection>
<module name="m" stream="1"/><package name="a" epoch="1" version="2" release="3.el9" arch="x86_64"/></collection>
</pkglist></update><update type="bugfix"><id>RHBA-1</id></update></updates>"""


def make_rpm(site, signer=None, text=UPDATEINFO):
    data = site.root / "repodata"
    data.mkdir(exist_ok=True)
    body = gzip.compress(text.encode(), mtime=0)
    (data / "updateinfo.xml.gz").write_bytes(body)
    (data / "repomd.xml").write_text(
        f'<repomd><data type="updateinfo"><checksum type="sha256">{hashlib.sha256(body).hexdigest()}</checksum>'
        f'<location href="repodata/updateinfo.xml.gz"/><size>{len(body)}</size></data></repomd>'
    )
    site.changes = getattr(site, "changes", 0) + 10
    os.utime(data / "repomd.xml", (NOW + site.changes,) * 2)  # HTTP dates have seconds only
    if signer:
        signer.gpg("--armor", "--detach-sign", "--output", data / "repomd.xml.asc", data / "repomd.xml")


def drive_rpm(site, keyring, **kw):
    return drive(site, keyring, packages="a 1:1-1 x86_64 a 1:1-1\n", ns="rhel:9", scheme="rpm", **kw)


def test_rpm(site, signers):
    make_rpm(site, signers[0])
    out = drive_rpm(site, signers[0].keyring)
    want = "a ..1:2-3.el9 related=RHSA-1 arch=x86_64 module=m:1 severity=HIGH"
    assert f"advisory CVE-2026-7777 {want}" in out and f"advisory CVE-2026-8888 {want}" in out, out
    assert "failed=-3" in drive_rpm(site, signers[1].keyring)
    assert "nothing vouches" in drive_rpm(site, None)
    local = drive_rpm(site, None, repository=f"file://{site.root}")
    assert "not checked against a signature" in local and "failed=0" in local


def test_rpm_changed_and_laughing(site, signers):
    make_rpm(site, signers[0])
    (site.root / "repodata/updateinfo.xml.gz").write_bytes(gzip.compress(b"<updates/>"))
    out = drive_rpm(site, signers[0].keyring)
    assert "failed=-3" in out
    (site.root / "repodata/repomd.xml.asc").unlink()
    make_rpm(site, signers[0], '<!DOCTYPE u [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><updates>&b;</updates>')
    out = drive_rpm(site, signers[0].keyring)
    assert "document type declaration" in out and "failed=-3" in out
