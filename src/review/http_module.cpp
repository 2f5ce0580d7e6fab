// Compiled into migrate-http.so only, where cpp-httplib is there.
#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <mutex>
#include <thread>

#include "review/serve.hpp"

namespace {

using migrate::review::HttpService;
using migrate::review::Request;

Request to_request(const httplib::Request& from) {
  Request request{.method = from.method, .path = from.path, .headers = {}, .body = from.body};
  for (const auto& [name, value] : from.headers) {
    auto key = name;
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers[key] = value;
  }
  return request;
}

}  // namespace

extern "C" bool migrate_serve_http(const HttpService& service) {
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(4); };  // browsers open connections that they do not use yet
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(5);
  server.set_payload_max_length(8 << 20);
  std::mutex one_at_a_time;
  const auto handle = [&](const httplib::Request& from, httplib::Response& to) {
    const std::lock_guard lock(one_at_a_time);
    const auto reply = service.answer(to_request(from));
    to.status = reply.status;
    to.set_content(reply.body, reply.type.c_str());
    for (const auto& [name, value] : reply.headers) to.set_header(name.c_str(), value.c_str());
  };
  server.Get(".*", handle);
  server.Post(".*", handle);
  const int port = service.port == 0 ? server.bind_to_any_port("127.0.0.1") : (server.bind_to_port("127.0.0.1", service.port) ? service.port : -1);
  if (port <= 0) return false;
  service.listening(port);
  std::thread watch([&] {
    while (!service.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    server.stop();
  });
  server.listen_after_bind();
  watch.join();
  return true;
}
