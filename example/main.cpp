// A program that brings its database up to date when it starts.
//     shop URL              upgrades to the head and says how many revisions that took
//     shop URL REVISION     starts only when the database is at that revision
#include <iostream>
#include <migrate/migrate.hpp>

int main(int argc, char** argv) {
  const std::string url = argc > 1 ? argv[1] : "sqlite:///shop.db";
  try {
    if (argc > 2) {
      migrate::require(url, argv[2]);
    } else {
      const auto done = migrate::upgrade(url, {.log = [](const std::string& line) { std::cerr << line << "\n"; }});
      std::cout << "upgraded by " << done.size() << " revisions\n";
    }
    std::cout << migrate::applied(url).size() << " revisions are applied\n";
    return 0;
  } catch (const migrate::Error& error) {
    std::cerr << "error: " << error.message() << "\n";
    if (!error.hint.empty()) std::cerr << "  hint: " << error.hint << "\n";
    return 1;
  }
}
