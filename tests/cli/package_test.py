#!/usr/bin/env python3
"""What scripts/package makes, tried where nothing else is: in a folder that a process has for its root, with a kernel and nothing more.

MIGRATE_TEST_ROOTS=DIR[,DIR...] names roots of distributions (debootstrap makes them): the packages are installed there too, with what
they depend on, and the same tour is run. Needs to be root, as chroot does; else, and without a checkout, it is skipped."""
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = """tables:
  customers:
    columns: {id: {type: integer, identity: by_default}, email: {type: varchar(255), null: false, unique: true}}
    primary_key: [id]
"""


class Place:
    """A folder as the root of what runs in it, with /proc."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("proc", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "proc", "proc", folder / "proc"], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.folder / "proc"], check=True)

    def run(self, *words, folder="/", **more):
        def enter():
            os.chroot(self.folder)
            os.chdir(folder)
        done = subprocess.run(words, preexec_fn=enter, capture_output=True, text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}, **more)
        assert done.returncode == 0, f"{words} in {self.folder}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def tour(self, program):
        shutil.rmtree(self.folder / "shop", ignore_errors=True)
        self.run(program, "init", "shop", "--database", "sqlite:///shop/shop.db")
        (self.folder / "shop/model.yaml").write_text(MODEL)
        for words in (["revision", "-a", "-m", "customers"], ["upgrade"], ["check"], ["lint", "base:head"], ["downgrade", "base", "--yes"]):
            out = self.run(program, *words, folder="/shop")
        assert "reverted" in out, out


@unittest.skipUnless(os.geteuid() == 0 and (ROOT / ".git").exists(), "needs root, for chroot, and a checkout")
class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory(prefix="migrate_package_")
        cls.out = pathlib.Path(cls.work.name) / "out"
        made = subprocess.run([ROOT / "scripts/package", cls.out], capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        cls.files = {file.name: file for file in cls.out.iterdir()}
        cls.archive = next(file for name, file in cls.files.items() if name.endswith(".tar.gz"))
        cls.program = cls.out / cls.archive.name.removesuffix(".tar.gz")

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def test_the_sums_are_those_of_the_files(self):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=self.out, check=True)
        listed = [line.split()[1] for line in (self.out / "SHA256SUMS").read_text().splitlines()]
        self.assertEqual(sorted(listed + ["SHA256SUMS"]), sorted(self.files))

    def test_the_archive_and_the_executable_need_a_kernel_and_nothing_more(self):
        self.assertLess(self.archive.stat().st_size, 20e6)
        empty = pathlib.Path(self.work.name) / "empty"
        empty.mkdir()
        with tarfile.open(self.archive) as archive:
            archive.extractall(empty, filter="tar") if sys.version_info >= (3, 12) else archive.extractall(empty)
        shutil.copy(self.program, empty / "one")
        with Place(empty) as place:
            unpacked = f"/{self.program.name}/bin/migrate"
            for program in (unpacked, "/one"):
                version = place.run(program, "--version")
                for word in ("SQLite: 3", "PostgreSQL: libpq", "MySQL, MariaDB: MySQL Connector"):
                    self.assertIn(word, version)
                place.tour(program)
            place.run(unpacked, "bundle", "-o", "/shop-migrate", folder="/shop")
            self.assertIn("applied", place.run("/shop-migrate", "upgrade", "--database", "sqlite:///other.db"))
        for name in ("LICENSE", "README.md", "docs/getting-started.md", "share/migrate/model.schema.json", "include/migrate/unit.hpp"):
            self.assertTrue((empty / self.program.name / name).is_file(), name)

    def test_the_packages_hold_what_they_say(self):
        def content(name):
            package = next(file for file_name, file in self.files.items() if file_name.startswith(name + "_"))
            return package, subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
        package, data = content("migrate")
        listed = subprocess.run(["tar", "-t"], input=data, capture_output=True, check=True).stdout.decode()
        for name in ("./usr/bin/migrate\n", "/migrate-mysql.so\n", "/migrate-postgresql.so\n", "./usr/share/man/man1/migrate.1.gz\n", "./usr/include/migrate/unit.hpp\n"):
            self.assertIn(name, listed)
        self.assertNotIn(".a\n", listed)
        listed = subprocess.run(["tar", "-t"], input=content("libmigrate-dev")[1], capture_output=True, check=True).stdout.decode()
        for name in ("/libmigrate.a\n", "/migrateConfig.cmake\n"):
            self.assertIn(name, listed)
        self.assertNotIn("bin/", listed)
        for root in filter(None, os.environ.get("MIGRATE_TEST_ROOTS", "").split(",")):
            with self.subTest(root=root), Place(pathlib.Path(root)) as place:
                shutil.copy(package, place.folder / "tmp/migrate.deb")
                place.run("apt-get", "update", "-q")
                place.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "/tmp/migrate.deb")
                self.assertIn("MySQL Connector", place.run("migrate", "--version"))
                place.tour("migrate")


if __name__ == "__main__":
    unittest.main()
