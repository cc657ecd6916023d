"""Has libtorrent make a torrent of a path, and tells what that took as one line of JSON."""

import hashlib
import json
import os
import resource
import sys
import time

import libtorrent as lt

task = json.loads(sys.argv[1])
path = task["path"]
flags = {"v1": lt.create_torrent.v1_only, "hybrid": 0}[task["version"]]


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


began, cpu_began = time.monotonic(), cpu_seconds()
storage = lt.file_storage()
lt.add_files(storage, path)
torrent = lt.create_torrent(storage, task["pieceLengthBytes"], flags)
listed = time.monotonic()
lt.set_piece_hashes(torrent, os.path.dirname(path))
entry = torrent.generate()
ended, cpu_ended = time.monotonic(), cpu_seconds()

info = entry[b"info"]
layers = entry.get(b"piece layers", {})


def roots_of(tree):
    """The roots of the pieces of all files, in the order of the file tree."""
    for name in sorted(tree):
        if name != b"":
            yield from roots_of(tree[name])
            continue
        root = tree[name].get(b"pieces root")
        if root is not None:
            yield layers.get(root, root)


def digest_of(hashes):
    return None if hashes is None else hashlib.sha1(hashes).hexdigest()


roots = b"".join(roots_of(info[b"file tree"])) if b"file tree" in info else None
hashed = {
    "event": "hashed",
    "version": lt.__version__,
    "startSeconds": None,
    "wallSeconds": ended - began,
    "listSeconds": listed - began,
    "cpuSeconds": cpu_ended - cpu_began,
    "residentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "pieceHashes": digest_of(info.get(b"pieces")),
    "pieceRoots": digest_of(roots),
}
print(json.dumps(hashed), flush=True)
