#include "dialect/mysql/schema.hpp"
namespace migrate::mysql {
Fingerprint take_fingerprint(Connection&, const ServerInfo&, const Statement&) { return {}; }
}
