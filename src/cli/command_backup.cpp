// migrate backup, migrate restore; and the backup of a run
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/events.hpp"
#include "cli/run_backup.hpp"
#include "core/filesystem.hpp"
#include "dialect/run.hpp"
#include "transfer/backup.hpp"
#include "transfer/end.hpp"

namespace migrate::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string json_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void tell(const Output& output, const std::string& text) { EventPrinter(output).notice(text); }

void print(const Output& output, const Backup& backup) {
  if (output.json()) output.line(json_line({{"event", "backup"}, {"file", backup.file.string()}, {"bytes", backup.bytes}, {"sha256", backup.sha256}}));
  else output.line(fmt::format("backup: {}, {} bytes", backup.file.string(), backup.bytes));
}

void remove_old(Context& context, const fs::path& folder) {
  const auto& settings = context.project().config().backup;
  if (folder != settings.folder) return;
  for (const auto& file : remove_old_backups(context.target(), folder, settings.keep)) tell(context.output, "removed " + file.string() + ": " + std::to_string(settings.keep) + " stay");
}

/// What became of a run that failed, and of its backup.
class RunBackup {
 public:
  RunBackup(Context& context, Planner planner, fs::path folder) : context_(context), planner_(std::move(planner)), folder_(std::move(folder)) {}

  void make() {
    auto& target = context_.target();
    const auto rows = target.versions().read(target.session().connection(), &had_versions_);
    if (planner_(rows).empty()) return;
    const auto file = new_backup_name(target, folder_);
    try {
      const auto backup = make_backup(target, file, [&](const std::string& text) { tell(context_.output, text); });
      file_ = backup.file;
      if (context_.output.json()) print(context_.output, backup);
      else tell(context_.output, fmt::format("backup: {}, {} bytes", backup.file.string(), backup.bytes));
    } catch (const Error& error) {
      throw Error{error.kind == ErrorKind::locked ? ErrorKind::locked : ErrorKind::failed, std::string("nothing was run, as no backup could be made: ") + error.message(), error.hint};
    }
    remove_old(context_, folder_);
  }

  void failed() {
    if (file_.empty()) return;
    const auto command = "`migrate restore " + file_.string() + "`";
    try {
      if (!left_half()) return tell(context_.output, "the engine took back what failed, so nothing is restored; " + command + " would bring the database of before the run");
      if (context_.arguments.has("no-restore")) return tell(context_.output, "the database is as the failure left it; " + command + " brings back the one of before the run");
      check_backup(context_.target(), file_);
      restore_backup(context_.target(), file_, [&](const std::string& text) { tell(context_.output, text); });
      tell(context_.output, "restored: the database is as it was before this run, from " + file_.string());
    } catch (const Error& error) {
      tell(context_.output, fmt::format("the database could NOT be restored: {}; {} tries again", error.message(), command));
    }
  }

 private:
  /// Whether statements of what failed stayed.
  bool left_half() {
    auto& target = context_.target();
    try {
      target.session().connection().execute("ROLLBACK");
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
    }
    bool exists = false;
    const auto rows = target.versions().read(target.session().connection(), &exists);
    return (had_versions_ && !exists) || std::any_of(rows.begin(), rows.end(), [](const VersionRow& row) { return row.state != RowState::applied; });
  }

  Context& context_;
  Planner planner_;
  fs::path folder_;
  fs::path file_;
  bool had_versions_ = false;
};

}  // namespace

void add_backup(Context& context, RunOptions& options, const Planner& planner) {
  const auto& arguments = context.arguments;
  auto folder = context.project().config().backup.folder;
  if (arguments.has("no-backup") && arguments.has("backup")) throw Error{ErrorKind::usage, "--backup and --no-backup are opposites"};
  if (arguments.has("backup")) folder = fs::absolute(arguments.get("backup")).lexically_normal();
  if (folder.empty() || arguments.has("no-backup")) return;
  auto work = std::make_shared<RunBackup>(context, planner, folder);
  options.before_first = [work](Session&) { work->make(); };
  options.when_failed = [work](Session&) { work->failed(); };
}

int run_backup(Context& context) {
  auto& target = context.target();
  const auto& folder = context.project().config().backup.folder;
  fs::path file = context.arguments.at(0, "");
  const bool own = file.empty();
  if (own) file = new_backup_name(target, folder.empty() ? fs::path(".") : folder);
  else if (folder_exists(file)) file = new_backup_name(target, file);
  print(context.output, make_backup(target, file, [&](const std::string& text) { tell(context.output, text); }));
  if (own && !folder.empty()) remove_old(context, folder);
  return 0;
}

int run_restore(Context& context) {
  const fs::path file = context.arguments.at(0);
  std::optional<Target> other;
  if (const auto to = context.arguments.get("to"); !to.empty()) other.emplace(context.project_or_none(), to);
  auto& target = other ? *other : context.target();
  check_backup(target, file);
  if (target.dialect().run().holds_anything(target.session().connection())) {
    context.confirm(fmt::format("Replace all that is in {} by {}?", target.url().display(), file.string()));
  }
  End end(target, false);
  const auto told = [&](const std::string& text) { tell(context.output, text); };
  const EndLock lock(end, told);
  restore_backup(target, file, told);
  if (context.output.json()) context.output.line(json_line({{"event", "restored"}, {"file", file.string()}}));
  else context.output.line("restored " + target.url().display() + " from " + file.string());
  return 0;
}

}  // namespace migrate::cli
