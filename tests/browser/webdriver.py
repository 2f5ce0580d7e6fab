"""A small client of WebDriver, the protocol by which programs drive browsers (https://www.w3.org/TR/webdriver2/), over plain HTTP.

    with Browser() as page:
        page.open(url)
        page.click("#search")
        page.type("#search", "users")
        assert page.text("#shown") == "3 of 9 changes"

Chromium and its driver are Debian's packages chromium and chromium-driver (scripts/install-dependencies)."""
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "Escape": "\ue00c", "Up": "\ue013", "Down": "\ue015", "Shift": "\ue008", "Home": "\ue011", "End": "\ue010"}
SKIPPED = 77


def missing():
    """Why no browser can be driven here; "" when one can."""
    names = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return "" if not names else f"{' and '.join(names)} not installed (scripts/install-dependencies installs them)"


class WebDriverError(AssertionError):
    pass


class Browser:
    def __init__(self, width=1200, height=900, dark=False, log_requests=True):
        self.size, self.dark, self.log_requests = (width, height), dark, log_requests

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="migrate-browser-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.driver = subprocess.Popen([shutil.which("chromedriver"), f"--port={self.port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "HOME": self.folder.name})
        self.session = ""
        try:
            self.wait_for_driver()
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars",
                         "--disable-background-networking", "--disable-component-update", "--no-first-run", f"--user-data-dir={self.folder.name}/profile",
                         f"--window-size={self.size[0]},{self.size[1]}"]
            if self.dark:
                arguments.append("--force-dark-mode")
            options = {"args": arguments, "binary": shutil.which("chromium")}
            if self.log_requests:
                options["perfLoggingPrefs"] = {"enableNetwork": True}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
            self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}}, whole=True)["sessionId"]
            self.devtools("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1], deviceScaleFactor=1, mobile=False)
            self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self.call("DELETE", "")
        except (WebDriverError, OSError):
            pass
        self.driver.terminate()
        self.driver.wait(20)
        self.folder.cleanup()

    def wait_for_driver(self):
        end = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=5) as answer:
                    if json.load(answer)["value"]["ready"]:
                        return
            except OSError:
                pass
            if time.monotonic() > end:
                raise WebDriverError("chromedriver does not answer")
            time.sleep(0.05)

    def call(self, method, path, body=None, whole=False):
        prefix = f"/session/{self.session}" if self.session else ""
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{prefix}{path}", data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            said = json.loads(error.read().decode())["value"]
            raise WebDriverError(f"{method} {path}: {said.get('error')}: {said.get('message', '').splitlines()[0]}") from None

    # ---- pages ----
    def open(self, url):
        self.call("POST", "/url", {"url": str(url) if "://" in str(url) else pathlib.Path(url).resolve().as_uri()})

    def url(self):
        return self.call("GET", "/url")

    def title(self):
        return self.call("GET", "/title")

    def script(self, text, *arguments):
        """Runs the body of a function; it may `return` something that JSON can say."""
        return self.call("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height=900):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, file):
        pathlib.Path(file).write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def log(self):
        """What the console says since the last time: errors of scripts, and what the page's policy refused."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """Addresses that were asked for since the last time."""
        found = []
        for entry in self.call("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    # ---- elements ----
    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def count(self, selector):
        return len(self.call("POST", "/elements", {"using": "css selector", "value": selector}))

    def shown(self, selector):
        """How many that match are to be seen."""
        return self.script("return [...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility()).length", selector)

    def text(self, selector):
        return self.call("GET", f"/element/{self.find(selector)}/text")

    def value(self, selector):
        return self.script("return document.querySelector(arguments[0]).value", selector)

    def attribute(self, selector, name):
        return self.call("GET", f"/element/{self.find(selector)}/attribute/{name}")

    def click(self, selector):
        """By the mouse: the element has to be there and to be seen."""
        element = self.find(selector)
        self.script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", {ELEMENT: element})
        self.call("POST", f"/element/{element}/click", {})

    def clear(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/clear", {})

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def choose(self, selector, label):
        """Takes one of the options of a <select>."""
        self.script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", {ELEMENT: self.find(selector)})
        for option in self.call("POST", "/elements", {"using": "css selector", "value": selector + " option"}):
            if self.call("GET", f"/element/{option[ELEMENT]}/text").strip() == label:
                self.call("POST", f"/element/{option[ELEMENT]}/click", {})
                return
        raise WebDriverError(f"{selector} has no option {label!r}")

    def press(self, *keys):
        """Keys of the keyboard, one after the other, wherever the focus is; "Shift+Tab" holds the first."""
        actions = []
        for key in keys:
            held = key.split("+")
            names = [KEYS.get(name, name) for name in held]
            actions += [{"type": "keyDown", "value": name} for name in names] + [{"type": "keyUp", "value": name} for name in reversed(names)]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def drag(self, selector, x, y):
        element = self.find(selector)
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [
            {"type": "pointerMove", "origin": {ELEMENT: element}, "x": 0, "y": 0}, {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "origin": "pointer", "x": x, "y": y, "duration": 50}, {"type": "pointerUp", "button": 0}]}]})

    def wait(self, condition, seconds=30, what="the page"):
        """Until a script (the body of a function) says something true, which is returned."""
        end = time.monotonic() + seconds
        while True:
            said = self.script(condition)
            if said:
                return said
            if time.monotonic() > end:
                raise WebDriverError(f"waited {seconds} s for {what}: {condition}")
            time.sleep(0.03)
