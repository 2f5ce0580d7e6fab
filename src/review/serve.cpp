#include "review/serve.hpp"

#include <dlfcn.h>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/module.hpp"
#include "migrate/error.hpp"

namespace migrate::review {
namespace {

/// In a time that does not depend on where they differ.
bool same(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

using Serve = decltype(&migrate_serve_http);

Serve find_server() {
  const auto file = find_module("migrate-http.so");
  void* module = file ? ::dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  auto* function = module == nullptr ? nullptr : ::dlsym(module, "migrate_serve_http");
  if (function != nullptr) return reinterpret_cast<Serve>(function);
  const char* why = file ? ::dlerror() : nullptr;
  throw Error{ErrorKind::failed, std::string("cannot serve: migrate-http.so is not here") + (why == nullptr ? "" : std::string(": ") + why),
              "`migrate review -o FILE.html` needs none; the server comes with builds that find libcpp-httplib-dev"};
}

/// What browsers are told with every reply.
void add_rules(Reply& reply) {
  reply.headers.insert(reply.headers.end(), {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"},
                                             {"Referrer-Policy", "no-referrer"}, {"Cross-Origin-Resource-Policy", "same-origin"}, {"Cross-Origin-Opener-Policy", "same-origin"}});
}

}  // namespace

bool Gate::has_cookie(const Request& request) const {
  for (const auto& part : split(request.header("cookie"), ';')) {
    const std::string cookie(trim(part));
    const auto equal = cookie.find('=');
    if (equal != std::string::npos && cookie.substr(0, equal) == cookie_name() && same(cookie.substr(equal + 1), session_)) return true;
  }
  return false;
}

std::string Gate::refuse(const Request& request, std::string& inside) const {
  const auto host = request.header("host");
  const auto here = [&](const std::string& name) { return name + ":" + std::to_string(port_); };
  if (host != here("127.0.0.1") && host != here("localhost")) return "another host was asked for";
  const auto origin = request.header("origin");
  const bool from_here = origin == "http://" + host;
  if ((!origin.empty() && !from_here) || (origin.empty() && request.method != "GET")) return "the request comes from another page";
  const auto site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return "the request comes from another page";
  const auto end = request.path.find('/', 1);
  if (request.path.empty() || end == std::string::npos || !same(request.path.substr(1, end - 1), token_)) return "the address has another token";
  if (!session_.empty() && !has_cookie(request)) return "the page is open in another browser: one session is served";
  inside = request.path.substr(end + 1);
  return "";
}

std::string Gate::begin_session(const Request& request) {
  if (!session_.empty() || request.method != "GET") return "";
  session_ = random_hex(16);
  return cookie_name() + "=" + session_ + "; Path=/; HttpOnly; SameSite=Strict";
}

void serve(int port, const Answering& answer, const std::function<void(const std::string& url)>& ready, const std::function<bool()>& ended) {
  const auto serve_http = find_server();
  Gate gate(random_hex(16));
  HttpService service;
  service.port = port;
  service.listening = [&](int at) {
    gate.opens_at(at);
    ready(gate.url());
  };
  service.answer = [&](const Request& request) {
    std::string inside;
    Reply reply;
    if (const auto why = gate.refuse(request, inside); !why.empty()) {
      reply = {.status = 403, .type = "text/plain; charset=utf-8", .body = why + "\n"};
    } else {
      const auto cookie = gate.begin_session(request);
      reply = answer(request, inside);
      if (!cookie.empty()) reply.headers.emplace_back("Set-Cookie", cookie);
    }
    add_rules(reply);
    return reply;
  };
  service.ended = ended;
  if (!serve_http(service)) throw Error{ErrorKind::failed, "cannot listen on 127.0.0.1" + (port == 0 ? std::string() : ":" + std::to_string(port)), "give another port with --port"};
}

}  // namespace migrate::review
