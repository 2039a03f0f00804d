# SPDX-License-Identifier: Apache-2.0
"""A small machine for attempts to get out of a fence: namespaces of its own,
in which there are secrets, servers that answer and processes to attack, so
that what succeeds harms nobody. enter() makes this process its PID 1."""

import ctypes
import errno
import json
import os
import select
import shutil
import socket
import subprocess
import threading

UID = 60999  # of the processes that are attacked: no user's, and none that the daemon gives away
IN_WORLD = "MCPVISOR_TEST_WORLD"
HIDDEN = ("/home", "/root", "/run", "/tmp", "/var/tmp", "/var/lib", "/boot", "/srv", "/dev/shm")
STATE, RUNTIME, CONFIG = "/var/lib/mcpvisor", "/run/mcpvisor", "/etc/mcpvisor/mcpvisor.yaml"
OUTSIDE, OWN, BIN = "/srv/outside", "/srv/own", "/srv/attack/bin"
METADATA = "169.254.169.254"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
ENOUGH_PIDS = 20000  # pids outside are no pids of a small namespace inside
MS_MOVE, CLONE_NEWUSER = 8192, 0x10000000


def enter():
    """None: this process is in a world. Else the reason why there can be none; or it does not return."""
    if os.environ.get(IN_WORLD):
        return None
    if os.geteuid() != 0:
        return "only root can show what succeeds without a fence"
    kinds = ["--mount", "--pid", "--fork", "--ipc", "--uts", "--net", "--mount-proc", "--kill-child"]
    if subprocess.run(["unshare"] + kinds + ["true"], capture_output=True).returncode != 0:
        return "no namespaces here, and attempts without a fence need them"
    os.environ[IN_WORLD] = "1"
    os.execvp("unshare", ["unshare"] + kinds + ["python3"] + _argv())
    return None


def _argv():
    import sys

    return [os.path.realpath(sys.argv[0])] + sys.argv[1:]


def _mount(source, target, kind=None, flags=0, data=None):
    libc = ctypes.CDLL(None, use_errno=True)
    args = [x.encode() if x is not None else None for x in (source, target, kind)]
    if libc.mount(*args, ctypes.c_ulong(flags), data.encode() if data else None) != 0:
        raise OSError(ctypes.get_errno(), "mount " + target)


def _write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def _copies(files):
    """Their contents, before a mount hides where they are."""
    got = {}
    for name, path in files.items():
        with open(path, "rb") as f:
            got[name] = f.read()
    return got


class World:
    def __init__(self, programs):
        """programs: {name: path}; they are in BIN afterwards."""
        copies = _copies(programs)
        os.umask(0o022)
        for path in HIDDEN:
            if os.path.isdir(path):
                _mount("world", path, "tmpfs", 0, "mode=" + ("1777" if "tmp" in path or "shm" in path else "755"))
        self._own_etc()
        for name, data in copies.items():
            self._program(os.path.join(BIN, name), data, 0o755)
        self.attacker = os.path.join(BIN, "attacker")
        self._files(copies["attacker"])
        self._network()
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="utf-8") as f:
            f.write(str(ENOUGH_PIDS))
        self.terminal, slave = os.openpty()
        self.terminal_name = os.ttyname(slave)
        os.close(slave)
        os.chmod(self.terminal_name, 0o666)
        self.victims = {}
        for name, uid in (("supervisor", 0), ("gateway", 0), ("sibling", UID)):
            self.add_victim(name, uid)

    @staticmethod
    def _program(path, data, mode):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)

    @staticmethod
    def _own_etc():
        """A copy: what is written below it is gone with the world."""
        copy = "/tmp/etc"
        os.mkdir(copy)
        _mount("world", copy, "tmpfs", 0, "mode=755")
        shutil.copytree("/etc", copy, symlinks=True, dirs_exist_ok=True)
        for name in ("shadow", "gshadow"):
            os.chmod(os.path.join(copy, name), 0o600)
        _mount(copy, "/etc", None, MS_MOVE)

    def _files(self, attacker):
        """All of them with modes that let anybody read, so that it is the fence which does not."""
        for path in ("/root/secret", "/home/victim/secret", "/home/victim/.ssh/id_ed25519", "/run/secret",
                     "/var/lib/secret", "/tmp/secret", "/var/tmp/secret", "/dev/shm/secret", "/boot/secret",
                     STATE + "/catalogue", STATE + "/home/other/secret", STATE + "/token", RUNTIME + "/lock",
                     "/etc/mcpvisor/key.pem"):
            _write(path, "secret\n")
        _write(CONFIG, "servers: {}\n")
        os.makedirs(OUTSIDE + "/empty")
        os.makedirs(OWN)
        _write(OUTSIDE + "/file", "as it was\n", 0o666)
        self._program(OUTSIDE + "/suid", attacker, 0o4755)
        self._program(OUTSIDE + "/capable", attacker, 0o755)
        # Revision 2, effective: CAP_NET_RAW (bit 13).
        net_raw = b"".join(n.to_bytes(4, "little") for n in (0x02000001, 1 << 13, 0, 0, 0))
        os.setxattr(OUTSIDE + "/capable", "security.capability", net_raw)
        for name, major, minor in (("null", 1, 3), ("kmsg", 1, 11), ("mem", 1, 1)):
            os.mknod(os.path.join(OUTSIDE, name), 0o020666, os.makedev(major, minor))
            os.chmod(os.path.join(OUTSIDE, name), 0o666)
        for path in (OUTSIDE, OUTSIDE + "/empty", OWN):
            os.chmod(path, 0o777)

    def _network(self):
        subprocess.run(["ip", "address", "add", METADATA + "/32", "dev", "lo"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.sockets = []
        http = self._listen(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0))
        udp = self._listen(socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0))
        self._listen(socket.AF_INET, socket.SOCK_STREAM, (METADATA, 80))
        self._listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.53", 53))
        self._listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.53", 53))
        for path in (RUNTIME + "/control.sock", RUNTIME + "/http.sock", "/run/docker.sock",
                     "/run/dbus/system_bus_socket", "/tmp/agent.sock"):
            self._listen(socket.AF_UNIX, socket.SOCK_STREAM, path)
        self._listen(socket.AF_UNIX, socket.SOCK_DGRAM, "/run/log.sock")
        self._listen(socket.AF_UNIX, socket.SOCK_STREAM, "\0escape")
        self._listen(socket.AF_UNIX, socket.SOCK_DGRAM, "\0escape-datagram")
        self.http_port, self.udp_port = http.getsockname()[1], udp.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def _listen(self, family, kind, where):
        s = socket.socket(family, kind)
        if family == socket.AF_UNIX and not where.startswith("\0"):
            os.makedirs(os.path.dirname(where), exist_ok=True)
        s.bind(where)
        if family == socket.AF_UNIX and not where.startswith("\0"):
            os.chmod(where, 0o666)
        if kind == socket.SOCK_STREAM:
            s.listen(64)
        self.sockets.append(s)
        return s

    def _answer(self):
        """To whatever comes, to whomever. What is accepted is read once, answered and closed."""
        open_now = list(self.sockets)
        while True:
            for s in select.select(open_now, [], [])[0]:
                try:
                    if s not in self.sockets:
                        open_now.remove(s)
                        if s.recv(4096):
                            s.sendall(ANSWER)
                        s.close()
                    elif s.type == socket.SOCK_STREAM:
                        open_now.append(s.accept()[0])
                    else:
                        _, peer = s.recvfrom(4096)
                        if peer:
                            s.sendto(ANSWER, peer)
                except OSError:
                    pass  # the attempt has ended meanwhile

    # ---- who is attacked ---------------------------------------------------------

    def add_victim(self, name, uid, shut=False):
        """In the place of one of that name. shut: as the daemon's own processes are."""
        if name in self.victims:
            self.victims.pop(name)["process"].kill()
        p = subprocess.Popen([self.attacker, "victim"] + ["shut"] * shut, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/",
                             env={"SECRET": "of-" + name}, user=uid, group=uid, extra_groups=[],
                             start_new_session=True)
        self.victims[name] = dict(json.loads(p.stdout.readline()), process=p)
        os.set_blocking(p.stdout.fileno(), False)

    @staticmethod
    def give_files(uid):
        """What the daemon would own, to who it would be: modes are changed by who owns a file, and put back here."""
        for path, mode in ((OUTSIDE + "/file", 0o666), (STATE + "/token", 0o644)):
            os.chown(path, uid, uid)
            os.chmod(path, mode)

    def signalled(self):
        """Which victims have got a signal since they were asked the last time."""
        return [name for name, v in self.victims.items() if v["process"].stdout.read()]

    def ended(self):
        return [name for name, v in self.victims.items() if v["process"].poll() is not None]

    def context(self, own):
        got = {"own": own, "outside": OUTSIDE, "state": STATE, "runtime": RUNTIME, "token": STATE + "/token",
               "config": CONFIG, "key": "/etc/mcpvisor/key.pem", "etc": "/etc", "top": "", "cgroup": cgroup(),
               "disk": disk() or "/dev/loop0", "terminal": self.terminal_name, "abstract": "escape", "abstract_datagram": "escape-datagram",
               "http_port": self.http_port, "udp_port": self.udp_port}
        for name, v in self.victims.items():
            got.update({name: v["pid"], name + "_fd": v["fd"], name + "_address": v["address"]})
        got["ipc_key"] = self.victims["sibling"]["ipc"]
        return got

    @staticmethod
    def snapshot():
        """Every name outside, with what it holds: a fence that holds leaves it as it was."""
        got = {}
        for top in (OUTSIDE, STATE, RUNTIME, "/root", "/home", "/etc/mcpvisor", "/boot"):
            for directory, names, files in os.walk(top):
                names[:] = [n for n in names if not n.startswith("home-")]  # of those that are fenced
                for name in names + files:
                    st = os.lstat(os.path.join(directory, name))
                    got[os.path.join(directory, name)] = (st.st_mode, st.st_uid, st.st_size, st.st_nlink)
        return got


def without_namespaces():
    """For preexec_fn: this process becomes UID in a user namespace where all ids mean what they do outside, and whose
    limit of further ones is zero. Only who stays outside may write such a map."""
    libc = ctypes.CDLL(None, use_errno=True)
    (go, gone), me = os.pipe(), os.getpid()
    mapper = os.fork()
    if mapper == 0:
        os.read(go, 1)
        for name in ("uid_map", "gid_map"):
            with open("/proc/%d/%s" % (me, name), "w", encoding="utf-8") as f:
                f.write("0 0 65536\n")
        os._exit(0)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    os.write(gone, b"x")
    if os.waitpid(mapper, 0)[1] != 0:
        raise OSError(errno.EPERM, "uid_map")
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    with open("/proc/sys/user/max_user_namespaces", "w", encoding="utf-8") as f:
        f.write("0")
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    os.close(go)
    os.close(gone)


def landlock_abi():
    got = ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)
    return max(got, 0)


def cgroup():
    for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"):
        if os.path.exists(path + "/cgroup.procs"):
            return path
    return "/sys/fs/cgroup"


def disk():
    """One that root may open, for a container's devices are not all there are: or None."""
    for path in ("/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/loop0"):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            return path
        except OSError as e:
            if e.errno == errno.ENXIO:
                return path
    return None
