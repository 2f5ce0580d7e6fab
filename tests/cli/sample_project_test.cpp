// The sample project at the top of the checkout does what the README says, on every engine.
#include <doctest/doctest.h>

#include "program.hpp"

namespace migrate::cli_test {
namespace {

const std::filesystem::path checkout = MIGRATE_SOURCE_DIR;

/// Runs a command of the sample project on a database and expects an exit code.
Outcome expect(int code, const std::string& url, const std::vector<std::string>& arguments) {
  auto outcome = migrate(checkout, arguments, {{"SHOP_DATABASE", url}});
  INFO(arguments.front() << " on " << url.substr(0, url.find(':')) << "\n" << outcome.out << outcome.err);
  CHECK(outcome.code == code);
  return outcome;
}

}  // namespace

TEST_CASE("the sample project goes up, agrees with its model, goes down and up again on every engine") {
  const Folder folder;
  const Databases databases(folder);
  for (const auto& [engine, url] : databases.urls()) {
    CAPTURE(engine);
    expect(0, url, {"upgrade", "head"});
    expect(0, url, {"check"});
    expect(0, url, {"revision", "--autogenerate", "-m", "nothing"});
    CHECK(expect(0, url, {"current"}).out.find("(head)") != std::string::npos);
    expect(0, url, {"downgrade", "base"});
    CHECK(expect(0, url, {"current"}).out.empty());
    const auto empty = expect(0, url, {"inspect"});
    CHECK(empty.out.find("tables:") == std::string::npos);
    expect(0, url, {"upgrade", "head"});
    expect(0, url, {"check"});
  }
}

TEST_CASE("every revision of the sample project can be taken back and applied again on every engine") {
  const Folder folder;
  const Databases databases(folder);
  for (const auto& [engine, url] : databases.urls()) {
    CAPTURE(engine);
    const std::vector<std::string> targets{"0001-5f2c81", "0002-a90b37", "0003-7be8f0", "0003-c4d215", "0004-1d66a2",
                                           "0004-e3907c", "0005-94ab5e", "0006-b27f13", "0007-6c1ee4", "0008-d83f59"};
    for (const auto& target : targets) {
      CAPTURE(target);
      const auto was = expect(0, url, {"inspect"}).out;
      expect(0, url, {"upgrade", target});
      const auto is = expect(0, url, {"inspect"}).out;
      // What is below a merge is not one revision: there -1 says it.
      expect(0, url, {"downgrade", target == "0005-94ab5e" ? "-1" : target + "-1"});
      CHECK(expect(0, url, {"inspect"}).out == was);
      expect(0, url, {"upgrade", target});
      CHECK(expect(0, url, {"inspect"}).out == is);
    }
  }
}

TEST_CASE("migrate.sum of the sample project is up to date") {
  const Folder folder;
  const auto outcome = migrate(checkout, {"verify", "--offline"}, {{"SHOP_DATABASE", "sqlite:///" + (folder / "none.db").string()}});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.code == 0);
}

}  // namespace migrate::cli_test
