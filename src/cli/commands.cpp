#include "cli/context.hpp"

namespace migrate::cli {
namespace {

const OptionSpec message{"message,m", "TEXT", "what the revision does"};
const OptionSpec yes{"yes,y", "", "do not ask"};

std::vector<OptionSpec> with_renames(std::vector<OptionSpec> options) {
  options.insert(options.end(), {
      {"rename", "OLD:NEW", "this is a rename (TABLE.OLD:NEW for a column); may be given several times", true},
      {"no-rename", "OLD", "this is dropped, not renamed (TABLE.OLD for a column)", true},
      {"rename-policy", "POLICY", "what to do when unsure: ask, auto, never or review", false, "ask auto never review"},
      {"answers", "FILE", "answers as YAML: renames, dropped, kept, aside, values, fill (docs/review.md)"},
  });
  return options;
}

std::vector<CommandSpec> build() {
  const std::vector<OptionSpec> new_unit{
      message,
      {"format", "FORMAT", "sql or cpp", false, "sql cpp"},
      {"label", "LABEL", "a label of the branch that starts here", true},
      {"depends-on", "R", "a revision of another branch that must be applied before", true},
      {"id", "ID", "an id in place of a new one"}};
  auto revision_options = with_renames({{"autogenerate,a", "", "compare the model with the database and write what leads from one to the other"},
                                        {"head", "R", "the revision to follow; base starts a new line"},
                                        {"splice", "", "allow --head to be a revision that is not a head"},
                                        {"rebase", "", "put a line of revisions that is not applied on top of the other head"},
                                        {"onto", "R", "with --rebase: the revision that stays below (else the line that began earlier stays)"}});
  revision_options.push_back({"repeatable", "", "a unit that runs again, behind the others, whenever it is edited: views, routines"});
  revision_options.insert(revision_options.begin(), new_unit.begin(), new_unit.end());
  const std::vector<OptionSpec> run_options{
      {"dry-run", "", "print the plan with its statements, run nothing"},
      {"sql", "[A:B]", "write an SQL script, from A to B, or from where the database is"},
      yes};
  auto runs = run_options;
  runs.push_back({"backup", "FOLDER", "make a backup there first, and restore it when the run fails where the engine cannot go back"});
  runs.push_back({"no-backup", "", "make none, whatever migrate.yaml says"});
  runs.push_back({"no-restore", "", "leave the database as a failure leaves it"});
  auto upgrade_options = runs;
  upgrade_options.push_back({"to-plan", "FILE", "write what would run to a file for review, run nothing"});
  upgrade_options.push_back({"plan", "FILE", "run what --to-plan wrote, byte for byte"});
  upgrade_options.push_back({"keep", "[TIME]", "keep what statements take away, for so long (30d); or strict, forever, no"});
  upgrade_options.push_back({"check-drift", "", "refuse when somebody changed the schema by hand since the last run"});
  upgrade_options.push_back({"allow-out-of-order", "", "apply revisions that came in below applied ones"});
  return {
      {"init", "init [DIR] --database URL", "start a project",
       "Writes migrate.yaml, model.yaml and migrations/. When the database has tables, the model is read from it, and a baseline\n"
       "revision that makes them is written and stamped.",
       "  migrate init --database sqlite:///app.db\n  migrate init service --database postgresql://me@localhost/service\n"
       "  migrate init --database sqlite:///app.db --template environments --template github",
       {{"template", "NAME", "single (as without), environments, sql-only, github or gitlab; may be given several times", true, "single environments sql-only github gitlab"}}, 0, 1, run_init},
      {"revision", "revision -m MESSAGE [--autogenerate]", "write a new unit",
       "Without --autogenerate the unit is a skeleton. With it, the model is compared with the database, which must be at head;\n"
       "when they agree nothing is written.",
       "  migrate revision -m \"add users\" --autogenerate\n  migrate revision -m \"fill prices\"\n"
       "  migrate revision -a -m \"rename\" --rename users.email:mail", revision_options, 0, 0, run_revision},
      {"upgrade", "upgrade [R]", "apply revisions up to R (head)",
       "Applies R and all that it needs. R may be a revision, head, heads, LABEL@head, or +N.",
       "  migrate upgrade\n  migrate upgrade +1\n  migrate upgrade 7 --dry-run\n  migrate upgrade head --sql > deploy.sql\n  migrate upgrade --sql 5:head > deploy.sql",
       upgrade_options, 0, 1, run_upgrade},
      {"downgrade", "downgrade R", "revert revisions down to R",
       "Reverts every applied revision that needs R; R stays. -N reverts the last N, base reverts all.",
       "  migrate downgrade -1\n  migrate downgrade 7\n  migrate downgrade base", runs, 1, 1, run_downgrade},
      {"kept", "kept [R]", "what upgrades have kept for the way back",
       "Each line: revision, object, what it is, rows, bytes, until when. docs/keep.md tells what is kept, and what a downgrade does with it.",
       "  migrate kept\n  migrate kept 7 --json", {}, 0, 1, run_kept, true},
      {"purge", "purge [R]", "let go of what is kept",
       "All that is kept, or what the revision R has taken away. A downgrade cannot put it back any more.",
       "  migrate purge --older-than 30d\n  migrate purge 7 --yes",
       {{"older-than", "TIME", "only what was kept longer ago"}, {"dry-run", "", "say what would go"}, yes}, 0, 1, run_purge},
      {"current", "current", "what is applied", "", "  migrate current\n  migrate current --json", {}, 0, 0, run_current, true},
      {"history", "history [A:B]", "the revisions, newest first", "", "  migrate history\n  migrate history base:current", {}, 0, 1, run_history, true},
      {"heads", "heads", "the revisions that nothing follows", "", "  migrate heads", {}, 0, 0, run_heads, true},
      {"branches", "branches", "where the graph branches", "", "  migrate branches", {}, 0, 0, run_branches, true},
      {"show", "show [R]", "one revision, whole", "", "  migrate show head\n  migrate show 7", {}, 0, 1, run_show, true},
      {"log", "log", "who ran what, when, and how it ended", "", "  migrate log --limit 10", {{"limit", "N", "how many entries (50)"}}, 0, 0, run_log, true},
      {"graph", "graph", "the graph as a picture", "", "  migrate graph\n  migrate graph --format svg > graph.svg\n  migrate graph --format html > graph.html",
       {{"format", "FORMAT", "text, dot, mermaid, svg, or html: a page with the schema too", false, "text dot mermaid svg html"}}, 0, 0, run_graph, true},
      {"merge", "merge R R... [-m MESSAGE]", "join branches by a revision", "", "  migrate merge heads -m \"join billing\"", new_unit, 0, 99, run_merge},
      {"squash", "squash A:B [-m MESSAGE]", "one unit for a range of revisions",
       "A new database runs it in place of the revisions; one that has some of them goes on the old way. When every database has them\nall, their files may go.",
       "  migrate squash base:0040 -m \"everything until June\"", {message, {"id", "ID", "an id in place of a new one"}}, 1, 1, run_squash},
      {"stamp", "stamp R...", "set what counts as applied, running nothing",
       "After it, R and all that it needs count as applied and what needs R does not. --purge: nothing else does.",
       "  migrate stamp head\n  migrate stamp base", {{"purge", "", "first forget everything"}}, 1, 99, run_stamp},
      {"edit", "edit [R]", "open a unit in $EDITOR", "", "  migrate edit head", {}, 0, 1, run_edit},
      {"check", "check", "do the model, the revisions and the database agree?", "Exit code 3 when they do not.", "  migrate check\n  migrate check --report check.html", {{"report", "FILE", "write it as a page too"}}, 0, 0, run_check, true},
      {"diff", "diff [A] [B]", "what leads from A to B",
       "A and B are database URLs, model files, `model` or `database`; without them, from the database to the model.",
       "  migrate diff\n  migrate diff database model --format sql\n  migrate diff sqlite:///a.db sqlite:///b.db",
       with_renames({{"format", "FORMAT", "text, sql or json", false, "text sql json"}}), 0, 2, run_diff},
      {"inspect", "inspect", "the live schema as a model file", "", "  migrate inspect -o model.yaml", {{"output,o", "FILE", "where to write it"}, {"grants", "", "with owners, privileges, and the accounts that views and programs run as"}}, 0, 0, run_inspect},
      {"copy", "copy FROM TO", "make TO a copy of FROM: schema, rows and objects, between any two engines",
       "FROM and TO are database URLs, or @NAME for the database of an environment in migrate.yaml. FROM is only read, at one moment.\n"
       "TO must be empty, unless --replace. After a kill the same command goes on. Exit code 3 when something did not arrive.\n"
       "KIND: tables, rows, indexes, keys, checks, views, routines, triggers, sequences, comments.",
       "  migrate copy sqlite:///app.db postgresql://me@localhost/app\n  migrate copy @prod sqlite:///dev.db --tables 'user*,orders'\n"
       "  migrate copy @prod @staging --replace --report copy.html",
       {{"tables", "GLOB,...", "only these tables"}, {"only", "KIND,...", "only these kinds of things"}, {"without", "KIND,...", "all but these kinds of things"},
        {"subset", "'TABLE [where COND] [limit N]'", "these rows, and every row that they refer to; may be given several times", true},
        {"rows", "N", "so many rows of each table, and every row that they refer to"}, {"children", "TABLE,...", "with these rows that refer to chosen ones"},
        {"mask", "", "fail where there are no masks; those of migrate.yaml hold without it too"}, {"no-mask", "", "values as they are, whatever masks migrate.yaml names"},
        {"on-error", "stop|report", "stop at the first row that does not fit (stop), or go on and list them"}, {"jobs", "N", "sessions that move rows side by side (4)"},
        {"verify", "full|counts|none", "compare checksums of all values behind the copy (full), the numbers of rows, or nothing"},
        {"replace", "", "drop what TO has first"}, yes, {"dry-run", "", "say what would be copied, and what would be lost or left out"},
        {"report", "FILE", "write a report: .html or .json"}}, 2, 2, run_copy},
      {"sync", "sync FROM TO", "make TO, which is there already, the same as FROM; or compare two databases",
       "The schema by what leads from one to the other, the rows by their keys: only what differs travels. FROM is only read.\n"
       "--dry-run tells what differs, rows counted as only here, only there and different; exit code 3 when anything does.",
       "  migrate sync @prod @staging --dry-run\n  migrate sync mariadb://me@localhost/shop postgresql://me@localhost/shop --yes",
       with_renames({{"tables", "GLOB,...", "only these tables"}, {"only", "KIND,...", "only these kinds of things"}, {"without", "KIND,...", "all but these kinds of things"},
        {"no-delete", "", "keep rows that only TO has"}, {"no-mask", "", "values as they are, although migrate.yaml declares masks"}, {"on-error", "stop|report", "stop at the first row that does not fit (stop), or go on and list them"}, yes,
        {"dry-run", "", "say what differs, change nothing"}}), 2, 2, run_sync},
      {"rehearse", "rehearse [R]", "try an upgrade on a copy of the database",
       "Copies the database beside itself, runs the upgrade there, compares the result with the model, reverts it, compares rows and schema with\n"
       "what was before, and runs it again. The database itself is only read. Exit code 3 for a hazard, 1 when the upgrade fails on the copy.",
       "  migrate rehearse\n  migrate rehearse 7 --report rehearsal.html\n  migrate rehearse --rows 1000 --on postgresql://me@scratch/postgres\n  migrate rehearse --clean",
       {{"on", "URL", "make the copy beside the database of URL (or @NAME), of the same engine"},
        {"subset", "'TABLE [where COND] [limit N]'", "these rows, and every row that they refer to; may be given several times", true},
        {"rows", "N", "so many rows of each table, and every row that they refer to"}, {"mask", "", "fail where there are no masks; a subset is masked wherever migrate.yaml has some"},
        {"no-mask", "", "values as they are, whatever masks migrate.yaml names"}, {"no-down", "", "do not try the downgrade"}, {"keep-copy", "", "leave the copy"},
        {"clean", "", "drop the copies that rehearsals which were killed have left"}, {"report", "FILE", "write a report: .html or .json"}}, 0, 1, run_rehearse},
      {"backup", "backup [FILE]", "write the whole database to one file, with a checksum beside it",
       "By SQLite's backup API, or by the server's own program: pg_dump, mariadb-dump, mysqldump. FILE may be a folder; without one the file goes to\n"
       "the folder of `backup:` in migrate.yaml, or here.",
       "  migrate backup\n  migrate backup before-release.dump --database @prod", {}, 0, 1, run_backup},
      {"restore", "restore FILE", "make the database what a backup says",
       "The checksum is looked at first. Whatever the database has and the backup does not goes. After a kill the same command ends right.",
       "  migrate restore app.db-20261128T065748Z-3fa2.db\n  migrate restore before-release.dump --to postgresql://me@localhost/copy",
       {{"to", "URL", "another database than the project's: a URL or @NAME"}, yes}, 1, 1, run_restore},
      {"apply", "apply", "make the database what the model says, without files",
       "For databases without revisions: shows what leads from the database to the model, asks, and runs it as an upgrade runs. Exit code 3 when\n"
       "values would be lost, which --allow-drop lets go, and 5 for a question that --rename, --no-rename or --answers answers.",
       "  migrate apply --dry-run\n  migrate apply --yes\n  migrate apply --undo",
       with_renames({{"dry-run", "", "show the changes and their statements, run nothing"}, {"undo", "", "take back what the last one made"},
        {"allow-drop", "", "values may be lost: tables, columns, narrower types"}, yes}), 0, 0, run_apply},
      {"drift", "drift", "has anybody changed the schema since the last run?",
       "Compares the live schema with what the last upgrade, downgrade or stamp left. Exit code 3 when they differ. --accept takes the\n"
       "schema as it is now for the known one.",
       "  migrate drift\n  migrate drift --json\n  migrate drift --accept", {{"accept", "", "what is there now is right"}, {"report", "FILE", "write it as a page too"}}, 0, 0, run_drift},
      {"lint", "lint [R|A:B|FILE...]", "what will a unit lock, rewrite, lose or break?",
       "Looks at all pending units, or at those named. With a database at hand it knows the server's version and the sizes of tables.\n"
       "Exit code 3 for findings. `-- lint: allow ID because REASON` above a statement silences one.",
       "  migrate lint\n  migrate lint 7:head --format sarif\n  migrate lint migrations/0007_orders.sql --fix\n  migrate lint --rules",
       {{"fix", "", "write the fixes into the units"},
        {"format", "FORMAT", "text, json, sarif or github", false, "text json sarif github"},
        {"offline", "", "do not connect to the database"},
        {"new-since", "REF", "only units that git's REF does not have (a branch, a tag, a commit); does not connect"},
        {"rules", "", "list the rules"}}, 0, 1000, run_lint, true},
      {"verify", "verify", "are the units what they were, and the graph sound?",
       "Compares the units with migrate.sum and, unless --offline, with the database. Exit code 3 for findings.",
       "  migrate verify --offline", {{"offline", "", "files only"}, {"update", "", "write migrate.sum anew"}}, 0, 0, run_verify, true},
      {"repair", "repair --accept R", "take an edited unit as it is now", "", "  migrate repair --accept 7",
       {{"accept", "R", "the edited revision", true}}, 0, 0, run_repair},
      {"resume", "resume --applied|--not-applied", "settle a statement in doubt",
       "After a run was cut off in the middle of a statement whose effect cannot be seen, say whether it took effect.",
       "  migrate resume --not-applied", {{"applied", "", "it took effect"}, {"not-applied", "", "it did not"}}, 0, 0, run_resume},
      {"build", "build", "compile the C++ units ahead",
       "Compiles the units that are not in the cache yet, several at a time, so that a release needs no compiler: ship the cache with it.",
       "  migrate build", {}, 0, 0, run_build},
      {"bundle", "bundle -o FILE", "make one executable with the units inside",
       "The file holds this program, the libraries that it needs, migrate.yaml, the units and the compiled C++ units: a release runs it\n"
       "with neither a compiler nor a checkout. It takes the same commands.",
       "  migrate bundle -o shop-migrate\n  ./shop-migrate upgrade --database postgresql://app@db/shop", {{"output,o", "FILE", "where to write it"}, {"no-project", "", "this program and its libraries alone, for a system that has none of them"}}, 0, 0, run_bundle},
      {"fleet", "fleet COMMAND [R]", "many databases, wave by wave",
       "COMMAND is list, upgrade [R], downgrade R, check, drift, status, retry or watch. The section `fleet:` of migrate.yaml says where the\n"
       "databases come from and in which waves they are done; the journal tells where each stands (docs/fleets.md).",
       "  migrate fleet list\n  migrate fleet upgrade\n  migrate fleet upgrade 7 --match canary --parallel 4\n  migrate fleet status\n  migrate fleet retry",
       {{"match", "TAG|GLOB", "only targets with that tag, or of such a name; may be given several times", true},
        {"parallel", "N", "how many targets at a time, in place of what the waves say"},
        {"dry-run", "", "say what would run on each target, run nothing"},
        {"report", "FILE", "write a report: FILE.html or FILE.json"},
        {"interval", "TIME", "with watch: how often to look (30s)"},
        {"pull", "COMMAND", "with watch: run this first, each time"},
        yes}, 1, 2, run_fleet},
      {"review", "review [R|A:B] [-o FILE]", "what will change, as a page to read, or to answer",
       "Without an argument: what is pending, or when nothing is, what leads from the database to the model. The page needs no network.\n"
       "--serve: questions are answered on the page, which writes the unit, the answers and a plan.",
       "  migrate review\n  migrate review -o release.html\n  migrate review 7:head\n  migrate review --plan release.json\n  migrate review --serve\n  migrate review --rename users.email:mail",
       with_renames({{"output,o", "FILE", "where to write it (review.html)"},
                     {"plan", "FILE", "the plan that `upgrade --to-plan` wrote"},
                     {"rehearsal", "FILE", "show what a rehearsal measured: what `rehearse --report FILE.json` wrote"},
                     {"samples", "", "show a few values of rows beside the questions, masked as migrate.yaml says"},
                     {"serve", "", "serve the page on 127.0.0.1 and take answers there"},
                     {"port", "N", "with --serve: the port (any that is free)"}}), 0, 1, run_review, true},
      {"completion", "completion bash|zsh|fish", "what a shell needs to complete commands, options and revisions", "",
       "  eval \"$(migrate completion bash)\"\n  migrate completion fish | source", {}, 1, 1, run_completion},
  };
}

}  // namespace

const std::vector<CommandSpec>& commands() {
  static const std::vector<CommandSpec> all = build();
  return all;
}

}  // namespace migrate::cli
