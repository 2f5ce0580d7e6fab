/// The face `run`: connections, sessions, locks, and what is known of a statement while units run.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"
#include "dialect/session_use.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"
#include "project/url.hpp"

namespace migrate {

/// The lock that lets one runner at a time work on a database.
class RunLock {
 public:
  virtual ~RunLock() = default;
  /// Tries once, without waiting. True when it is ours now.
  virtual bool try_acquire() = 0;
  /// Gives it back; nothing happens when it is not ours.
  virtual void release() noexcept = 0;
  /// Holds on to it in another session of ours too: while that one lives nobody else gets it, whatever becomes of the first. Throws
  /// DatabaseError (connection) when it is ours no longer.
  virtual void follow(Connection& other) { static_cast<void>(other); }
  /// Who holds it, for people: "deploy@10.0.0.7, process 4711, since 10:31:02"; "" when nobody does or it cannot be told.
  virtual std::string holder() = 0;
};

/// What a backup of a database is made with, and made anew from.
struct BackupPlace {
  std::filesystem::path file;   ///< the backup
  std::filesystem::path tools;  ///< the folder of the server's programs; empty: those of PATH
  std::function<void(const std::string&)> tell;  ///< what somebody should know
};

struct RunTimeouts {
  std::chrono::milliseconds lock{5000};     ///< how long a statement waits for a table lock; 0: as the server does
  std::chrono::milliseconds statement{0};   ///< how long a statement may run; 0: without limit
};

/// The effect of a statement on the catalog as it can be seen from outside.
struct Fingerprint {
  bool visible = false;  ///< false: the statement's effect cannot be seen in the catalog
  std::string value;     ///< digest of the catalog's description of all that the statement names
};

/// What proves that a statement took effect: the value of an SQL expression that only this statement changes. The
/// expression goes into the progress record itself, so that nothing has to be asked before.
struct Witness {
  std::string value;    ///< a scalar SQL expression, not NULL
  std::string after;    ///< its value once the statement has taken effect
  std::string object;   ///< the table or other object that it is about, comparable
  bool creates = false; ///< the statement makes `object`, at once
  bool anew = false;    ///< it creates, and fails when `object` is there
  std::string absent;   ///< the value while `object` is not there; "" where that does not follow
  bool drops = false;   ///< the statement removes `object`, at once
  std::string finish;   ///< SQL that completes a statement that took effect in part (DROP TABLE of several), or ""
};

/// What stands around a unit that runs in one transaction. The runner does: before; BEGIN; violations; statements;
/// violations (a new one fails the unit); COMMIT; after; restore. `restore` runs after a rollback too.
struct UnitFrame {
  std::vector<Statement> before;      ///< what only works outside a transaction and stands at the unit's beginning
  std::vector<Statement> statements;  ///< the rest, for inside
  std::vector<Statement> after;       ///< what only works outside a transaction and stands at the unit's end
  std::vector<std::string> restore;   ///< gives the session back as it was before the unit
  /// Lists what breaks the database's rules, one line for people each: called first in the transaction and again before
  /// COMMIT. A line that comes the second time and did not the first (counting repeats) fails the unit. Null: none.
  std::function<std::vector<std::string>(Connection&)> violations;
};

class RunFace {
 public:
  virtual ~RunFace() = default;

  /// The client library, for people: "3.40.1", "libpq 15.16, libpqxx 6.4.5". Throws Error (usage) when its driver is not installed.
  [[nodiscard]] virtual std::string client_version() const = 0;

  /// Opens a connection. Throws DatabaseError (connection, authentication) or Error (usage); no message shows a password.
  [[nodiscard]] virtual std::unique_ptr<Connection> connect(const DatabaseUrl& url) const = 0;

  /// Makes the URL one for a command that only looks: where connecting would make the database, it makes none.
  virtual void only_look(DatabaseUrl& url) const { static_cast<void>(url); }

  /// The file that the database of a URL is; "" where it is none.
  [[nodiscard]] virtual std::string file_of(const DatabaseUrl& url) const {
    static_cast<void>(url);
    return "";
  }

  /// The port of a server whose URL names none; 0 where there are no servers.
  [[nodiscard]] virtual int default_port() const { return 0; }

  /// SQL after which a session's commits are cheap: they survive a kill, and perhaps no power failure; "" where they are always durable.
  [[nodiscard]] virtual std::string cheap_commits_sql() const { return ""; }

  /// SQL that sets up a session for running units; "" for none. `statements` are the ones about to run.
  [[nodiscard]] virtual std::string session_setup(const RunTimeouts& timeouts) const = 0;

  /// SQL that keeps the connection itself from waiting for another's lock longer than that; "" where only the server waits.
  [[nodiscard]] virtual std::string limit_waiting(std::chrono::milliseconds wait) const {
    static_cast<void>(wait);
    return "";
  }

  /// SQL that makes unqualified names mean the first of `schemas` (and new objects go there), as long as it exists; "" where
  /// there are no schemas, or none are named.
  [[nodiscard]] virtual std::string use_schemas(const std::vector<std::string>& schemas) const {
    static_cast<void>(schemas);
    return "";
  }

  /// Makes a connection use them so. Throws Error (usage) where the server cannot keep that for our session.
  virtual void enter_schemas(Connection& connection, const std::vector<std::string>& schemas) const {
    if (const auto sql = use_schemas(schemas); !sql.empty()) static_cast<void>(connection.query(sql));
  }

  /// The schema (MySQL: the database) of the table that an unqualified name means now; "" where names need none.
  [[nodiscard]] virtual std::string schema_of(Connection& connection, const QualifiedName& table) const {
    static_cast<void>(connection);
    static_cast<void>(table);
    return "";
  }

  /// What session_setup does, for one transaction, where a pooler keeps no sessions; "" where that cannot be.
  [[nodiscard]] virtual std::string transaction_setup(const RunTimeouts& timeouts) const {
    static_cast<void>(timeouts);
    return "";
  }

  /// SQL that gives the session back what these statements change of it and a later unit does not expect: the search path, the
  /// database in use, checks that are off. The values are read from the session; without one (a script is written) they
  /// are those of a new session where the engine knows them. Empty when nothing is changed.
  [[nodiscard]] virtual std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) const {
    static_cast<void>(statements);
    static_cast<void>(connection);
    return {};
  }

  /// Whether another connection to the same URL reaches the same database (a database in memory is its connection's).
  [[nodiscard]] virtual bool can_reconnect(const DatabaseUrl& url) const {
    static_cast<void>(url);
    return true;
  }

  /// Whether statements that only change rows or the catalog may run code in the database that changes the session: a trigger, a
  /// function that sets something.
  [[nodiscard]] virtual bool code_may_change_session(Connection& connection) const {
    static_cast<void>(connection);
    return false;
  }

  /// SQL that, run in a transaction, gives what is ours back to a session until the transaction ends: the role and the time limits as they
  /// are now. In front of our records: a unit may have changed them. "" where that cannot be or need not.
  [[nodiscard]] virtual std::string own_settings(Connection& connection) const {
    static_cast<void>(connection);
    return "";
  }

  /// An SQL expression for a text that is SQL itself: run later in another session it puts the item back as it is now. "" where that
  /// cannot be. The name "*" of a setting stands for all that code may have set, of a generated number for that of any table.
  [[nodiscard]] virtual std::string keep_expression(const SessionItem& item) const {
    static_cast<void>(item);
    return "";
  }

  /// SQL that makes a session see at once what was committed anywhere, on servers that replicate; "".
  [[nodiscard]] virtual std::string see_all_commits_sql(const ServerInfo& server) const {
    static_cast<void>(server);
    return "";
  }

  /// SQL that a session on that server needs besides, or the transaction that it stands in (`local`): what a cluster wants to be told; "".
  [[nodiscard]] virtual std::string cluster_setup(const ServerInfo& server, bool local) const {
    static_cast<void>(server), static_cast<void>(local);
    return "";
  }

  /// Begins a transaction for a step; where a transaction locks the whole database it does so at once.
  [[nodiscard]] virtual std::string_view begin_sql() const { return "BEGIN"; }

  /// Divides a unit's statements into what runs inside its transaction and what has to stand around it. `connection` is
  /// null when a script is written: then nothing is asked. Throws Error (usage) with its location for a statement that
  /// would do nothing where it stands.
  [[nodiscard]] virtual UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection) const {
    static_cast<void>(connection);
    UnitFrame frame;
    frame.statements = std::move(statements);
    return frame;
  }

  /// The lock named by `key` on the server, held by `connection`'s session. Null where `single_writer` holds, and where the server's own locks keep nobody away.
  [[nodiscard]] virtual std::unique_ptr<RunLock> make_lock(Connection& connection, const ServerInfo& server,
                                                           const std::string& key) const = 0;

  /// A query whose one value is true when there is such a table, without an error where there is none; "" where trying to read it costs
  /// nothing. Only where it is not "" may others hold a leased row (runner/lease.hpp), and no lock of a session: through a pooler.
  [[nodiscard]] virtual std::string table_exists_sql(const QualifiedName& table) const {
    static_cast<void>(table);
    return "";
  }

  /// Table options that make the framework's own tables survive a crash and hold any text, whatever the server's defaults are.
  [[nodiscard]] virtual Options durable_table_options() const { return {}; }

  /// A value that changes when another connection changes the database, where that is cheap to know; else "".
  [[nodiscard]] virtual std::string change_counter(Connection& connection) const {
    static_cast<void>(connection);
    return "";
  }

  /// The schemas of the database, and the databases of the server, that are not the system's own; empty where there are none.
  [[nodiscard]] virtual std::vector<std::string> schema_names(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }
  [[nodiscard]] virtual std::vector<std::string> database_names(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }

  /// SQL that makes an empty database of that name which takes what the one of `like` takes: its character set and collation, and what is
  /// set for all its sessions. Where a database is a file it is for the new file's own connection, the first one.
  [[nodiscard]] virtual std::vector<std::string> create_database_sql(Connection& like, const std::string& name) const = 0;

  /// How many connections the server allows; 0: without limit, or it cannot be told.
  [[nodiscard]] virtual int max_connections(Connection& connection) const {
    static_cast<void>(connection);
    return 0;
  }

  /// Throws Error (usage) where records cannot be kept in that table; asked before anything is made.
  virtual void check_records_place(Connection& connection, const ServerInfo& server, const QualifiedName& table) const {
    static_cast<void>(connection), static_cast<void>(server), static_cast<void>(table);
  }

  /// What may be there although the statement failed, and what to do about it, for people: it runs on several machines. "" where a
  /// failed statement leaves nothing.
  [[nodiscard]] virtual std::string left_by_failed(const ServerInfo& server, const Statement& statement) const {
    static_cast<void>(server), static_cast<void>(statement);
    return "";
  }

  /// Carries out a statement of a unit the online way that `how` names, where the server has one, and waits until it is done on all of its
  /// machines; other statements run as they stand. `context` names the step in the server's list. Throws DatabaseError.
  virtual void run_online(Connection& connection, const ServerInfo& server, const std::string& statement, const std::string& how, const std::string& context) const {
    static_cast<void>(server), static_cast<void>(how), static_cast<void>(context);
    connection.execute(statement);
  }
  /// Waits until what an earlier run began under that context has ended.
  virtual void await_online(Connection& connection, const ServerInfo& server, const std::string& context) const {
    static_cast<void>(connection), static_cast<void>(server), static_cast<void>(context);
  }

  /// What has to be cleared away before a statement that failed half way can run again (an invalid index); SQL, or "".
  [[nodiscard]] virtual std::string cleanup_before(Connection& connection, const Statement& statement) const {
    static_cast<void>(connection), static_cast<void>(statement);
    return "";
  }

  /// What proves that the statement took effect, where that is known from its text and where the statement does not run
  /// in a transaction with its record.
  [[nodiscard]] virtual std::optional<Witness> witness(const Statement& statement) const {
    static_cast<void>(statement);
    return std::nullopt;
  }

  /// What the catalog says about all that the statement names, as a digest (one round trip).
  [[nodiscard]] virtual Fingerprint fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement) const = 0;

  /// Whether the rows that a data statement changes can be rolled back (false for a table without transactions).
  [[nodiscard]] virtual bool rolls_back(Connection& connection, const Statement& statement) const {
    static_cast<void>(connection), static_cast<void>(statement);
    return true;
  }

  /// What rolls_back() looks at: the answer for one statement is that of all with the same text, until a definition runs.
  [[nodiscard]] virtual std::string rolls_back_by(const Statement& statement) const {
    static_cast<void>(statement);
    return "";
  }

  /// The sessions that block ours or hold locks on what `statement` names, for people, one a line.
  [[nodiscard]] virtual std::vector<std::string> blockers(Connection& connection, const Statement& statement) const = 0;

  /// Takes away what made the server refuse a statement that is right, where that is a known fault of the server; false: not that.
  /// The statement can then be run again. Throws DatabaseError when it does not work.
  [[nodiscard]] virtual bool mend(Connection& connection, const Statement& statement, const DatabaseError& error) const {
    static_cast<void>(connection), static_cast<void>(statement), static_cast<void>(error);
    return false;
  }

  /// Whether the error says that a statement cannot run inside a transaction. It has done nothing then.
  [[nodiscard]] virtual bool refuses_transaction(const DatabaseError& error) const {
    static_cast<void>(error);
    return false;
  }

  /// A query whose one value is true when rows of the table may be hidden from our role; "" where that cannot be.
  [[nodiscard]] virtual std::string hides_rows_sql(const QualifiedName& table) const {
    static_cast<void>(table);
    return "";
  }

  /// Throws Error when no backup can be made, or restored, here: a program is missing or older than the server. Changes nothing.
  virtual void check_backup(Connection& connection, const ServerInfo& server, const BackupPlace& place) const = 0;
  /// Writes all that the database holds to the file, which is made. Throws Error; what was written then is not a backup.
  virtual void backup(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const = 0;
  /// Throws Error (usage) when the file is not a whole backup of such a database.
  virtual void check_backup_file(const DatabaseUrl& url, const BackupPlace& place) const = 0;
  /// Makes the database what the file says: what it does not have goes. The caller holds the lock of a run. Where that is not one
  /// transaction, doing it again ends right whatever became of it before.
  virtual void restore(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const = 0;
  /// How a file of it is called: "db", "dump", "sql".
  [[nodiscard]] virtual std::string backup_extension() const = 0;
  /// Whether there is anything in the database that a restore would take away.
  [[nodiscard]] virtual bool holds_anything(Connection& connection) const = 0;

  /// Whether the error means that a table has no column of that name.
  [[nodiscard]] virtual bool is_missing_column(const DatabaseError& error) const = 0;

  /// Why the server takes no writes now, as ServerInfo has it; asked of a connection that was made anew.
  [[nodiscard]] virtual std::string takes_no_writes(Connection& connection) const {
    static_cast<void>(connection);
    return "";
  }

  /// Whether the error means that the server, or the session, takes no writes now.
  [[nodiscard]] virtual bool is_read_only(const DatabaseError& error) const {
    static_cast<void>(error);
    return false;
  }

  /// Whether the error means that our role lacks a right.
  [[nodiscard]] virtual bool is_denied(const DatabaseError& error) const {
    static_cast<void>(error);
    return false;
  }

  /// Whether the error means that the table does not exist.
  [[nodiscard]] virtual bool is_missing_table(const DatabaseError& error) const = 0;
};

}  // namespace migrate
