"""A Chromium without a window, spoken to through its debugging pipe: no package and no port is needed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--force-color-profile=srgb",
         "--disable-background-networking", "--disable-component-update", "--disable-background-timer-throttling", "--remote-debugging-pipe")


def program():
    """The path of a browser, or None."""
    return next((found for found in map(shutil.which, PROGRAMS) if found), None)


class Browser:
    """One browser with one page. Use as a context."""

    def __init__(self, width=1280, height=860, dark=False, reduced_motion=False, flags=()):
        self.profile = tempfile.mkdtemp(prefix="coterie-browser-")
        self.downloads = os.path.join(self.profile, "downloads")
        os.mkdir(self.downloads)
        commands, self.to = os.pipe()
        self.come_from, answers = os.pipe()

        def place_pipes():  # Chromium reads commands from 3 and answers on 4
            first, second = os.dup(commands), os.dup(answers)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.log = open(os.path.join(self.profile, "log"), "wb")
        # Beyond 4, so that neither end is in the way of the other.
        self.process = subprocess.Popen([program(), *FLAGS, *flags, f"--user-data-dir={self.profile}", "about:blank"], pass_fds=(3, 4, commands, answers),
                                        preexec_fn=place_pipes, stdout=self.log, stderr=self.log)
        os.close(commands)
        os.close(answers)
        self.number, self.buffer, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.downloads)
        self.resize(width, height)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                    {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (OSError, EOFError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        os.close(self.to)
        os.close(self.come_from)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _receive(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.come_from, 1 << 20)
            if not piece:
                raise EOFError("the browser has ended: " + self._last_words())
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def _last_words(self):
        with open(os.path.join(self.profile, "log"), "rb") as file:
            return file.read()[-2000:].decode(errors="replace")

    def call(self, method, **parameters):
        """One command of the protocol; its result. Events that come meanwhile are kept in self.events."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def resize(self, width, height, ratio=1, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=ratio, mobile=mobile)

    def open(self, address):
        self.call("Page.navigate", url=address)

    def js(self, expression):
        """The value of an expression in the page; promises are waited for."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(f"{expression}: {details.get('exception', {}).get('description', details['text'])}")
        return result["result"].get("value")

    def wait(self, expression, seconds=60):
        """Until the expression is true."""
        until = time.monotonic() + seconds
        while True:
            try:
                value = self.js(expression)
            except RuntimeError as error:  # the page may just be changing
                value = None
                last = error
            else:
                last = value
            if value:
                return value
            if time.monotonic() > until:
                raise AssertionError(f"never true: {expression} (last {last!r})")
            time.sleep(0.03)

    def key(self, key, modifiers=0):
        """modifiers: 1 Alt, 2 Control, 4 Meta, 8 Shift."""
        codes = {"Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9}
        code = codes.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 and not modifiers & 6 else "")
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, modifiers=modifiers, text=text if kind == "keyDown" else "")

    def type(self, text):
        self.call("Input.insertText", text=text)

    def mouse(self, kind, x, y, modifiers=0, **more):
        """kind: Pressed, Released, Moved, Wheel."""
        button = "left" if kind in ("Pressed", "Released") or more.pop("held", False) else "none"
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button=button, buttons=1 if button == "left" and kind != "Released" else 0,
                  clickCount=1 if kind in ("Pressed", "Released") else 0, modifiers=modifiers, **more)

    def drag(self, places, modifiers=0):
        self.mouse("Moved", *places[0])
        self.mouse("Pressed", *places[0], modifiers)
        for place in places[1:]:
            self.mouse("Moved", *place, modifiers, held=True)
        self.mouse("Released", *places[-1], modifiers)

    def click(self, selector):
        """As a person does: in the middle of the element."""
        self.js(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        x, y = self.js(f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()")
        self.mouse("Moved", x, y)
        self.mouse("Pressed", x, y)
        self.mouse("Released", x, y)

    def choose_file(self, selector, path):
        node = self.call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[path], objectId=node)

    def downloaded(self, name, seconds=20):
        """The text of a downloaded file, which is then removed."""
        path, until = os.path.join(self.downloads, name), time.monotonic() + seconds
        while not os.path.exists(path):
            if time.monotonic() > until:
                raise AssertionError(f"{name} was not downloaded; there are {os.listdir(self.downloads)}")
            time.sleep(0.05)
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        os.remove(path)
        return text

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def faults(self):
        """What the page complained of: exceptions, refused requests, errors of the console."""
        found = []
        for event in self.events:
            detail = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                found.append(detail["exceptionDetails"].get("exception", {}).get("description", str(detail)))
            if event["method"] == "Log.entryAdded" and detail["entry"]["level"] == "error":
                found.append(detail["entry"]["text"] + " " + detail["entry"].get("url", ""))
            if event["method"] == "Runtime.consoleAPICalled" and detail["type"] in ("error", "warning"):
                found.append(str([each.get("value", each.get("description")) for each in detail["args"]]))
        return found

    def requests(self):
        """Every address that the page asked for."""
        return [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
