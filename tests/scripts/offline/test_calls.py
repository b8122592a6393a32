"""What is foreign among calls, each line as strace 6.1 wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.offline.calls import Kind, Own, Seen, foreign, read_calls

OWN = Own(folders=(Path("/own"),), sources=(Path("/sources"),), cwd=Path("/work dir"))
_QUESTION = r"\22\303\1\0\0\1\0\0\0\0\0\0\6mobile\6events\4data\tmicrosoft\3com\0\0\34\0\1"


def seen_in(*lines: str) -> set[Seen]:
    return set(foreign(read_calls(lines), OWN))


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        (
            'connect(5<UDP:[1]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.53")}, 16) = -1 '
            "ENETUNREACH (Network is unreachable)",
            Kind.LOOK_UP,
            "a name server at 192.0.2.53",
        ),
        (
            'connect(3<UNIX-STREAM:[2]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No '
            "such file or directory)",
            Kind.LOOK_UP,
            "/var/run/nscd/socket",
        ),
        (
            'openat(AT_FDCWD</work dir>, "/etc/resolv.conf", O_RDONLY|O_CLOEXEC) = 9</etc/resolv.conf>',
            Kind.LOOK_UP,
            "/etc/resolv.conf",
        ),
        (
            "sendmmsg(8<UDP:[127.0.0.1:37166->127.0.0.1:53]>, [{msg_hdr={msg_name=NULL, msg_namelen=0, "
            f'msg_iov=[{{iov_base="{_QUESTION}", iov_len=50}}], msg_iovlen=1, msg_controllen=0, msg_flags=0}}, '
            "msg_len=50}], 1, MSG_NOSIGNAL) = 1",
            Kind.LOOK_UP,
            "mobile.events.data.microsoft.com",
        ),
        (
            'connect(7<TCP:[3]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 '
            "EINPROGRESS (Operation now in progress)",
            Kind.CONNECTION,
            "192.0.2.1:443",
        ),
        (
            "connect(7<TCPv6:[3]>, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
            Kind.CONNECTION,
            "[2001:db8::1]:80",
        ),
        (
            'sendto(7<UDP:[4]>, "report", 6, 0, {sa_family=AF_INET, sin_port=htons(8125), '
            'sin_addr=inet_addr("127.0.0.1")}, 16) = 6',
            Kind.CONNECTION,
            "127.0.0.1:8125",
        ),
        (
            'connect(7<UNIX-STREAM:[5]>, {sa_family=AF_UNIX, sun_path=@"/tmp/.X11-unix/X0"}, 20) = 0',
            Kind.CONNECTION,
            "@/tmp/.X11-unix/X0",
        ),
        (
            "bind(6<TCPv6:[6]>, {sa_family=AF_INET6, sin6_port=htons(8501), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0',
            Kind.LISTENING,
            "[::]:8501",
        ),
        (
            'openat(AT_FDCWD</work dir>, "state", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 3</work dir/state>',
            Kind.FILE,
            "/work dir/state",
        ),
        (
            # A link inside the own folder that leads out of it.
            'openat(AT_FDCWD</work dir>, "/own/link", O_WRONLY|O_APPEND) = 3</home/log>',
            Kind.FILE,
            "/home/log",
        ),
        (
            'openat(6</home/.cache>, "deviceid", O_WRONLY|O_CREAT|O_EXCL, 0600) = 7</home/.cache/deviceid>',
            Kind.FILE,
            "/home/.cache/deviceid",
        ),
        ('mkdir("made here", 0777)               = 0', Kind.FILE, "/work dir/made here"),
        ('mkdirat(6</home>, "made there", 0777) = 0', Kind.FILE, "/home/made there"),
        ('rename("/own/a", "/home/b") = 0', Kind.FILE, "/home/b"),
        ('symlink("/own/a", "/home/\\303\\251t\\303\\251") = 0', Kind.FILE, "/home/été"),
        ('unlink("/home/b") = 0', Kind.FILE, "/home/b"),
        ('mkdir("/sources/package", 0777) = 0', Kind.FILE, "/sources/package"),
        ('mkdir("/home/__pycache__", 0777) = 0', Kind.FILE, "/home/__pycache__"),
        (
            "io_uring_setup(128, {flags=0, sq_thread_cpu=0, sq_thread_idle=0}) = 5<anon_inode:[io_uring]>",
            Kind.HIDDEN,
            "io_uring_setup",
        ),
        ('execve("/usr/bin/lscpu", ["lscpu"], 0x7ffe /* 9 vars */) = 0', Kind.PROGRAM, "/usr/bin/lscpu"),
        # Its process ended before the call came back.
        (
            'connect(7<TCP:[3]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16 '
            "<unfinished ...>) = ?",
            Kind.CONNECTION,
            "192.0.2.1:80",
        ),
    ],
)
def test_what_leaves_or_lies_outside_is_seen(line: str, kind: Kind, name: str) -> None:
    assert seen_in(line) == {Seen(kind, name)}


@pytest.mark.parametrize(
    "lines",
    [
        # Its own port on loopback, under both of its addresses.
        (
            'bind(6<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(8501), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
            "connect(7<TCPv6:[2]>, {sa_family=AF_INET6, sin6_port=htons(8501), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
        ),
        ('sendto(7<TCP:[127.0.0.1:8501->127.0.0.1:40000]>, "HTTP/1.1 200 OK\\r\\n", 17, 0, NULL, 0) = 17',),
        ("bind(3<NETLINK:[ROUTE:1]>, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0",),
        ('openat(AT_FDCWD</work dir>, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3</etc/hosts>',),
        ('openat(AT_FDCWD</work dir>, "/own/new", O_RDWR|O_CREAT, 0600) = 3</own/new>',),
        ('openat(AT_FDCWD</work dir>, "/dev/null", O_RDWR|O_CLOEXEC) = 3</dev/null<char 1:3>>',),
        ('mkdir("/home/.cache", 0777) = -1 EEXIST (File exists)',),
        ('rename("/sources/__pycache__/a.pyc.1", "/sources/__pycache__/a.pyc") = 0',),
        ('symlink("/home/anything", "/own/link") = 0',),
        ('execve("/sources/bin/python", ["python"], 0x7ffe /* 9 vars */) = 0',),
        (
            'openat(AT_FDCWD</work dir>, "/dev/shm/sem.a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</dev/shm/sem.a>',
            'unlink("/dev/shm/sem.a") = 0',
        ),
        ("--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---", "+++ exited with 0 +++"),
    ],
)
def test_what_is_its_own_business_is_not(lines: tuple[str, ...]) -> None:
    assert seen_in(*lines) == set()


def test_a_semaphore_that_stays_is_seen() -> None:
    line = 'openat(AT_FDCWD</work dir>, "/dev/shm/sem.a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</dev/shm/sem.a>'
    assert seen_in(line) == {Seen(Kind.FILE, "/dev/shm/sem.a")}


def test_a_line_of_unknown_form_is_no_call_to_skip() -> None:
    with pytest.raises(ValueError, match="unknown form"):
        seen_in("connect(3")
