#include "cli/context.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"

namespace migrate::cli {

Project& Context::project() {
  if (shared_ != nullptr) return *shared_;
  if (project_) return *project_;
  const auto environment = arguments.get("env");
  // In a bundle the project is what came along; its database is relative to where the bundle is run.
  const char* bundle = std::getenv("MIGRATE_BUNDLE");
  if (bundle != nullptr && !arguments.has("config")) {
    auto config = load_config(std::filesystem::path(bundle) / "project/migrate.yaml", environment);
    config.database_folder = std::filesystem::current_path();
    config.cpp.ahead_only = true;
    project_.emplace(std::move(config));
  } else if (arguments.has("config")) {
    project_.emplace(load_config(arguments.get("config"), environment));
  } else if (const auto found = find_config(std::filesystem::current_path())) {
    project_.emplace(load_config(*found, environment));
  } else if (!environment.empty()) {
    throw Error{ErrorKind::usage, "there is no migrate.yaml here or above, so no environment '" + environment + "'", "name the file with -c"};
  } else if (!arguments.has("database") && !path_exists("migrations")) {
    throw Error{ErrorKind::usage, "there is no migrate.yaml here or in a folder above", "start a project with `migrate init --database URL`, or name the file with -c"};
  } else {
    project_.emplace(default_config(std::filesystem::current_path()));
  }
  return *project_;
}

Project& Context::project_or_none() {
  if (shared_ == nullptr && !project_ && !has_project()) project_.emplace(default_config(std::filesystem::current_path()));
  return project();
}

Target& Context::target() {
  if (!target_) {
    target_.emplace(project(), arguments.has("database") ? std::optional(arguments.get("database")) : std::nullopt);
    if (looks_) target_->only_look();
    if (arguments.has("wait")) {
      target_->wait_for_server(time_of("wait"), [this](const Error& why) { output.note("waiting for the server: " + why.message()); });
    }
    if (output.style().verbose) target_->on_connect([this](Session& session) { tell_encryption(session); });
  }
  return *target_;
}

void Context::tell_encryption(Session& session) {
  const auto encryption = session.connection().encryption();
  if (!encryption) return;
  output.detail("connected to " + session.url().display() + ", " + (encryption->empty() ? "not encrypted" : "encrypted with " + *encryption));
}

bool Context::has_project() const {
  return std::getenv("MIGRATE_BUNDLE") != nullptr || arguments.has("config") || arguments.has("env") || arguments.has("database") ||
         find_config(std::filesystem::current_path()) || path_exists("migrations");
}

std::chrono::milliseconds Context::time_of(const std::string& option) const {
  const auto text = arguments.get(option);
  const auto time = parse_duration(text);
  if (!time) throw Error{ErrorKind::usage, "--" + option + " cannot be '" + text + "'", "a time such as 30s, 500ms or 5m"};
  return *time;
}

bool Context::may_ask() const { return !arguments.has("no-input") && ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0; }

void Context::confirm(const std::string& question) {
  if (arguments.has("yes")) return;
  if (!may_ask()) throw Error{ErrorKind::usage, question + " Nobody can be asked here.", "say --yes"};
  output.ask(question + " [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != "y" && answer != "Y" && answer != "yes") throw Error{ErrorKind::failed, "not confirmed; nothing was done"};
}

void print_remarks(const Output& output, const std::vector<ModelRemark>& remarks) {
  for (const auto& remark : remarks) output.note(place_text(remark.location) + ": " + remark.text);
}

void note_left_alone(const Output& output, Session& session) {
  const auto names = session.dialect().catalog().left_alone(session.connection());
  if (!names.empty()) output.note("not in the model, and left alone: " + join(names, ", "));
}

}  // namespace migrate::cli
