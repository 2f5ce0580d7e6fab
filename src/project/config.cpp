#include "project/config.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "migrate/error.hpp"
#include "project/env_file.hpp"

namespace migrate {
namespace {

using yaml::Node;

/// Reads settings out of nodes. Without variables it only checks what can be checked: a value that holds ${...} passes.
class Reader {
 public:
  Reader(const std::filesystem::path& file, const Variables* variables) : file_(file.string()), variables_(variables) {}

  struct Key {
    std::string name;
    std::function<void(const Node& value, const std::string& name)> read;
  };

  void read_map(const Node& map, const std::string& name, const std::vector<Key>& keys) const {
    if (!map.is_map()) fail(map, wrong(name, "needs a map"));
    for (std::size_t i = 0; i < map.keys.size(); ++i) {
      const auto& [key, value] = map.keys[i];
      const auto known =
          std::find_if(keys.begin(), keys.end(), [&key = key](const Key& candidate) { return candidate.name == key; });
      if (known == keys.end()) unknown_key(key, name, map.key_places[i], keys);
      if (!value.is_null()) known->read(value, name.empty() ? key : name + "." + key);
    }
  }

  /// The text of a scalar; nothing when it cannot be told yet.
  std::optional<std::string> text(const Node& node, const std::string& name) const {
    if (!node.is_scalar()) fail(node, wrong(name, "needs a single value"));
    if (variables_ == nullptr && node.scalar.find("${") != std::string::npos) return std::nullopt;
    return variables_ == nullptr ? node.scalar : expand_variables(node.scalar, *variables_, at(node));
  }

  void read(const Node& node, const std::string& name, std::string& out) const {
    auto value = text(node, name);
    if (!value) return;
    if (value->empty()) fail(node, wrong(name, "is empty"));
    out = std::move(*value);
  }

  void read(const Node& node, const std::string& name, std::chrono::milliseconds& out) const {
    const auto value = text(node, name);
    if (!value) return;
    const auto duration = parse_duration(*value);
    if (!duration) fail(node, wrong(name, "needs a duration, not '" + *value + "'"), "write it as 500ms, 60s, 5m or 0");
    out = *duration;
  }

  void read(const Node& node, const std::string& name, int& out, int least, int most) const {
    const auto value = text(node, name);
    if (!value) return;
    int number = 0;
    const auto end = std::from_chars(value->data(), value->data() + value->size(), number);
    if (end.ec != std::errc{} || end.ptr != value->data() + value->size() || number < least || number > most) {
      fail(node, wrong(name, "needs a whole number from " + std::to_string(least) + " to " + std::to_string(most)));
    }
    out = number;
  }

  void read(const Node& node, const std::string& name, bool& out) const {
    const auto value = text(node, name);
    if (!value) return;
    if (*value != "true" && *value != "false") fail(node, wrong(name, "needs true or false"));
    out = *value == "true";
  }

  void read(const Node& node, const std::string& name, std::vector<std::string>& out) const {
    out.clear();
    const auto add = [&](const Node& item) {
      std::string value;
      read(item, name, value);
      if (!value.empty()) out.push_back(std::move(value));
    };
    if (node.is_scalar()) return add(node);
    if (!node.is_sequence()) fail(node, wrong(name, "needs a text or a list of texts"));
    for (const auto& item : node.items) add(item);
  }

  /// One of some words.
  std::optional<std::string> choice(const Node& node, const std::string& name, const std::vector<std::string>& words) const {
    auto value = text(node, name);
    if (value && std::find(words.begin(), words.end(), *value) == words.end()) {
      fail(node, wrong(name, "is one of " + join(words, ", ") + "; '" + *value + "' is not"), did_you_mean(*value, words));
    }
    return value;
  }

  /// A section that somebody else reads: only the variables are filled in.
  void read(const Node& node, const std::string& name, Node& out) const {
    if (!node.is_map()) fail(node, wrong(name, "needs a map"));
    out = node;
    if (variables_ != nullptr) expand(out);
  }

  [[noreturn]] void fail(const Node& node, const std::string& message, std::string hint = {}) const {
    throw Error{ErrorKind::usage, file_name() + ": " + message, std::move(hint), at(node)};
  }
  [[nodiscard]] Location at(const Node& node) const { return {file_, node.line, node.column}; }
  [[nodiscard]] bool expands() const { return variables_ != nullptr; }

 private:
  static std::string wrong(const std::string& name, const std::string& what) {
    return name.empty() ? "the file " + what : "'" + name + "' " + what;
  }
  [[nodiscard]] std::string file_name() const { return std::filesystem::path(file_).filename().string(); }

  void expand(Node& node) const {
    if (node.is_scalar()) node.scalar = expand_variables(node.scalar, *variables_, at(node));
    for (auto& item : node.items) expand(item);
    for (auto& [key, value] : node.keys) expand(value);
  }

  [[noreturn]] void unknown_key(const std::string& key, const std::string& section, std::pair<int, int> place,
                                const std::vector<Key>& keys) const {
    std::vector<std::string> names;
    for (const auto& known : keys) names.push_back(known.name);
    const auto where = section.empty() ? "" : " in '" + section + "'";
    throw Error{ErrorKind::usage,
                file_name() + ": unknown key '" + key + "'" + where,
                did_you_mean(key, names),
                {file_, place.first, place.second}};
  }

  std::string file_;
  const Variables* variables_;
};

std::filesystem::path absolute_path(const std::filesystem::path& folder, const std::string& text) {
  const auto path = (folder / text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

/// Reads into one field, whatever its type.
template <class T>
auto into(const Reader& reader, T& field) {
  return [&reader, &field](const Node& node, const std::string& name) { reader.read(node, name, field); };
}

void read_database(const Reader& reader, const Node& node, const std::string& name, Config& config) {
  const auto keep = [&reader](Node& field) {
    return [&reader, &field](const Node& value, const std::string& key) {
      if (!value.is_scalar()) reader.fail(value, "'" + key + "' needs a single value");
      field = value;
    };
  };
  config.database_parts = {};
  if (!node.is_map()) return keep(config.database)(node, name);
  std::vector<Reader::Key> keys{{"url", keep(config.database)},
                                {"password_file", keep(config.password_file)},
                                {"password_command", keep(config.password_command)}};
  for (const auto* part : {"user", "password", "host", "port", "name"}) {
    keys.push_back({part, [&reader, &config, part](const Node& value, const std::string& key) {
                      if (!value.is_scalar()) reader.fail(value, "'" + key + "' needs a single value");
                      config.database_parts.kind = Node::Kind::map;
                      config.database_parts.keys.emplace_back(part, value);
                    }});
  }
  reader.read_map(node, name, keys);
  if (config.database.is_null()) reader.fail(node, "'" + name + "' has no url", "add `url: postgresql://`, or the URL of another engine: it says which engine it is");
}

void read_revision(const Reader& reader, const Node& node, const std::string& name, RevisionSettings& revision) {
  reader.read_map(node, name,
                  {{"format",
                    [&](const Node& value, const std::string& key) {
                      if (auto word = reader.choice(value, key, {"sql", "cpp"})) revision.format = *word;
                    }},
                   {"file_name", into(reader, revision.file_name)},
                   {"number_width",
                    [&](const Node& value, const std::string& key) { reader.read(value, key, revision.number_width, 1, 12); }}});
}

void read_transaction(const Reader& reader, const Node& node, const std::string& name, TransactionMode& mode) {
  const auto word = reader.choice(node, name, {"per-revision", "all", "none"});
  if (word)
    mode = *word == "all" ? TransactionMode::all : *word == "none" ? TransactionMode::none : TransactionMode::per_revision;
}

/// `keep: 30d`, `keep: strict`, or a map.
void read_keep_section(const Reader& reader, const Node& node, const std::string& name, Config& config) {
  const auto word = [&](const Node& value, const std::string& key) {
    std::string text;
    reader.read(value, key, text);
    if (!read_keep(text, config.keep)) reader.fail(value, "'" + key + "' cannot be '" + text + "'", "a time such as 30d, or forever, strict, yes, no; or {for: 30d, strict: yes}");
  };
  config.keep = {};
  if (!node.is_map()) return word(node, name);
  config.keep.on = true;
  const auto strict = [&](const Node& value, const std::string& key) {
    if (const auto said = reader.choice(value, key, {"yes", "no", "true", "false"})) config.keep.strict = *said == "yes" || *said == "true";
  };
  reader.read_map(node, name, {{"for", word}, {"strict", strict}});
}

void read_lock_kind(const Reader& reader, const Node& node, const std::string& name, LockSettings::Kind& kind) {
  using Kind = LockSettings::Kind;
  if (const auto word = reader.choice(node, name, {"auto", "session", "lease"})) kind = *word == "session" ? Kind::session : *word == "lease" ? Kind::lease : Kind::automatic;
}

void read_paths(const Reader& reader, const Node& node, const std::string& name, Config& config) {
  if (name == "model") config.model_command.clear();
  if (name == "model" && node.is_map()) {
    config.model.clear();
    config.model_command_place = {config.file.string(), node.line, node.column};
    reader.read_map(node, name, {{"command", into(reader, config.model_command)}});
    if (config.model_command.empty()) reader.fail(node, "'model' needs files, or `command:` that prints it");
    return;
  }
  std::vector<std::string> entries;
  reader.read(node, name, entries);
  if (entries.empty() && reader.expands()) reader.fail(node, "'" + name + "' is empty");
  if (name == "model") {
    config.model.clear();
    for (const auto& entry : entries) config.model.push_back(absolute_path(config.folder, entry).string());
  } else {
    config.migrations.clear();
    for (const auto& entry : entries) config.migrations.push_back(absolute_path(config.folder, entry));
  }
}

void read_versions_table(const Reader& reader, const Node& node, const std::string& name, Config& config) {
  reader.read(node, name, config.versions_table);
  const auto parts = split(config.versions_table, '.');
  if (parts.size() > 2 || std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); })) {
    reader.fail(node, "'" + name + "' needs a table name, or schema.table; '" + config.versions_table + "' is not one");
  }
}

/// `cpp: g++`, or a map. Flags may be one text with blanks between them.
void read_cpp(const Reader& reader, const Node& node, const std::string& name, Config& config) {
  if (node.is_scalar()) return reader.read(node, name, config.cpp.compiler);
  reader.read_map(node, name,
                  {{"compiler", into(reader, config.cpp.compiler)},
                   {"command", into(reader, config.cpp.compiler)},
                   {"flags",
                    [&](const Node& value, const std::string& key) {
                      std::vector<std::string> entries;
                      reader.read(value, key, entries);
                      config.cpp.flags.clear();
                      for (const auto& entry : entries) {
                        for (auto& flag : value.is_scalar() ? split(collapse_spaces(entry), ' ') : std::vector<std::string>{entry}) config.cpp.flags.push_back(std::move(flag));
                      }
                    }},
                   {"cache",
                    [&](const Node& value, const std::string& key) {
                      std::string path;
                      reader.read(value, key, path);
                      config.cpp.cache = absolute_path(config.folder, path);
                    }},
                   {"jobs", [&](const Node& value, const std::string& key) { reader.read(value, key, config.cpp.jobs, 0, 1024); }}});
}

void read_settings(const Reader& reader, const Node& root, const std::string& section, Config& config, bool top) {
  const auto with = [&](auto function) {
    return [&reader, &config, function](const Node& node, const std::string& name) { function(reader, node, name, config); };
  };
  const auto paths = [&](const std::string& key) {
    return [&reader, &config, key](const Node& node, const std::string&) { read_paths(reader, node, key, config); };
  };
  auto& naming = config.naming;
  auto& statement = config.statement;
  std::vector<Reader::Key> keys{
      {"database", with(read_database)},
      {"password_file", [&](const Node& node, const std::string&) { config.password_file = node; }},
      {"password_command", [&](const Node& node, const std::string&) { config.password_command = node; }},
      {"scratch", [&](const Node& node, const std::string&) { config.scratch = node; }},
      {"migrations", paths("migrations")},
      {"model", paths("model")},
      {"masks",
       [&](const Node& node, const std::string& name) {
         std::string path;
         reader.read(node, name, path);
         config.masks = absolute_path(config.folder, path);
       }},
      {"mask_key", into(reader, config.mask_key)},
      {"env_file", into(reader, config.env_file)},
      {"templates",
       [&](const Node& node, const std::string& name) {
         std::string path;
         reader.read(node, name, path);
         config.templates = absolute_path(config.folder, path);
       }},
      {"versions_table", with(read_versions_table)},
      {"revision", [&](const Node& node, const std::string& name) { read_revision(reader, node, name, config.revision); }},
      {"naming",
       [&](const Node& node, const std::string& name) {
         reader.read_map(node, name,
                         {{"index", into(reader, naming.index)},
                          {"unique", into(reader, naming.unique)},
                          {"foreign_key", into(reader, naming.foreign_key)},
                          {"check", into(reader, naming.check)}});
       }},
      {"transaction",
       [&](const Node& node, const std::string& name) { read_transaction(reader, node, name, config.transaction); }},
      {"lock",
       [&](const Node& node, const std::string& name) {
         reader.read_map(node, name,
                         {{"timeout", into(reader, config.lock.timeout)},
                          {"kind", [&](const Node& value, const std::string& key) { read_lock_kind(reader, value, key, config.lock.kind); }},
                          {"lease", into(reader, config.lock.lease)}});
       }},
      {"reconnect", into(reader, config.reconnect)},
      {"vitess", [&](const Node& node, const std::string& name) { reader.read_map(node, name, {{"ddl_strategy", into(reader, config.vitess_ddl_strategy)}}); }},
      {"statement",
       [&](const Node& node, const std::string& name) {
         reader.read_map(node, name,
                         {{"lock_timeout", into(reader, statement.lock_timeout)},
                          {"timeout", into(reader, statement.timeout)},
                          {"retries", [&](const Node& value, const std::string& key) {
                             reader.read(value, key, statement.retries, 0, 1000);
                           }}});
       }},
      {"schemas", into(reader, config.schemas)},
      {"ignore", into(reader, config.ignore)},
      {"include", into(reader, config.include)},
      {"confirm", into(reader, config.confirm)},
      {"lint", into(reader, config.lint)},
      {"hooks", into(reader, config.hooks)},
      {"rehearse", into(reader, config.rehearse)},
      {"fleet",
       [&](const Node& node, const std::string& name) {
         if (!node.is_map()) reader.fail(node, "'" + name + "' needs a map");
         config.fleet = node;
       }},
      {"cpp", with(read_cpp)},
      {"compiler", with(read_cpp)},
      {"keep", with(read_keep_section)},
      {"backup",
       [&](const Node& node, const std::string& name) {
         const auto path = [&](std::filesystem::path& out) {
           return [&](const Node& value, const std::string& key) {
             std::string text;
             reader.read(value, key, text);
             out = text.empty() ? std::filesystem::path() : absolute_path(config.folder, text);
           };
         };
         reader.read_map(node, name,
                         {{"folder", path(config.backup.folder)},
                          {"keep", [&](const Node& value, const std::string& key) { reader.read(value, key, config.backup.keep, 1, 100000); }},
                          {"tools", path(config.backup.tools)}});
       }},
      {"drift",
       [&](const Node& node, const std::string& name) {
         reader.read_map(node, name, {{"enabled", into(reader, config.drift.enabled)}});
       }}};
  if (top) keys.push_back({"environments", [](const Node&, const std::string&) {}});
  reader.read_map(root, section, keys);
  for (const auto* node : {&config.password_file, &config.password_command}) {
    if (!node->is_null() && !node->is_scalar()) reader.fail(*node, "the password's file or command needs a single value");
  }
  if (!config.password_file.is_null() && !config.password_command.is_null()) {
    reader.fail(config.password_command, "both 'password_file' and 'password_command' are given", "keep one of them");
  }
}

/// `over` laid over `base`: maps key by key, anything else whole.
Node merged(const Node& base, const Node& over) {
  if (!base.is_map() || !over.is_map()) return over;
  Node out = base;
  for (std::size_t i = 0; i < over.keys.size(); ++i) {
    const auto& [key, value] = over.keys[i];
    const auto it = std::find_if(out.keys.begin(), out.keys.end(), [&key = key](const auto& item) { return item.first == key; });
    if (it == out.keys.end()) {
      out.keys.push_back(over.keys[i]);
      out.key_places.push_back(over.key_places[i]);
    } else {
      it->second = key == "database" ? value : merged(it->second, value);
      out.key_places[static_cast<std::size_t>(it - out.keys.begin())] = over.key_places[i];
    }
  }
  return out;
}

/// The engine of a database, where its URL says one without variables.
void note_dialect(const Config& config, std::set<std::string>& dialects) {
  const auto& text = config.database.scalar;
  const auto scheme = lower(text.substr(0, std::min(text.find(':'), text.size())));
  if (scheme == "postgresql" || scheme == "postgres") dialects.insert("postgresql");
  else if (scheme == "mysql" || scheme == "mariadb") dialects.insert("mysql");
  else if (scheme == "sqlite") dialects.insert("sqlite");
}

void remove_key(Node& map, std::string_view key) {
  for (std::size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].first != key) continue;
    map.keys.erase(map.keys.begin() + static_cast<std::ptrdiff_t>(i));
    map.key_places.erase(map.key_places.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

/// The settings with the environment laid over them. Another database does not inherit the password of the first one.
Node settings_for(Node root, const std::string& environment, const Reader& reader) {
  const Node* environments = root.find("environments");
  std::vector<std::string> names;
  if (environments != nullptr) {
    for (const auto& [name, node] : environments->keys) names.push_back(name);
  }
  const Node* chosen = environments == nullptr ? nullptr : environments->find(environment);
  if (chosen == nullptr) {
    reader.fail(environments == nullptr ? root : *environments, "there is no environment '" + environment + "'",
                names.empty() ? "the file has no environments" : did_you_mean(environment, names));
  }
  const Node over = *chosen;
  if (over.is_null()) return root;
  if (over.find("database") != nullptr || over.find("password_file") != nullptr || over.find("password_command") != nullptr) {
    remove_key(root, "password_file");
    remove_key(root, "password_command");
  }
  return merged(root, over);
}

}  // namespace

Config default_config(const std::filesystem::path& folder) {
  Config config;
  config.folder = std::filesystem::absolute(folder).lexically_normal();
  config.migrations = {absolute_path(config.folder, "migrations")};
  config.model = {absolute_path(config.folder, "model.yaml").string()};
  config.cpp.cache = config.folder / ".migrate";
  return config;
}

Config parse_config(std::string_view text, const std::filesystem::path& path, const std::string& environment,
                    const Variables& variables) {
  const auto file = std::filesystem::absolute(path).lexically_normal();
  Config defaults = default_config(file.parent_path());
  defaults.file = file;
  defaults.environment = environment;
  Node root = yaml::parse(text, path.string());
  if (root.is_null()) {
    root.kind = Node::Kind::map;
    root.line = 1;
    root.column = 1;
  }
  const Reader checker(path, nullptr);
  Config scratch = defaults;
  read_settings(checker, root, "", scratch, true);
  std::set<std::string> dialects;
  note_dialect(scratch, dialects);
  if (const Node* environments = root.find("environments"); environments != nullptr && !environments->is_null()) {
    if (!environments->is_map()) checker.fail(*environments, "'environments' needs a map");
    for (const auto& [name, node] : environments->keys) {
      scratch = defaults;
      if (!node.is_null()) read_settings(checker, node, "environments." + name, scratch, false);
      note_dialect(scratch, dialects);
      defaults.environments.push_back(name);
    }
  }
  defaults.dialects.assign(dialects.begin(), dialects.end());
  const Reader reader(path, &variables);
  if (!environment.empty()) root = settings_for(root, environment, checker);
  // Before anything that its variables may stand in.
  if (const Node* node = root.find("env_file"); node != nullptr && !node->is_null()) {
    std::string name;
    reader.read(*node, "env_file", name);
    load_env_file(absolute_path(defaults.folder, name));
  }
  Config config = defaults;
  read_settings(reader, root, "", config, true);
  return config;
}

Config load_config(const std::filesystem::path& path, const std::string& environment, const Variables& variables) {
  auto file = path;
  if (folder_exists(file)) file = find_config(file).value_or(file / "migrate.yaml");
  if (!path_exists(file)) {
    throw Error{ErrorKind::usage,
                "cannot read " + file.string() + ": there is no such file",
                "run `migrate init --database URL` to start a project",
                {file.string()}};
  }
  return parse_config(read_file(file), file, environment, variables);
}

std::optional<std::filesystem::path> find_config(const std::filesystem::path& start) {
  for (auto folder = std::filesystem::absolute(start).lexically_normal();; folder = folder.parent_path()) {
    for (const auto* name : {"migrate.yaml", "migrate.yml"}) {
      std::error_code error;
      if (std::filesystem::is_regular_file(folder / name, error)) return folder / name;
    }
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

}  // namespace migrate
