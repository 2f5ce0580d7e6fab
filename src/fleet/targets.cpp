#include "fleet/targets.hpp"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/dialect.hpp"
#include "dialect/run.hpp"
#include "project/file_url.hpp"

namespace migrate::fleet {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const Source& source, const std::string& message, std::string hint = {}) {
  throw Error{ErrorKind::failed, message, std::move(hint), source.location};
}

std::vector<std::string> tags_of(const std::string& text) {
  std::vector<std::string> tags;
  for (const auto& part : split(replace_all(replace_all(replace_all(text, "{", ""), "}", ""), " ", ","), ',')) {
    if (!part.empty()) tags.push_back(part);
  }
  return tags;
}

const RunFace& run_of(const DatabaseUrl& url) { return dialect_named(url.dialect()).run(); }

/// What a database is called when nobody named it.
std::string own_name(const FleetTarget& target) {
  if (const auto file = target.file(); !file.empty()) return std::filesystem::path(file).stem().string();
  return target.url.database.empty() ? target.url.host : target.url.database;
}

class Finder {
 public:
  Finder(const Project& project, const Settings& settings) : project_(project), config_(project.config()), settings_(settings) {}

  Found find() {
    for (const auto& source : settings_.sources) {
      const auto before = found_.targets.size();
      read(source);
      if (found_.targets.size() == before && left_out_ == 0) found_.remarks.push_back(place(source) + ": gives no database");
      left_out_ = 0;
    }
    return std::move(found_);
  }

 private:
  void read(const Source& source) {
    switch (source.kind) {
      case Source::Kind::database: return add(source, source.name, database_at(project_, source.text, source.location), "", {});
      case Source::Kind::query: return read_query(source);
      case Source::Kind::command: return read_command(source);
      case Source::Kind::files: return read_files(source);
      default: return read_names(source);
    }
  }

  void read_query(const Source& source) {
    const auto result = ask(source, [&](const RunFace&, Connection& connection) { return connection.query(source.text); });
    for (const auto& row : result.rows) {
      const auto value = [&](std::size_t i) { return i < row.size() ? row[i].value_or("") : std::string(); };
      if (row.size() == 1) add(source, "", at(source, value(0)), "", {});
      else add(source, value(0), at(source, value(1)), "", tags_of(value(2)));
    }
  }

  void read_names(const Source& source) {
    const bool schemas = source.kind == Source::Kind::schemas;
    auto pattern = replace_all(source.text, "%", "*");
    const auto base = database_at(project_, source.on, source.location);
    const auto names = ask(source, [&](const RunFace& run, Connection& connection) { return schemas ? run.schema_names(connection) : run.database_names(connection); });
    for (const auto& name : names) {
      if (!glob_match(pattern, name)) continue;
      auto url = base;
      if (!schemas) url.database = name;
      add(source, name, url, schemas ? name : "", {});
    }
  }

  void read_files(const Source& source) {
    const auto pattern = std::filesystem::path(source.text).is_absolute() ? source.text : (config_.folder / source.text).string();
    glob_t files{};
    const int code = ::glob(pattern.c_str(), 0, nullptr, &files);
    const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&files, ::globfree);
    if (code != 0 && code != GLOB_NOMATCH) fail(source, "cannot look for files at " + pattern);
    for (std::size_t i = 0; i < files.gl_pathc; ++i) {
      const std::filesystem::path path = files.gl_pathv[i];
      if (path.filename().string().ends_with("-journal") || path.filename().string().ends_with("-wal") || path.filename().string().ends_with("-shm")) continue;
      if (std::filesystem::is_regular_file(path)) add(source, "", file_url(path), "", {});
    }
  }

  void read_command(const Source& source) {
    const auto text = command_output("`" + source.text + "`", source.text, config_.folder, source.location);
    const auto whole = Json::parse(text, nullptr, false);
    if (whole.is_array()) {
      for (const auto& item : whole) read_json(source, item);
      return;
    }
    for (const auto& line : split(text, '\n')) {
      const auto word = std::string(trim(line));
      if (word.empty() || word.starts_with('#')) continue;
      if (word.starts_with('{')) read_json(source, Json::parse(word, nullptr, false));
      else add(source, "", at(source, word), "", {});
    }
  }

  void read_json(const Source& source, const Json& item) {
    if (item.is_string()) return add(source, "", at(source, item.get<std::string>()), "", {});
    const auto text = [&](const char* key) { return item.contains(key) && item[key].is_string() ? item[key].get<std::string>() : std::string(); };
    const auto url = text("url").empty() ? text("database") : text("url");
    if (!item.is_object() || url.empty()) fail(source, "`" + source.text + "` printed what is no target: " + item.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 200), "{\"name\": ..., \"url\": ..., \"tags\": [...]}, or a URL a line");
    std::vector<std::string> tags;
    if (item.contains("tags") && item["tags"].is_array()) {
      for (const auto& tag : item["tags"]) tags.push_back(tag.is_string() ? tag.get<std::string>() : tag.dump());
    } else {
      tags = tags_of(text("tags"));
    }
    add(source, text("name"), at(source, url), text("schema"), tags);
  }

  void add(const Source& source, std::string name, DatabaseUrl url, std::string schema, std::vector<std::string> tags) {
    FleetTarget target{std::move(name), std::move(url), std::move(schema), source.tags};
    if (target.name.empty()) target.name = own_name(target);
    target.tags.insert(target.tags.end(), tags.begin(), tags.end());
    const auto [same, fresh] = places_.try_emplace(target.place(), target.name);
    if (!fresh) {
      found_.remarks.push_back(place(source) + ": " + target.name + " is the same database as " + same->second + ", which is done once");
      ++left_out_;
      return;
    }
    if (!names_.try_emplace(target.name, target.place()).second) {
      const auto longer = !target.file().empty() ? std::filesystem::path(target.file()).lexically_relative(config_.folder).string() : target.url.host + "/" + target.name;
      if (longer.empty() || !names_.try_emplace(longer, target.place()).second) {
        throw Error{ErrorKind::usage, "two targets are called " + target.name, "give them names of their own", source.location};
      }
      target.name = longer;
    }
    found_.targets.push_back(std::move(target));
  }

  DatabaseUrl at(const Source& source, const std::string& text) const { return database_at(project_, text, source.location); }
  static std::string place(const Source& source) { return "migrate.yaml:" + std::to_string(source.location.line); }

  template <class Question>
  auto ask(const Source& source, const Question& question) -> decltype(question(std::declval<const RunFace&>(), std::declval<Connection&>())) {
    const auto url = database_at(project_, source.on, source.location);
    try {
      const auto& run = run_of(url);
      const auto connection = run.connect(url);
      return question(run, *connection);
    } catch (const DatabaseError& error) {
      fail(source, "cannot ask " + url.display() + " for the fleet's databases: " + error.message(), error.hint);
    }
  }

  const Project& project_;
  const Config& config_;
  const Settings& settings_;
  Found found_;
  std::size_t left_out_ = 0;
  std::map<std::string, std::string> places_;
  std::map<std::string, std::string> names_;
};

}  // namespace

std::string FleetTarget::file() const { return run_of(url).file_of(url); }

std::string FleetTarget::place() const {
  if (const auto path = file(); !path.empty()) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? "file " + std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino) : "file " + path;
  }
  return server() + "/" + url.database + "/" + schema;
}

std::string FleetTarget::server() const {
  if (!file().empty()) return "";
  std::string hosts;
  for (const auto& end : url.endpoints()) {
    const auto host = end.host == "localhost" || end.host.empty() ? std::string("127.0.0.1") : lower(end.host);
    const int port = end.port != 0 ? end.port : run_of(url).default_port();
    hosts += (hosts.empty() ? "" : ",") + host + ":" + std::to_string(port);
  }
  return url.dialect() + "://" + hosts;
}

bool FleetTarget::matches(const std::vector<std::string>& words) const {
  return std::any_of(words.begin(), words.end(), [&](const auto& word) { return std::find(tags.begin(), tags.end(), word) != tags.end() || glob_match(word, name); });
}

DatabaseUrl database_at(const Project& project, const std::string& text, const Location& location) {
  try {
    if (text.starts_with('@')) return project.database(text);
    if (!is_url(text)) throw Error{ErrorKind::usage, "'" + text + "' is no database URL", "postgresql://..., mysql://..., mariadb://..., sqlite:///FILE, or @NAME of an environment"};
    // Not a copy of the settings: they may hold a list of ten thousand databases.
    Config own;
    own.file = project.config().file;
    own.folder = project.config().folder;
    own.database_folder = project.config().database_folder;
    own.database.kind = yaml::Node::Kind::scalar;
    own.database.scalar = text;
    return database_url(own, [](const std::string&) { return std::nullopt; });
  } catch (const Error& error) {
    if (error.location.known()) throw;
    throw Error{error.kind, error.message(), error.hint, location};
  }
}

Found find_targets(const Project& project, const Settings& settings) { return Finder(project, settings).find(); }

}  // namespace migrate::fleet
