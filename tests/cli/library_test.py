"""The library in a program: the example, built against the installed package; and one executable with the units inside."""
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import unittest

from support import PROGRAM, Project, TestCase, engines, main, run

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(PROGRAM).resolve().parent


def well(command, **more):
    done = run(command, **more)
    if done.code != 0:
        raise AssertionError(f"{command}: {done!r}")
    return done


def cpp_unit(id, parents, up, down):
    return (f"// revision: {id}\n" + (f"// parents: {parents}\n" if parents else "") + f"// message: unit {id}\n\n#include <migrate/unit.hpp>\n\n"
            f"void upgrade(migrate::Operations& op) {{ {up} }}\nvoid downgrade(migrate::Operations& op) {{ {down} }}\n\nMIGRATE_UNIT(upgrade, downgrade)\n")


TENANTS = r'''#include <migrate/fleet.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

int main(int, char** argv) {
  std::puts("begin");  // stands in a buffer when the processes are made
  const auto fleet = migrate::fleet_upgrade(argv[1], {.parallel = 2});
  if (fleet.complete()) return 1;
  for (const auto& target : fleet.targets) {
    const bool failed = target.state == migrate::FleetTargetState::failed;
    if (failed) std::printf("%s failed %s %s\n", target.name.c_str(), target.place.c_str(), target.error.c_str());
    else std::printf("%s done %d %s\n", target.name.c_str(), target.revisions, target.revision.c_str());
  }
  std::ofstream(std::getenv("NEW")).close();
  std::thread([&] { std::printf("new %zu\n", migrate::fleet_upgrade_one(argv[1], "t9").size()); }).join();
  std::printf("again %zu\n", migrate::fleet_upgrade_one(argv[1], "t9").size());
  try {
    migrate::fleet_upgrade_one(argv[1], "t10");
  } catch (const migrate::Error& error) {
    if (error.kind == migrate::ErrorKind::usage) std::puts("no such target");
  }
}
'''


class Library(TestCase):
    def test_the_example_upgrades_its_database_and_refuses_others(self):
        project = self.project("sqlite")
        prefix = project.folder / "prefix"
        well(["cmake", "--install", BUILD, "--prefix", prefix])
        shutil.copytree(SOURCE / "example", project.folder / "example")
        shutil.rmtree(project.folder / "migrations")
        shutil.copytree(SOURCE / "migrations", project.folder / "migrations")
        head = well([PROGRAM, "heads", "-c", project.folder]).out.split()[0]
        project.write("migrations/0010_extra.cpp", cpp_unit("0010-eeeeee", head, 'op.create_table("extra", [](migrate::TableDefinition& t) { t.column("id", "bigint").primary_key(); });', 'op.drop_table("extra");'))
        project.write("migrations/0011_more.cpp", cpp_unit("0011-ffffff", "0010-eeeeee", 'op.execute("INSERT INTO extra VALUES (?)", {7});', 'op.execute("DELETE FROM extra");'))
        (project.folder / "example/tenants.cpp").write_text(TENANTS)
        with open(project.folder / "example/CMakeLists.txt", "a") as lists:
            lists.write("add_executable(tenants tenants.cpp)\ntarget_link_libraries(tenants PRIVATE migrate::migrate)\n")
        well(["cmake", "-S", "example", "-B", "out", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"], cwd=project.folder)
        well(["cmake", "--build", "out"], cwd=project.folder)
        shop = project.folder / "out/shop"
        self.tenants(project.folder / "out/tenants")
        shutil.rmtree(project.folder / "migrations")  # nothing is read from there
        for engine in engines():
            with self.subTest(engine=engine):
                other = self.project(engine)
                url = other.database.url
                runs = [subprocess.Popen([shop, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
                counts = []
                for process in runs:
                    out, err = process.communicate(timeout=120)
                    self.assertEqual(process.returncode, 0, out + err)
                    counts.append(int(out.split("upgraded by ")[1].split()[0]))
                self.assertGreater(max(counts), 5)
                self.assertEqual(sum(counts), max(counts))  # every revision by one of them
                self.assertEqual(other.sql("SELECT count(*) FROM extra WHERE id = 7"), "1")
                well([shop, url, "0011"])
                self.assertIn("too new", run([shop, url, "0010"]).err)
                self.assertIn("too new", run([shop, url, "10"]).err)
                well([shop, url, "11"])
                well([shop, url, "head"])
                self.assertIn("names no one revision", run([shop, url, "base"]).err)
                self.assertIn("too old", run([shop, url, "0012"]).err)


    def tenants(self, program):
        """A program that hosts tenants: all of them, one that fails, and one that is made while it runs."""
        project = self.project("sqlite")
        project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer PRIMARY KEY);", "DROP TABLE a;")
        project.unit("0002-bbbbbb", "0001-aaaaaa", "INSERT INTO a VALUES (7);", "DELETE FROM a;")
        (project.folder / "data").mkdir()
        for number in range(5):
            sqlite3.connect(project.folder / f"data/t{number}.db").close()
        with contextlib.closing(sqlite3.connect(project.folder / "data/t3.db")) as poisoned:
            poisoned.execute("CREATE TABLE a (id text)")
        project.config('fleet:\n  targets: [{files: "data/*.db"}]\n  waves: [{name: all, parallel: 3, max_failures: 1}]\n')
        done = run([program, project.folder], env={**os.environ, "NEW": str(project.folder / "data/t9.db")})
        self.assertEqual(done.code, 0, done)
        lines = done.out.splitlines()
        self.assertEqual(lines[0], "begin")  # what the program had not written yet is written once
        self.assertEqual(sorted(line for line in lines if line.startswith("t") and line != "t3" and "failed" not in line), [f"t{n} done 2 0002-bbbbbb" for n in (0, 1, 2, 4)])
        failed = next(line for line in lines if line.startswith("t3 failed"))
        self.assertIn("0001-aaaaaa.sql:", failed)
        self.assertIn("already exists", failed)
        self.assertEqual(lines[-3:], ["new 2", "again 0", "no such target"])
        with contextlib.closing(sqlite3.connect(project.folder / "data/t9.db")) as fresh:
            self.assertEqual(fresh.execute("SELECT id FROM a").fetchall(), [(7,)])
        status = json.loads(project.migrate("fleet", "status", "--json").out)
        self.assertEqual({target["name"]: (target["state"], target["tries"]) for target in status["targets"]},
                         {**{f"t{n}": ("done", 1) for n in (0, 1, 2, 4)}, "t3": ("failed", 1), "t9": ("done", 2)})


class Bundle(TestCase):
    def test_a_bundle_needs_nothing_around_it(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);\n-- migrate: include data/rows.sql", "DROP TABLE a;")
            project.write("migrations/data/rows.sql", "INSERT INTO a VALUES (1);\n")
            project.write("migrations/0002.cpp", cpp_unit("0002-bbbbbb", "0001-aaaaaa", 'op.execute("INSERT INTO a VALUES (?)", {2});', 'op.execute("DELETE FROM a WHERE id = 2");'))
            file = project.folder / "elsewhere/release"
            file.parent.mkdir()
            project.migrate("bundle", "-o", str(file))
            shutil.rmtree(project.folder / "migrations")
            (project.folder / "migrate.yaml").unlink()
            temporary = project.folder / "tmp"
            temporary.mkdir()
            environment = {"TMPDIR": str(temporary)}
            done = run([file, "upgrade"], cwd=file.parent, env=environment)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(project.sql("SELECT count(*) FROM a"), "2")
            self.assertEqual(run([file, "heads"], cwd=file.parent, env=environment).out.split()[0], "0002-bbbbbb")
            self.assertEqual(run([file, "nonsense"], cwd=file.parent, env=environment).code, 2)
            done = run([file, "downgrade", "base"], cwd=file.parent, env=environment)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(list(temporary.iterdir()), [])


if __name__ == "__main__":
    main()
