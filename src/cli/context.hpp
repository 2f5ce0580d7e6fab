/// What a command gets: its arguments, the project, the place for its output.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "dialect/lint.hpp"
#include "library/target.hpp"

namespace migrate::cli {

class Context {
 public:
  /// `looks`: the command changes nothing in the database.
  Context(Arguments arguments, Output output, bool looks) : arguments(std::move(arguments)), output(std::move(output)), looks_(looks) {}

  /// One database of a project that has many.
  Context(Arguments arguments, Output output, bool looks, Project& project, const DatabaseUrl& url, const std::string& schema)
      : arguments(std::move(arguments)), output(std::move(output)), shared_(&project), looks_(looks) {
    target_.emplace(project, url, schema);
    if (looks_) target_->only_look();
  }

  /// The project of -c, -e and --database. Throws Error (usage) when there is no migrate.yaml and no --database.
  Project& project();
  /// The same for a command that names its databases itself: without a migrate.yaml it is an empty one.
  Project& project_or_none();
  /// Its database: that of --database, or of the settings.
  Target& target();
  /// Whether there is one.
  [[nodiscard]] bool has_project() const;

  /// Whether somebody sits at a terminal and may be asked.
  [[nodiscard]] bool may_ask() const;
  /// The value of an option that is a time.
  [[nodiscard]] std::chrono::milliseconds time_of(const std::string& option) const;
  /// Asks a question with a yes or no; `--yes` answers it. Throws Error (usage) when nobody can be asked.
  void confirm(const std::string& question);

  const Arguments arguments;
  const Output output;

 private:
  void tell_encryption(Session& session);

  Project* shared_ = nullptr;  ///< of many targets
  std::optional<Project> project_;
  std::optional<Target> target_;
  bool looks_;
};

/// All commands, in the order of the help.
[[nodiscard]] const std::vector<CommandSpec>& commands();

/// The exit codes and what they mean.
[[nodiscard]] const std::vector<std::pair<int, std::string>>& exit_codes();
/// The manual page, in roff.
[[nodiscard]] std::string manual_page();

/// --rename, --no-rename, --rename-policy, and what --answers says of renames.
[[nodiscard]] RenameOptions rename_options(Context& context);

/// Says what is odd in the model, each with its place.
void print_remarks(const Output& output, const std::vector<ModelRemark>& remarks);

/// Says what the database has and a model of it lacks.
void note_left_alone(const Output& output, Session& session);

/// What lint finds in the upgrade section of a unit that autogenerate writes on `live`; lines count from 0 in `upgrade`.
[[nodiscard]] std::vector<lint::Finding> upgrade_findings(Context& context, const Schema& live, const std::string& upgrade);
/// The section with the findings above its statements.
[[nodiscard]] std::string annotated(const std::string& upgrade, const std::vector<lint::Finding>& findings);

// One file a command, or a few that belong together.
int run_init(Context& context);
int run_revision(Context& context);
int run_rebase(Context& context);
int run_merge(Context& context);
int run_squash(Context& context);
int run_edit(Context& context);
int run_upgrade(Context& context);
int run_downgrade(Context& context);
int run_kept(Context& context);
int run_purge(Context& context);
int run_current(Context& context);
int run_history(Context& context);
int run_heads(Context& context);
int run_branches(Context& context);
int run_show(Context& context);
int run_log(Context& context);
int run_stamp(Context& context);
int run_graph(Context& context);
int run_check(Context& context);
int run_diff(Context& context);
int run_inspect(Context& context);
int run_drift(Context& context);
int run_lint(Context& context);
int run_verify(Context& context);
int run_repair(Context& context);
int run_resume(Context& context);
int run_completion(Context& context);
int run_build(Context& context);
int run_bundle(Context& context);
int run_fleet(Context& context);
int run_copy(Context& context);
int run_review(Context& context);
int run_sync(Context& context);
int run_apply(Context& context);
int run_rehearse(Context& context);
int run_backup(Context& context);
int run_restore(Context& context);

}  // namespace migrate::cli
