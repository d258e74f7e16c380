"""Parent of one local server: keeps it running for as long as somebody uses it.

Every process that uses a server holds a shared lock on the server's lease file. The kernel drops that lock when the
process ends, however it ends. The keeper waits for the exclusive lock: once it has it, nobody is left, and it stops
the server. So neither a crash nor `kill -9` of a user leaves an orphan, and a second user never loses the server
because the first one went home.

Started by path (`python -S keeper.py LEASE SIGNAL UID:GID COMMAND...`): it must be up within milliseconds, so it
imports nothing of the project.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1
SECONDS_TO_STOP = 60


def die_with_parent(signal_number):
    """A `preexec_fn` that lets the kernel send `signal_number` to the child when this thread's process dies.

    Only Linux can do this; elsewhere None, and a child outlives a parent that was killed without warning. Call it
    from the main thread: the kernel watches the thread that forks. `subprocess` changes the user before it calls the
    function, which matters, because a change of user clears the setting.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl

    def ask_the_kernel():
        prctl(PR_SET_PDEATHSIG, int(signal_number))
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def leave_with(server):
    os._exit(abs(server.wait()))


def keep(lease, stop_signal, account, command):
    """Run `command` until the last lease is gone; never returns."""
    identity = {}
    if account:
        uid, gid = (int(part) for part in account.split(":"))
        identity = {"user": uid, "group": gid, "extra_groups": []}
    server = subprocess.Popen(command, preexec_fn=die_with_parent(stop_signal), **identity)
    threading.Thread(target=leave_with, args=(server,), daemon=True).start()
    with open(lease, "a+") as lease_file:
        fcntl.flock(lease_file, fcntl.LOCK_EX)
        # The lock is held until the server is gone, so that the next user waits instead of meeting a dying server.
        server.send_signal(stop_signal)
        try:
            server.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            server.kill()
        leave_with(server)


if __name__ == "__main__":
    keep(sys.argv[1], signal.Signals[sys.argv[2]], sys.argv[3], sys.argv[4:])
