"""Attempts that a sandbox must not let through. Makes those that are named, or all; prints `NAME: ok` or `NAME: ERRNO`."""
import ctypes
import errno
import mmap
import os
import resource
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    if getattr(libc, name)(*args) == -1:
        raise OSError(ctypes.get_errno(), name)


def system_call(number, *args):
    """By number (of x86-64), so that the library has no say. Any answer but a refusal means that it reached the kernel's own code."""
    refused = (errno.EPERM, errno.EACCES)
    if libc.syscall(number, *args) == -1 and ctypes.get_errno() in refused:
        raise OSError(ctypes.get_errno(), str(number))


def read(path):
    with open(path, "rb") as file:
        file.read(1)


def open_to_write(path):
    # Nothing is written.
    os.close(os.open(path, os.O_WRONLY))


def create(path):
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    os.remove(path)


def set_id_file():
    path = "/var/lib/provost/probe"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    try:
        os.chmod(path, 0o4700)
    finally:
        os.remove(path)


def for_all_to_read():
    path = "/var/lib/provost/probe"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666))
    mode = os.stat(path).st_mode
    os.remove(path)
    if mode & 0o077 == 0:
        raise OSError(errno.EACCES, "nobody else may read it")


def become_root():
    said = subprocess.run(["/usr/bin/probe-id", "-u"], capture_output=True, check=True)
    if said.stdout.strip() != b"0":
        raise OSError(errno.EPERM, "not root")


def make_group():
    path = "/sys/fs/cgroup/probe"
    os.mkdir(path)
    os.rmdir(path)


def code_and_data():
    ANYWHERE, RWX = None, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    libc.mmap.restype = ctypes.c_void_p
    mapped = libc.mmap(ANYWHERE, 4096, RWX, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if mapped == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")


def real_time():
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def bind():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 7799))


def link_local():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"probe", ("169.254.7.7", 7799))


ATTEMPTS = {
    "write below /usr": lambda: create("/usr/probe"),
    "read root's home": lambda: read("/root/probe"),
    "read what lies in /tmp": lambda: read("/tmp/probe"),
    "open another device": lambda: read("/dev/probe-zero"),
    "open the kernel's log": lambda: os.close(os.open("/dev/probe-kmsg", os.O_RDONLY | os.O_NONBLOCK)),
    "turn a screw of the kernel": lambda: open_to_write("/proc/sys/vm/swappiness"),
    "take a module out": lambda: system_call(176, b"no-such-module", 0),
    "ask the kernel's log": lambda: call("klogctl", 10, None, 0),
    "make a control group": make_group,
    "ask the clock's gear": lambda: call("adjtimex", ctypes.create_string_buffer(512)),
    "name the machine": lambda: socket.sethostname(socket.gethostname()),
    "look at another's process": lambda: read("/proc/1/status"),
    "become root": become_root,
    "make a name space": lambda: call("unshare", 0x04000000),
    "run in real time": real_time,
    "make a set-id file": set_id_file,
    "make a file for all": for_all_to_read,
    "talk to the kernel": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "change the personality": lambda: call("personality", 0x0040000),
    "map code that can be written": code_and_data,
    "io_uring": lambda: system_call(425, 1, None),
    "ptrace": lambda: call("ptrace", 0, 0, None, None),
    "mount": lambda: system_call(165, b"none", b"/nowhere", b"tmpfs", 0, None),
    "kexec": lambda: system_call(246, 0, 0, None, 0xFF),
    "swap": lambda: system_call(167, b"/nowhere", 0),
    "reboot": lambda: system_call(169, 0, 0, 0, None),
    "take another group": lambda: os.setgroups([1]),
    "run another program": lambda: subprocess.run(["/bin/true"], check=True),
    "another's shared memory": lambda: call("shmget", 7788, 0, 0),
    "listen elsewhere": bind,
    "send to the link": link_local,
    "write a core file": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)),
}

for name in sys.argv[1:] or ATTEMPTS:
    try:
        ATTEMPTS[name]()
        answer = "ok"
    except OSError as why:
        answer = errno.errorcode.get(why.errno, str(why.errno))
    except ValueError:
        # Python's word for a limit that may not be raised.
        answer = "EPERM"
    print(f"{name}: {answer}", flush=True)
