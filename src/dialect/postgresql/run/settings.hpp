/// What a session is set to, for a run and by units.
#pragma once

#include <string>
#include <vector>

#include "dialect/run.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::string session_setup(const RunTimeouts& timeouts);

/// RunFace::restore_session().
[[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection);

/// SQL that puts the schemas in front of the search path. What the role or the database has set stays behind them: extensions
/// live there.
[[nodiscard]] std::string use_schemas(const std::vector<std::string>& schemas);
/// The same for a session. Throws Error (usage) where a pooler would not keep it.
void enter_schemas(Connection& connection, const std::vector<std::string>& schemas);

/// The schema of the table that the name means in this session; "" when there is none.
[[nodiscard]] std::string schema_of(Connection& connection, const QualifiedName& table);

/// RunFace::code_may_change_session() and own_settings().
[[nodiscard]] bool code_may_change_session(Connection& connection);
[[nodiscard]] std::string own_settings(Connection& connection);

}  // namespace migrate::postgresql
