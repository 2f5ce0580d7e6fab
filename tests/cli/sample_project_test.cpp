// The sample project at the top of the checkout does what the README says, on every engine.
#include <doctest/doctest.h>

#include "core/filesystem.hpp"
#include "program.hpp"

namespace migrate::cli_test {
namespace {

/// The sample project, with an empty database of each engine.
struct Shop {
  Shop() { copy_sample_project(folder); }

  /// Runs a command on a database and expects that it succeeds.
  Outcome run(const std::string& url, const std::vector<std::string>& arguments) const {
    auto outcome = migrate(folder.path(), arguments, {{"SHOP_DATABASE", url}});
    INFO(arguments.front() << "\n" << outcome.out << outcome.err);
    CHECK(outcome.code == 0);
    return outcome;
  }

  Folder folder;
  Databases databases{folder};
};

}  // namespace

TEST_CASE("the sample project goes up, agrees with its model, goes down and up again on every engine") {
  const Shop shop;
  for (const auto& known : shop.databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    shop.run(url, {"upgrade", "head"});
    shop.run(url, {"check"});
    shop.run(url, {"revision", "--autogenerate", "-m", "nothing"});
    CHECK(shop.run(url, {"current"}).out.find("(head)") != std::string::npos);
    shop.run(url, {"downgrade", "base"});
    CHECK(shop.run(url, {"current"}).out.empty());
    const auto empty = shop.run(url, {"inspect"});
    CHECK(empty.out.find("tables:") == std::string::npos);
    shop.run(url, {"upgrade", "head"});
    shop.run(url, {"check"});
  }
}

TEST_CASE("every revision of the sample project can be taken back and applied again on every engine") {
  const Shop shop;
  for (const auto& known : shop.databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    const std::vector<std::string> targets{"0001-5f2c81", "0002-a90b37", "0003-7be8f0", "0003-c4d215", "0004-1d66a2",
                                           "0004-e3907c", "0005-94ab5e", "0006-b27f13", "0007-6c1ee4", "0008-d83f59", "0009-41c7ea"};
    for (const auto& target : targets) {
      CAPTURE(target);
      const auto was = shop.run(url, {"inspect"}).out;
      shop.run(url, {"upgrade", target});
      const auto is = shop.run(url, {"inspect"}).out;
      // What is below a merge is not one revision: there -1 says it.
      shop.run(url, {"downgrade", target == "0005-94ab5e" ? "-1" : target + "-1"});
      CHECK(shop.run(url, {"inspect"}).out == was);
      shop.run(url, {"upgrade", target});
      CHECK(shop.run(url, {"inspect"}).out == is);
    }
  }
}

TEST_CASE("the sample project's C++ unit folds the names of the customers that are there, on every engine") {
  const Shop shop;
  for (const auto& known : shop.databases.urls()) {
    const auto& [engine, url] = known;
    CAPTURE(known.first);
    shop.run(url, {"upgrade", "8"});
    shop.databases.execute(engine, "INSERT INTO customers (email, full_name) VALUES ('z', '  Zoë   Müller-Øst '), ('o', 'O''Neil ÅSA'), ('x', '')");
    shop.run(url, {"upgrade", "head"});
    CHECK(shop.databases.rows(engine, "SELECT email, search_name FROM customers ORDER BY email") ==
          std::vector<std::string>{"o|o'neil asa", "x|", "z|zoe mueller-ost"});
    shop.run(url, {"downgrade", "-1"});
    shop.run(url, {"upgrade", "head"});
    shop.run(url, {"check"});
  }
}

TEST_CASE("the C++ unit that the README shows is the sample project's") {
  const std::filesystem::path checkout = MIGRATE_SOURCE_DIR;
  const auto readme = read_file(checkout / "README.md");
  const auto begin = readme.find("```cpp\n") + 7;
  const auto shown = readme.substr(begin, readme.find("```", begin) - begin);
  CHECK(shown.starts_with("void upgrade"));
  CHECK(read_file(checkout / "migrations/0009_customers_are_found_by_name.cpp").find(shown) != std::string::npos);
}

TEST_CASE("migrate.sum of the sample project is up to date") {
  const Shop shop;
  shop.run("sqlite:///none.db", {"verify", "--offline"});
}

}  // namespace migrate::cli_test
