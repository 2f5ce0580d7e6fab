"""Reads the review page as a browser would, with Python's own parser of HTML, and talks to a served one over plain HTTP."""
import base64
import hashlib
import http.client
import json
import os
import queue
import re
import subprocess
import threading
import unittest
import urllib.parse
from html.parser import HTMLParser

from support import PROGRAM

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Change:
    def __init__(self, attributes):
        self.id, self.action = attributes.get("id"), attributes.get("data-action")
        self.title, self.text, self.sql = "", "", []


class Page(HTMLParser):
    """`changes` and `units`, the texts of elements by id, and what a page must not have: `references` to anything outside, `handlers` in attributes."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.units, self.current = [], None
        self.html, self.changes, self.texts, self.scripts, self.styles = html, [], {}, [], []
        self.references, self.handlers, self.policy, self.elements = [], [], "", []
        self.stack = []
        self.feed(html)
        self.close()
        assert not self.stack, f"elements that are not closed: {self.stack}"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append(tag)
        if tag not in VOID:
            self.stack.append((tag, attributes))
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.handlers.append((tag, name, value))
            if name in ("src", "srcset", "data", "poster", "action", "formaction", "style") or (name == "href" and not (value or "").startswith("#") and value != "answers.yaml"):
                self.references.append((tag, name, value))
        if tag == "details" and "change" in attributes.get("class", "").split():
            self.current = Change(attributes)
            (self.units if "unit" in attributes["class"].split() else self.changes).append(self.current)
        if tag in ("script", "style"):
            (self.scripts if tag == "script" and attributes.get("type") != "application/json" else self.styles if tag == "style" else []).append("")
        if tag == "pre" and attributes.get("class") == "sql" and self.inside("details"):
            self.current.sql.append("")

    def handle_endtag(self, tag):
        assert self.stack and self.stack[-1][0] == tag, f"</{tag}> where {self.stack[-1:]} is open"
        self.stack.pop()

    def inside(self, tag):
        return any(name == tag for name, _ in self.stack)

    def handle_data(self, data):
        for tag, attributes in self.stack:
            if "id" in attributes:
                self.texts[attributes["id"]] = self.texts.get(attributes["id"], "") + data
        if not self.stack:
            return
        tag, attributes = self.stack[-1]
        if tag == "script" and attributes.get("type") != "application/json":
            self.scripts[-1] += data
        elif tag == "style":
            self.styles[-1] += data
        if self.inside("details") and self.current:
            change = self.current
            change.text += data
            if self.inside("summary") and tag == "code":
                change.title += data
            if tag == "pre" and attributes.get("class") == "sql":
                change.sql[-1] += data

    def shown(self):
        """All text that a person sees."""
        return self.texts.get("main", "")

    def check_sealed(self):
        """Nothing is fetched, nothing but the one script runs: by the policy, whose hashes are worked out here, and by what stands in the page."""
        digest = lambda text: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert len(self.scripts) == 1 and len(self.styles) == 1, (len(self.scripts), len(self.styles))
        rules = dict((part.split(" ", 1) + [""])[:2] for part in map(str.strip, self.policy.split(";")) if part)
        assert rules["default-src"] == "'none'", self.policy
        assert rules["script-src"] == f"'sha256-{digest(self.scripts[0])}'", self.policy
        assert rules["style-src"] == f"'sha256-{digest(self.styles[0])}'", self.policy
        assert rules["base-uri"] == rules["form-action"] == "'none'", self.policy
        assert set(rules) <= {"default-src", "script-src", "style-src", "base-uri", "form-action", "connect-src"}, self.policy
        assert not self.references and not self.handlers, (self.references, self.handlers)
        assert not re.search(r"@import|url\(", self.styles[0]), "the stylesheet asks for something"


class Served:
    """`migrate review --serve`, running."""

    def __init__(self, project, *arguments):
        self.process = subprocess.Popen([PROGRAM, "review", "--serve", "--no-input", *arguments], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        encoding="utf-8", env={**os.environ, "NO_COLOR": "1"})
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        try:
            self.url = lines.get(timeout=60).strip()
        except queue.Empty:
            self.url = ""
        if not self.url.startswith("http://127.0.0.1:"):
            self.process.kill()
            said = self.process.stderr.read()
            if "migrate-http.so is not here" in said:
                raise unittest.SkipTest("built without cpp-httplib: nothing is served")
            raise AssertionError(f"not served: {self.url!r} {said}")
        parts = urllib.parse.urlsplit(self.url)
        self.port, self.token, self.cookie = parts.port, parts.path.strip("/"), ""

    def ask(self, method="GET", path="", body=None, **headers):
        """Status, headers and text; as the page asks, unless `headers` say otherwise (None leaves one out)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        target = path if path.startswith("/") else f"/{self.token}/{path}"
        sent = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie, **({"Origin": f"http://127.0.0.1:{self.port}"} if method == "POST" else {})}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        data = None if body is None else json.dumps(body).encode()
        for name, value in sent.items():
            if value:
                connection.putheader(name, value)
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        text = answer.read().decode()
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, found, text

    def enter(self):
        status, headers, text = self.ask()
        assert status == 200, (status, text)
        self.cookie = headers["set-cookie"].split(";")[0]
        return text

    def post(self, path, body):
        status, _, text = self.ask("POST", path, body)
        return status, json.loads(text)

    def wait(self):
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()
