#include "dialect/mysql/schema.hpp"
namespace migrate::mysql {
std::vector<std::string> find_blockers(Connection&, const Statement&) { return {}; }
}
