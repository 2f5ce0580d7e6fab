/// What stands behind the '?' of a MySQL or MariaDB URL.
#pragma once

#include <string>

#include "project/url.hpp"

namespace migrate::mysql {

/// How far TLS has to go, weakest first.
enum class Tls {
  disabled,
  preferred,       ///< encrypted where the server can
  required,        ///< encrypted
  verify_ca,       ///< and by a server whose certificate a known authority signed
  verify_identity  ///< and that has the name it was called by
};

struct Parameters {
  Tls tls = Tls::preferred;  ///< a named authority asks for verify_ca
  std::string ca, capath, cert, key, cipher;
  std::string socket;
  int connect_timeout = 10;     ///< seconds, for each host
  bool must_write = false;      ///< a server that takes no writes is passed over

  [[nodiscard]] static Parameters of(const DatabaseUrl& url);
};

/// The value of ssl-mode that asks for it.
[[nodiscard]] std::string name_of(Tls tls);

}  // namespace migrate::mysql
