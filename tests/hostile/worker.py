"""A process that gives one command after another to run.py's main, and watches what it does meanwhile.

Reads a request a line from its standard input, {"cwd": …, "argv": […]}, and answers with a line: the exit code, what
was said, the processor's seconds and the megabytes it took, and every forbidden thing that was done: a program
started, a connection made, code of the case's own run, a file written outside `outputs`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONF = Path(__file__).parents[2] / "conf"
LIMIT = 60
"""seconds after which a command is stopped"""
ROOM = 3 << 30
"""bytes of address space beyond the imports: a bomb is to end in a MemoryError and not in this machine's end"""
NEVER = re.compile(
    r"os\.(system|exec|posix_spawn|fork|forkpty|spawn|startfile)|subprocess\.Popen|pty\.spawn|socket\.(connect|bind|"
    r"getaddrinfo|gethostbyname|sendto)|ctypes\.dlopen|shutil\..*|webbrowser\.open|code\.__new__|marshal\.loads"
)
CHANGES = re.compile(r"os\.(remove|rename|rmdir|mkdir|chmod|chown|link|symlink|truncate|utime|mkfifo|mknod)")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """What is done while a case runs."""

    def __init__(self) -> None:
        self.case: Path | None = None
        self.seen: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.case is None:
            return
        case, self.case = self.case, None  # what is done here is not the case's
        try:
            if said := self.forbidden(event, args, case):
                self.seen.append(said)
        finally:
            self.case = case

    def forbidden(self, event: str, args: tuple[Any, ...], case: Path) -> str | None:
        caller = sys._getframe(2).f_code
        if event in ("marshal.loads", "code.__new__") and caller.co_filename.startswith("<frozen"):
            return None  # a module of ours, imported only now
        if NEVER.fullmatch(event):
            return f"{event} {args!r:.200}"
        if event == "exec":
            name = getattr(args[0], "co_filename", "")
            return f"exec of {name}" if name.startswith(str(case)) or "CANARY" in name else None
        if event == "compile":
            source = args[0].decode("latin1") if isinstance(args[0], bytes) else str(args[0])
            parsed = caller.co_filename.endswith("/ast.py")  # a tree, which nothing runs
            return f"compile of {source:.80}" if "CANARY" in source and not parsed else None
        if event == "open" and args[0] is not None and not isinstance(args[0], int):
            writes = any(c in str(args[1]) for c in "wax+") if args[1] else bool((args[2] or 0) & WRITES)
            return f"open for writing: {os.fsdecode(args[0])}" if writes and not inside(args[0], case) else None
        if CHANGES.fullmatch(event):
            paths = [arg for arg in args[:2] if isinstance(arg, str | bytes | os.PathLike)]
            outside = [path for path in paths if not inside(path, case)]
            return f"{event} {outside}" if outside else None
        return None


def inside(path: Any, case: Path) -> bool:
    """Whether a command may write there: into its outputs, the digests of the cache, or into nothing."""
    name, cache = os.path.realpath(os.fsdecode(path)), os.environ["CNNLAB_CACHE_DIR"]
    makes_cache = f"{cache}/digests".startswith(name) and not os.path.exists(name)
    return name == os.devnull or name.startswith((f"{case}/outputs", f"{cache}/digests/")) or makes_cache


def stop(number: int, frame: Any) -> None:
    raise TimeoutError(f"still running after {LIMIT} s")


def peak() -> int:
    """The most memory since it was last asked, in kB."""
    said = Path("/proc/self/status").read_text()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+)", said)[1])  # type: ignore[index]


def resident() -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]


@contextlib.contextmanager
def terminal() -> Iterator[io.BytesIO]:
    """Standard output and error, as strict about characters as a terminal is."""
    raw = io.BytesIO()
    text = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        yield raw
    text.detach()


def attempt(main: Any, watch: Watch, request: dict[str, Any]) -> dict[str, Any]:
    case = Path(request["cwd"]).resolve()
    os.chdir(case)
    before, _ = resident(), peak()
    started, failed, code = time.process_time(), "", None
    with terminal() as said:
        signal.alarm(LIMIT)
        watch.case = case
        try:
            code = int(main(CONF, request["argv"]))
        except BaseException:
            failed = traceback.format_exc()
        finally:
            watch.case = None
            signal.alarm(0)
        seconds = time.process_time() - started
    seen, watch.seen = watch.seen, []
    os.chdir("/")
    text = said.getvalue().decode("utf-8", "replace")
    return {
        "code": code,
        "said": text,
        "failed": failed,
        "seconds": seconds,
        "mb": (peak() - before) / 1024,
        "did": seen,
    }


def serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import torch
    from PIL import Image

    from cnnlab.cli.main import main
    from cnnlab.data import dataset  # noqa: F401
    from cnnlab.experiment import memory, preflight, restore, test, train  # noqa: F401
    from cnnlab.sweep import plan, preflight, study  # noqa: F401, F811
    from cnnlab.tracking import predictions  # noqa: F401

    torch.set_num_threads(1)
    Image.init()
    watch = Watch()
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("ready"):  # what a first command imports, it imports before the watch begins
            size = int(re.search(r"VmSize:\s+(\d+)", Path("/proc/self/status").read_text())[1]) << 10  # type: ignore[index]
            resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
            signal.signal(signal.SIGALRM, stop)
            sys.addaudithook(watch)
        answers.write(json.dumps(attempt(main, watch, request) if "argv" in request else {}) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
