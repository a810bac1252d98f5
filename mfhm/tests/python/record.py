"""Records how the real Python centers answer, as fixtures for the Rust tests.

Run it from the folder that holds this file, with one virtual environment for
each version of the package (outside the repository, Python 3.10 or 3.11;
3.11.7 recorded the files that are here):

    python3.11 -m venv $V1 && $V1/bin/pip install -r requirements-0.1.1.txt
    python3.11 -m venv $V0 && $V0/bin/pip install -r requirements-0.0.2.txt

    $V1/bin/python record.py center center-0.1.1.json
    $V0/bin/python record.py center center-0.0.2.json --beyond center-0.1.1.json
    $V1/bin/python record.py functions functions.json

`center` starts the installed center on a free loopback port, with a ping
interval that never elapses, sends it every case of corpus.py over a plain
socket and writes what came back. With `--beyond` only the cases are written
whose answer is another than in the named file.

`functions` writes what functions of Python's library answer (str.strip,
unquote, urljoin, int, repr of a float) for a list of inputs.

A differential run of random bodies, not part of the test suite:

    $V1/bin/python record.py mutated mutated.json --count 5000 --seed 1
    MFHM_PYTHON_MUTATED=$PWD/mutated.json cargo test -p mfhm \
        --no-default-features --features center --lib -- --ignored wire::python

It sends mutations of good and bad bodies to the real center and records the
answers; the ignored test compares ours with them. Write the file outside the
repository.

The format of a recorded file:

    {"package": "mfhm 0.1.1", "cases": [{
        "name": ...,
        "before": [request, ...],       requests that prepare the center
        "request": {"method", "target", "headers": [[name, value], ...],
                    "body": text, or [[text, times], ...] to be joined,
                    or "body_hex"},
        "answer": {"status", "content_type", "location"?, "body" | "body_hex"},
        "differs": {"why", "status", "body"}    only where mfhm answers
                                                something else on purpose
    }, ...]}

Every case starts with an empty center. No instance of a case exists: a center
under test must not ping, or must be told that all of them answer. The requests
come from 127.0.0.1 and carry the Host header `center.test`.
"""

import argparse
import importlib.metadata
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import corpus

# A route that the recorder adds to the center: forget all services.
RESET = "/recorder/reset"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    center = commands.add_parser("center")
    center.add_argument("out")
    center.add_argument("--beyond")
    functions = commands.add_parser("functions")
    functions.add_argument("out")
    mutated = commands.add_parser("mutated")
    mutated.add_argument("out")
    mutated.add_argument("--count", type=int, default=5000)
    mutated.add_argument("--seed", type=int, default=1)
    serve = commands.add_parser("serve")
    serve.add_argument("port", type=int)
    serve.add_argument("data_dir")
    arguments = parser.parse_args()
    if arguments.command == "center":
        record_center(arguments.out, arguments.beyond)
    elif arguments.command == "functions":
        write(arguments.out, {"python": sys.version.split()[0], **record_functions()})
    elif arguments.command == "mutated":
        record_mutated(arguments.out, arguments.count, arguments.seed)
    else:
        run_center(arguments.port, arguments.data_dir)


def record_center(out, beyond):
    known = {}
    if beyond:
        with open(beyond, encoding="utf-8") as file:
            known = {case["name"]: case for case in json.load(file)["cases"]}
    recorded = []
    names = set()
    with Center() as center:
        for case in corpus.cases():
            assert case["name"] not in names, case["name"]
            names.add(case["name"])
            ours = case.pop("ours", None)
            center.send(corpus.get(RESET, "DELETE"))
            for request in case.get("before", []):
                center.send(request)
            case["answer"] = center.send(case["request"])
            expected = known.get(case["name"])
            if expected:
                if expected["answer"] == case["answer"]:
                    continue
                ours = expected.get("differs") or {
                    "why": "one answer for both versions",
                    "status": expected["answer"]["status"],
                    "body": expected["answer"]["body"],
                }
                if same(ours, case["answer"]):
                    ours = None
            if ours and not same(ours, case["answer"]):
                case["differs"] = ours
            recorded.append(case)
    version = importlib.metadata.version("mfhm")
    write(out, {"package": f"mfhm {version}", "cases": recorded})
    print(f"{len(recorded)} cases of mfhm {version}")


def same(ours, answer):
    return (ours["status"], ours["body"]) == (answer["status"], answer.get("body"))


def record_functions():
    strip = ["", " ", "a", " a ", "\u00a0a\u2003", "\x1ca\x1d\x1e\x1f", "\u200ba\u200b", "\ufeffa",
             "\x85a\x0b\x0c", "a b", "\u3000\u2028\u2029x\u202f\u205f\u1680", "\u180ea", "\x00a", "\x7fa\x1b"]
    unquote = ["", "a", "a%20b", "%", "%z", "%zz", "%4", "%41%", "%e4%bd%a0", "%E4%BD", "%ff", "%C0%AF",
               "%ED%A0%80", "%F0%9F%98%80", "%F0%9F%98", "%2F", "a+b", "%25%32%30", "%%41", "%00", "%f4%90%80%80"]
    paths = ["/hello", "nos", "/", "", "/a/../b", "/a/./b", "/../b", "/..", "/.", "/a/..", "/a/.", "a/../../b",
             "./x", "../x", "/a//b", "a//b", "/a/", "a/", "/item/{item_id}", "/f/{p:path}", "/a b", "/\u670d\u52a1",
             "/a?x=1", "/a?", "/a#f", "/a#", "?x=1", "#f", "/a?x=../y", "/a;p", "/a;", "/a;p/b", "/a;p/..", ";", ";p",
             "/a\tb\nc\rd", "  /a", "\x00\x1f/a", "/a  ", "/%2e%2e/b", "/a/%2e", "...", "/.../b", "/a/b/../../../c/.",
             "/a/..;x", "/..;x", "a;b/c;d?e#f?g", "/a:b", "/x/y:z", "1a:b/c", "/a//../b", "/a//", "/a/../", "/./", ".",
             "..", "/?", "/;?#", "a?b/../c", "/a/b;c/../d;e", "\u00a0/x", " ", "\t"]
    integers = ["", " ", "7", " 77 ", "+5", "-5", "--5", "+ 5", "1_0", "_1", "1_", "1__0", "+_1", "01001", "0_1",
                "1.0", "1e3", "\uff11\uff12", "\u0661\u0660", "\u00a077\u3000", "77\n", "\x1c77", "\u00a0\x1c77", "7\x00",
                "\u00b2", "\u2460", "1 2", "0x10", "0b1", "65535", "65536", "0", "-0", "\U0001d7ce\U0001d7e2", "\x8577",
                "9" * 30, "\x7f7", "\u00a0\x7f7", "7\u200b", "\u0967_\u0968", ":", "1:", "\u066a"]
    floats = ["1.0", "1.5", "0.1", "-0.0", "1e16", "1e15", "1e-4", "1e-5", "123456789012345680.0", "1e22", "1e400",
              "-1e400", "1.7976931348623157e308", "5e-324", "2.5e-7", "100000.0", "9007199254740993.0", "1E5", "0.00012345",
              "1234567.891", "1e100", "-1.25e-10", "9999999999999999.0", "99999999999999990.0"]
    return {
        "strip": [[text, text.strip()] for text in strip],
        "unquote": [[text, urllib.parse.unquote(text)] for text in unquote],
        "urljoin": [[path, urllib.parse.urljoin("http://10.0.0.1:80", path)] for path in paths],
        "int": [[text, integer(text)] for text in integers],
        "float": [[text, str(json.loads(text))] for text in floats],
    }


def integer(text):
    try:
        return str(int(text))
    except ValueError:
        return None


def record_mutated(out, count, seed):
    from mfhm.center import ServiceOnlineModel

    chance = random.Random(seed)
    recorded = []
    with Center() as center:
        while len(recorded) < count:
            center.send(corpus.get(RESET, "DELETE"))
            body, content_type = corpus.mutated(chance)
            headers = [["content-type", content_type]] if content_type is not None else []
            request = {"method": "POST", "target": "/online", "headers": headers, "body_hex": body.hex()}
            case = {"request": request, "answer": center.send(request)}
            if case["answer"]["status"] == 200:
                stored = ServiceOnlineModel.validate(json.loads(body)).dict()
                stored["name"] = stored["name"].strip()
                # Surrogates are kept apart by their escapes.
                case["stored"] = json.dumps(stored)
            recorded.append(case)
    write(out, {"cases": recorded})


class Center:
    """The installed center, as a process of its own."""

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.directory = tempfile.TemporaryDirectory()
        command = [sys.executable, os.path.abspath(__file__), "serve", str(self.port), self.directory.name]
        self.log = open(os.path.join(self.directory.name, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.log.seek(0)
                    sys.exit(f"the center did not start:\n{self.log.read()}")
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.directory.cleanup()

    def send(self, request):
        body = corpus.body_bytes(request)
        head = [f"{request['method']} {request['target']} HTTP/1.1", "host: center.test", "connection: close"]
        head += [f"{name}: {value}" for name, value in request["headers"]]
        if body or request["method"] == "POST":
            head.append(f"content-length: {len(body)}")
        data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        if b"\r\ntransfer-encoding: chunked" in head.lower():
            # Only the empty answers of redirections come in chunks.
            assert body == b"0\r\n\r\n", body
            body = b""
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        answer = {"status": int(lines[0].split()[1]), "content_type": headers.get("content-type")}
        if "location" in headers:
            answer["location"] = headers["location"]
        try:
            answer["body"] = body.decode("utf-8")
        except UnicodeDecodeError:
            answer["body_hex"] = body.hex()
        return answer


def run_center(port, data_dir):
    from mfhm.center import ServiceCenter

    never = 10**6
    if importlib.metadata.version("mfhm") == "0.0.2":
        center = ServiceCenter(host="127.0.0.1", port=port, pingTestInterval=never, dataDir=data_dir)
        app = center.app
    else:
        center = ServiceCenter(
            serviceHost="127.0.0.1", servicePort=port, pingTestInterval=never, dataDir=data_dir
        )
        center.initApi()
        app = center

    async def reset():
        center._ServiceCenter__cache.clear()

    app.add_api_route(RESET, reset, methods=["DELETE"])
    center.start()


def write(path, value):
    """One case a line keeps the differences of two recordings readable."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("{")
        for index, (key, entry) in enumerate(value.items()):
            file.write(",\n" if index else "\n")
            file.write(f"{json.dumps(key)}: ")
            if isinstance(entry, list):
                lines = ",\n".join(json.dumps(line) for line in entry)
                file.write(f"[\n{lines}\n]")
            else:
                file.write(json.dumps(entry))
        file.write("\n}\n")


if __name__ == "__main__":
    main()
