/// The page served on 127.0.0.1 to one person: a token in its address, one session, nothing for other hosts and origins. What speaks
/// HTTP is a module (cpp-httplib), so that no other command loads it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace migrate::review {

struct Request {
  std::string method;  ///< GET, POST
  std::string path;    ///< without the query
  std::map<std::string, std::string> headers;  ///< by lower-case name
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? "" : it->second;
  }
};

struct Reply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Who may come in: whoever knows the token, from this page, and after the first only the browser that came first.
class Gate {
 public:
  explicit Gate(std::string token) : token_(std::move(token)) {}

  /// The port is known once the server listens.
  void opens_at(int port) { port_ = port; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/" + token_ + "/"; }

  /// Why a request is refused; "" when it is not. `inside`: the path behind the token.
  [[nodiscard]] std::string refuse(const Request& request, std::string& inside) const;

  /// The session's cookie for a reply, where this request begins it; "" else.
  [[nodiscard]] std::string begin_session(const Request& request);

 private:
  [[nodiscard]] std::string cookie_name() const { return "migrate_" + std::to_string(port_); }
  [[nodiscard]] bool has_cookie(const Request& request) const;

  std::string token_;
  std::string session_;
  int port_ = 0;
};

/// What a served page does, by its path behind the token ("", "answers", ...).
using Answering = std::function<Reply(const Request& request, const std::string& path)>;

/// Serves until `ended` says true. `ready` hears the address. Throws Error: this build has no server, or the port is taken.
void serve(int port, const Answering& answer, const std::function<void(const std::string& url)>& ready, const std::function<bool()>& ended);

// ---- the module's side ----

struct HttpService {
  int port = 0;                             ///< 0: any that is free
  std::function<void(int port)> listening;
  std::function<Reply(const Request&)> answer;  ///< one request at a time
  std::function<bool()> ended;
};

}  // namespace migrate::review

/// Serves on 127.0.0.1; false: the port cannot be had.
extern "C" bool migrate_serve_http(const migrate::review::HttpService& service);
