"""A server on the loopback that answers as W&B's does, as far as cnnlab asks: runs, files, artifacts, sweeps, views.

It keeps what it is given in memory. Its answers were worked out against wandb 0.31; what it does not know stands in
`unknown` afterwards, and a test that ends with an empty list has asked for nothing else.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

KEY = "0123456789" * 4
ENTITY = "tester"
DATE = "2026-01-01T00:00:00"


@dataclass
class Received:
    """A run as the server has it."""

    id: str
    project: str = ""
    asked: dict[str, Any] = field(default_factory=dict)
    """the last value of each variable of its upserts: displayName, groupName, jobType, tags, sweep …"""
    config: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, dict[int, str]] = field(default_factory=dict)
    """streamed files, by name and line"""
    files: dict[str, bytes] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    exit_code: int | None = None
    """None while it runs"""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its history."""
        return [json.loads(line) for _, line in sorted(self.lines.get("wandb-history.jsonl", {}).items())]

    @property
    def epochs(self) -> list[int]:
        return [row["epoch"] for row in self.rows if "train/loss" in row]

    @property
    def summary(self) -> dict[str, Any]:
        lines = self.lines.get("wandb-summary.json", {})
        return json.loads(lines[max(lines)]) if lines else {}

    @property
    def values(self) -> dict[str, Any]:
        """The config as its user knows it."""
        return {key: one["value"] for key, one in self.config.items() if key != "_wandb"}


class Listener(ThreadingHTTPServer):
    """Lets the client's many uploads wait: what is reset, it tries again only seconds later."""

    request_queue_size = 128
    daemon_threads = True


class Loopback:
    """`with Loopback() as server:`; `server.environment` leads W&B to it."""

    def __init__(self) -> None:
        self.runs: dict[str, Received] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.unknown: list[str] = []
        self.bodies: list[bytes] = []
        """everything that was sent here"""
        self.refuses: Callable[[str], str | None] = lambda operation: None
        """a message for an operation that is to fail"""
        self.silent = threading.Event()
        """set: requests are taken and not answered"""
        self.sweep: dict[str, Any] = {}
        self.queue: list[dict[str, Any]] = []
        self._numbers, self._lock = itertools.count(1), threading.RLock()
        self._http = Listener(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.environment = {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": KEY, "WANDB_ERROR_REPORTING": "false"}
        self.environment["WANDB__FILE_STREAM_TRANSMIT_INTERVAL"] = "1"  # second, and not 15

    def __enter__(self) -> Loopback:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nothing listens any more."""
        self._http.shutdown()
        self._http.server_close()

    def one(self) -> Received:
        """The only run."""
        (run,) = self.runs.values()
        return run

    # what comes in

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.bodies.append(body)
        with self._lock:
            if path == "/graphql":
                return self._graphql(json.loads(body))
            if found := re.fullmatch(r"/files/[^/]+/[^/]+/([^/]+)/file_stream", path):
                return self._stream(self._run(found[1]), json.loads(body))
            if found := re.fullmatch(r"/storage/([^/]+)/(.+)", path):
                files, name = self._run(found[1]).files, urllib.parse.unquote(found[2])
                if method == "PUT":
                    files[name] = body
                return 200, b"{}" if method == "PUT" else files.get(name, b"")
        self.unknown.append(f"{method} {path}")
        return 404, b"{}"

    def _graphql(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        named = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
        operation = asked.get("operationName") or (named[1] if named else "?")
        if message := self.refuses(operation):
            return 200, json.dumps({"data": None, "errors": [{"message": message}]}).encode()
        known = getattr(self, f"on_{operation[0].lower()}{operation[1:]}", None)
        if known is None:
            self.unknown.append(f"{operation}: {asked['query'][:2000]} {asked.get('variables')}")
            return 200, json.dumps({"data": {}, "errors": [{"message": f"no answer to {operation}"}]}).encode()
        return 200, json.dumps({"data": known(asked.get("variables") or {})}).encode()

    def _run(self, name: str) -> Received:
        return self.runs.setdefault(name, Received(name))

    @staticmethod
    def _stream(run: Received, said: dict[str, Any]) -> tuple[int, bytes]:
        for name, part in (said.get("files") or {}).items():
            run.lines.setdefault(name, {}).update(enumerate(part["content"], part["offset"]))
        if said.get("complete"):
            run.exit_code = said["exitcode"]
        return 200, b'{"exitcode": null, "limits": {}}'

    # GraphQL, an operation a method

    def on_viewer(self, _: dict[str, Any]) -> Any:
        who = {"id": "u1", "entity": ENTITY, "username": ENTITY, "email": "t@example.org", "flags": "{}"}
        return {"viewer": {**who, "teams": {"edges": []}}}

    on_getDefaultEntity = on_viewer

    def on_serverFeaturesQuery(self, _: dict[str, Any]) -> Any:
        return {"serverInfo": {"features": []}}

    def on_serverInfo(self, _: dict[str, Any]) -> Any:
        return {"serverInfo": {"cliVersionInfo": {"max_cli_version": "9.9.9"}, "latestLocalVersionInfo": None}}

    def on_organizationCoreWeaveOrganizationID(self, _: dict[str, Any]) -> Any:
        return {"entity": {"organization": None}}

    def on_runStoppedStatus(self, _: dict[str, Any]) -> Any:
        return {"project": {"run": {"stopped": False}}}

    def on_runResumeStatus(self, asked: dict[str, Any]) -> Any:
        run = self.runs.get(asked["name"])
        bucket = None
        if run and run.asked:
            counts = {name: len(run.lines.get(f"wandb-{name}.jsonl", {})) for name in ("history", "events")}
            tails = {f"{n}Tail": json.dumps(self._lines(run, f"wandb-{n}.jsonl")[-1:]) for n in ("history", "events")}
            bucket = {"id": f"B{run.id}", "name": run.id, "displayName": run.asked.get("displayName"), **tails}
            bucket |= {"summaryMetrics": json.dumps(run.summary), "config": json.dumps(run.config)}
            bucket |= {"tags": run.asked.get("tags") or [], "notes": None, "wandbConfig": '{"t": 1}', "logLineCount": 0}
            bucket |= {f"{name}LineCount": count for name, count in counts.items()}
        return {"model": {"id": "p1", "name": asked.get("project"), "entity": self._entity(), "bucket": bucket}}

    @staticmethod
    def _lines(run: Received, name: str) -> list[str]:
        return [line for _, line in sorted(run.lines.get(name, {}).items())]

    @staticmethod
    def _entity() -> dict[str, str]:
        return {"id": "e1", "name": ENTITY}

    def on_upsertBucket(self, asked: dict[str, Any]) -> Any:
        name = asked.get("name") or asked["id"].removeprefix("B")
        new = not self._run(name).asked
        run = self._run(name)
        run.project = asked.get("project") or run.project
        run.asked |= {key: value for key, value in asked.items() if value is not None}
        run.config |= json.loads(asked.get("config") or "{}")
        bucket = {"id": f"B{name}", "name": name, "displayName": run.asked.get("displayName") or name}
        bucket |= {"description": None, "config": json.dumps(run.config), "sweepName": asked.get("sweep")}
        bucket |= {"historyLineCount": len(run.rows)}
        project = {"id": "p1", "name": run.project, "entity": self._entity()}
        return {"upsertBucket": {"inserted": new, "bucket": {**bucket, "project": project}}}

    def on_run(self, asked: dict[str, Any]) -> Any:
        run = self.runs.get(asked["name"])
        if run is None:
            return {"project": {"run": None}}
        state = {None: "running", 0: "finished"}.get(run.exit_code, "failed")
        found = {"id": f"B{run.id}", "name": run.id, "state": state, "historyLineCount": len(run.rows)}
        found |= {"config": json.dumps(run.config), "summaryMetrics": json.dumps(run.summary), "systemMetrics": "{}"}
        return {"project": {"run": {**found, "projectId": "1", "tags": [], "user": {"username": ENTITY}}}}

    def on_createRunFiles(self, asked: dict[str, Any]) -> Any:
        files = [{"name": name, "uploadUrl": self._place(asked["run"], name)} for name in asked["files"]]
        return {"createRunFiles": {"runID": f"B{asked['run']}", "uploadHeaders": [], "files": files}}

    def _place(self, run: str, name: str) -> str:
        return f"{self.url}/storage/{run}/{urllib.parse.quote(name)}"

    def on_artifactType(self, _: dict[str, Any]) -> Any:
        return {"project": {"artifact": None}}

    def on_createArtifact(self, asked: dict[str, Any]) -> Any:
        said = asked["input"]
        self._run(said["runName"]).artifacts.append(said)
        made = {"id": f"A{next(self._numbers)}~{said['runName']}", "state": "PENDING"}
        return {"createArtifact": {"artifact": {**made, "artifactSequence": {"latestArtifact": None}}}}

    def on_createArtifactManifest(self, asked: dict[str, Any]) -> Any:
        file = self._file(asked["runName"], f"manifests/{asked['artifactID']}")
        return {"createArtifactManifest": {"artifactManifest": {"id": f"M~{asked['artifactID']}", "file": file}}}

    def on_updateArtifactManifest(self, asked: dict[str, Any]) -> Any:
        which = asked["artifactManifestID"]
        file = self._file(which.split("~")[-1], f"manifests/{which}")
        return {"updateArtifactManifest": {"artifactManifest": {"id": which, "file": file}}}

    def _file(self, run: str, name: str) -> dict[str, Any]:
        return {"id": "F1", "uploadUrl": self._place(run, name), "uploadHeaders": []}

    def on_createArtifactFiles(self, asked: dict[str, Any]) -> Any:
        nodes = []
        for file in asked["input"]["artifactFiles"]:
            place = self._file(file["artifactID"].split("~")[-1], f"artifacts/{file['name']}")
            node = {"storagePath": file["name"], "uploadMultipartUrls": None, "artifact": {"id": file["artifactID"]}}
            nodes.append({"node": {**place, **node}})
        return {"createArtifactFiles": {"files": {"edges": nodes}}}

    def on_commitArtifact(self, asked: dict[str, Any]) -> Any:
        return {"commitArtifact": {"artifact": {"id": asked["artifactID"], "digest": "d"}}}

    # workspaces

    def on_upsertView2(self, asked: dict[str, Any]) -> Any:
        which = asked.get("id") or f"V{next(self._numbers)}"
        new = which not in self.views
        self.views[which] = {**self.views.get(which, {}), **asked, "id": which}
        view = self.views[which]
        return {"upsertView": {"inserted": new, "view": {"id": which, "name": view["name"]}}}

    def on_view(self, asked: dict[str, Any]) -> Any:
        found = [view for view in self.views.values() if view["name"] == asked["viewName"]]
        nodes = [{"node": {key: view[key] for key in ("id", "displayName", "spec")}} for view in found]
        return {"project": {"allViews": {"edges": nodes}}}

    # sweeps: a grid, handed out one by one

    def on_upsertSweep(self, asked: dict[str, Any]) -> Any:
        self.sweep = yaml.safe_load(asked["config"])
        values = [one["values"] for one in self.sweep["parameters"].values()]
        self.queue = [dict(zip(self.sweep["parameters"], point, strict=True)) for point in itertools.product(*values)]
        project = {"id": "p1", "name": asked.get("projectName") or "cnnlab", "entity": self._entity()}
        made = {"id": "S1", "name": "sweep001", "displayName": "s", "state": "RUNNING", "config": asked["config"]}
        made |= {"createdAt": DATE, "project": project}
        return {"upsertSweep": {"sweep": made, "configValidationWarnings": []}}

    def on_sweepWithRuns(self, _: dict[str, Any]) -> Any:
        said = {"id": "S1", "name": "sweep001", "displayName": "s", "method": "grid", "state": "RUNNING"}
        none = dict.fromkeys(("description", "heartbeatAt", "updatedAt", "controller", "scheduler", "bestLoss"))
        runs = {"edges": []}
        more = {"config": yaml.safe_dump(self.sweep), "createdAt": DATE, "earlyStopJobRunning": False, "runCount": 0}
        return {"project": {"sweep": {**said, **none, **more, "priorRuns": runs, "runs": runs}}}

    on_getSweep = on_sweep = on_sweepWithRuns

    def on_createAgent(self, _: dict[str, Any]) -> Any:
        return {"createAgent": {"agent": {"id": "AG1", "name": "agent"}}}

    def on_heartbeat(self, asked: dict[str, Any]) -> Any:
        commands: list[dict[str, Any]] = []
        running = json.loads(asked.get("runState") or "{}")
        if self.queue and not running:
            point = {key: {"value": value} for key, value in self.queue.pop(0).items()}
            commands = [{"type": "run", "run_id": f"swept{next(self._numbers):03d}", "args": point, "logs": []}]
            commands[0]["program"] = self.sweep["program"]
        elif not running:
            commands = [{"type": "exit"}]
        return {"agentHeartbeat": {"agent": {"id": "AG1", "name": "agent"}, "commands": json.dumps(commands)}}


def _handler(server: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):  # a client that is gone, which is its right
                super().handle()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            while server.silent.is_set():
                server.silent.wait(0.1)
                threading.Event().wait(0.1)
            try:
                code, said = server.answer(self.command, urllib.parse.urlsplit(self.path).path, body)
            except Exception as error:  # said, and not retried for minutes as a server's own failure would be
                server.unknown.append(f"{self.path}: {error!r} {body[:2000]!r}")
                code, said = 400, json.dumps({"errors": [{"message": repr(error)}]}).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_PUT = do_POST

    return Handler
