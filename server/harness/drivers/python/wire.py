"""How the driver's processes talk: JSON lines with the harness and from children, framed messages with a descriptor
between desk and zygote.

It knows nothing of what is said, and must never write to descriptors 0, 1 and 2.
"""

import array
import json
import os
import socket
import struct
import sys

HEAD = struct.Struct("!I")
PRIVATE = 100


def private_copy(fd):
    """A copy of a descriptor that no started program inherits, with a number out of the way of programs under test."""
    import fcntl

    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, PRIVATE)
    except OSError:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


def write_all(fd, data):
    """Writes all of `data`."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_line(fd, message):
    """Writes one JSON line."""
    write_all(fd, line_of(message))


def line_of(message):
    """One JSON line as bytes; characters that are no text (lone surrogates) are kept as escapes."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


class Lines:
    """Cuts a stream of bytes into JSON lines."""

    def __init__(self):
        self._rest = []

    def feed(self, data):
        """The messages that are complete with `data`."""
        if b"\n" not in data:
            self._rest.append(data)
            return []
        whole = b"".join(self._rest) + data
        lines = whole.split(b"\n")
        last = lines.pop()
        self._rest = [last] if last else []
        messages = []
        for line in lines:
            if line.strip():
                try:
                    messages.append(json.loads(line))
                except ValueError:
                    messages.append(None)
        return messages


def send(sock, message, fd=None):
    """Sends a framed message, with a descriptor if there is one."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    data = HEAD.pack(len(body)) + body
    if fd is not None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        sent = sock.sendmsg([data], rights)
    else:
        sent = sock.send(data)
    if sent < len(data):
        sock.sendall(data[sent:])


def receive(sock):
    """The next framed message and the descriptor that came with it; `(None, None)` at the end."""
    fds = array.array("i")
    data, ancillary, _, _ = sock.recvmsg(HEAD.size, socket.CMSG_LEN(fds.itemsize))
    for level, kind, body in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(body[: len(body) - len(body) % fds.itemsize])
    while 0 < len(data) < HEAD.size:
        more = sock.recv(HEAD.size - len(data))
        data = data + more if more else b""
    if not data:
        return None, None
    (size,) = HEAD.unpack(data)
    parts = []
    while size:
        part = sock.recv(min(size, 1 << 20))
        if not part:
            return None, None
        parts.append(part)
        size -= len(part)
    return json.loads(b"".join(parts)), (fds[0] if fds else None)


def unfit_forever(reason):
    """Answers every request with `unfit`, where nothing else can be done."""
    for line in sys.stdin:
        try:
            request = json.loads(line)
        except ValueError:
            continue
        sys.stdout.write(json.dumps({"id": request.get("id"), "end": "unfit", "reason": reason}) + "\n")
        sys.stdout.flush()
