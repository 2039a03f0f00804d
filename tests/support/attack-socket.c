/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to have sockets of kinds that servers do not need, and to use the network's privileges. */
#include "support/attacker.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { LO_MTU = 65536 };

static int of_kind(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(syscall(SYS_socket, a->args[0], a->args[1], a->args[2]));
}

/* args: level, option, value, all as that socket has it already, or has none. */
static int option(const AttackContext *c UNUSED, const Attempt *a)
{
        int fd = socket(AF_INET, SOCK_STREAM, 0), value = (int)a->args[2];
        return fd < 0 ? errno
                      : attack_result(
                                setsockopt(fd, (int)a->args[0], (int)a->args[1], &value, sizeof(value)));
}

/* number: a request of the loopback device, which becomes what it is. */
static int configure(const AttackContext *c UNUSED, const Attempt *a)
{
        struct ifreq r = {.ifr_name = "lo"};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (fd < 0)
                return errno;
        if (a->number == SIOCSIFFLAGS)
                r.ifr_flags = IFF_UP;
        else if (a->number == SIOCSIFMTU)
                r.ifr_mtu = LO_MTU;
        return attack_result(ioctl(fd, (unsigned long)a->number, &r));
}

static int port(const AttackContext *c UNUSED, const Attempt *a)
{
        struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)a->number)};
        sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        return fd < 0 ? errno : attack_result(bind(fd, (const struct sockaddr *)&sin, sizeof(sin)));
}

/* number: a pid that it is not, or 0; a uid that it is not goes with it. */
static int forge(const AttackContext *c UNUSED, const Attempt *a)
{
        int fds[2];
        struct ucred claim = {.pid = a->number ? (pid_t)a->number : getpid(), .uid = 0, .gid = 0};
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(sizeof(struct ucred))];
        } u = {.head = {CMSG_LEN(sizeof(claim)), SOL_SOCKET, SCM_CREDENTIALS}};
        char byte = 0;
        struct iovec v = {&byte, 1};
        struct msghdr m = {
                .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u.room)};
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0)
                attack_broken();
        memcpy(CMSG_DATA(&u.head), &claim, sizeof(claim));
        return attack_result(sendmsg(fds[0], &m, 0));
}

/* clang-format off */
#define KIND(family, type, protocol) of_kind, .args = {family, type, protocol}
#define MAY_LACK .unfenced = "done EAFNOSUPPORT EPROTONOSUPPORT ESOCKTNOSUPPORT ENODEV EINVAL", .note = "a kernel may have none: that is no answer of a fence"
const Attempt attack_socket[] = {
        {"raw-icmp", KIND(AF_INET, SOCK_RAW, 1)},
        {"raw-tcp", KIND(AF_INET, SOCK_RAW, 6)},
        {"raw-any", KIND(AF_INET, SOCK_RAW, 255)},
        {"raw-icmp6", KIND(AF_INET6, SOCK_RAW, 58), MAY_LACK},
        {"raw-cloexec", KIND(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 1)},
        {"raw-family-high", KIND(AF_INET | (1ULL << 32), SOCK_RAW | (1ULL << 32), 1 | (1ULL << 32)), .note = "the kernel drops the high halves"},
        {"packet-raw", KIND(AF_PACKET, SOCK_RAW, 0x0300), MAY_LACK},
        {"packet-datagram", KIND(AF_PACKET, SOCK_DGRAM, 0x0300), MAY_LACK},
        {"packet-high", KIND(AF_PACKET | (1ULL << 32), SOCK_RAW, 0x0300), MAY_LACK},
        {"packet-old", KIND(AF_INET, SOCK_PACKET, 0x0300), MAY_LACK},
        {"ping", KIND(AF_INET, SOCK_DGRAM, 1), .unfenced = "done EACCES", .note = "who may is said by net.ipv4.ping_group_range"},
        {"udplite", KIND(AF_INET, SOCK_DGRAM, 136), MAY_LACK},
        {"mptcp", KIND(AF_INET, SOCK_STREAM, 262), MAY_LACK},
        {"sctp", KIND(AF_INET, SOCK_SEQPACKET, 132), MAY_LACK},
        {"dccp", KIND(AF_INET, 6, 33), MAY_LACK},
        {"smc-of-inet", KIND(AF_INET, SOCK_STREAM, 256), MAY_LACK},
        {"vsock", KIND(AF_VSOCK, SOCK_STREAM, 0), MAY_LACK},
        {"vsock-datagram", KIND(AF_VSOCK, SOCK_DGRAM, 0), MAY_LACK},
        {"alg", KIND(AF_ALG, SOCK_SEQPACKET, 0), MAY_LACK},
        {"netlink-uevent", KIND(AF_NETLINK, SOCK_RAW, 15)},
        {"netlink-audit", KIND(AF_NETLINK, SOCK_RAW, 9), MAY_LACK},
        {"netlink-netfilter", KIND(AF_NETLINK, SOCK_RAW, 12), MAY_LACK},
        {"netlink-generic", KIND(AF_NETLINK, SOCK_RAW, 16)},
        {"netlink-connector", KIND(AF_NETLINK, SOCK_DGRAM, 11), MAY_LACK},
        {"netlink-diag", KIND(AF_NETLINK, SOCK_RAW, 4), MAY_LACK},
        {"netlink-xfrm", KIND(AF_NETLINK, SOCK_RAW, 6), MAY_LACK},
        {"netlink-crypto", KIND(AF_NETLINK, SOCK_RAW, 21), MAY_LACK},
        {"netlink-rdma", KIND(AF_NETLINK, SOCK_RAW, 20), MAY_LACK},
        {"bluetooth", KIND(31, SOCK_RAW, 1), MAY_LACK},
        {"can", KIND(29, SOCK_RAW, 1), MAY_LACK},
        {"key", KIND(15, SOCK_RAW, 2), MAY_LACK},
        {"tipc", KIND(30, SOCK_DGRAM, 0), MAY_LACK},
        {"rds", KIND(21, SOCK_SEQPACKET, 0), MAY_LACK},
        {"kcm", KIND(41, SOCK_DGRAM, 0), MAY_LACK},
        {"qipcrtr", KIND(42, SOCK_DGRAM, 0), MAY_LACK},
        {"smc", KIND(43, SOCK_STREAM, 0), MAY_LACK},
        {"xdp", KIND(44, SOCK_RAW, 0), MAY_LACK},
        {"mctp", KIND(45, SOCK_DGRAM, 0), MAY_LACK},
        {"nfc", KIND(39, SOCK_RAW, 0), MAY_LACK},
        {"llc", KIND(26, SOCK_STREAM, 0), MAY_LACK},
        {"ax25", KIND(3, SOCK_DGRAM, 0), MAY_LACK},
        {"rxrpc", KIND(33, SOCK_DGRAM, 2), MAY_LACK},
        {"pppox", KIND(24, SOCK_STREAM, 0), MAY_LACK},
        {"ieee802154", KIND(36, SOCK_RAW, 0), MAY_LACK},
        {"option-mark", option, .args = {SOL_SOCKET, SO_MARK, 1}},
        {"option-force-buffer", option, .args = {SOL_SOCKET, SO_RCVBUFFORCE, 4096}},
        {"option-debug", option, .args = {SOL_SOCKET, SO_DEBUG, 1}, .standard = "EACCES EPERM"},
        {"option-priority", option, .args = {SOL_SOCKET, SO_PRIORITY, 7}},
        {"option-transparent", option, .args = {0 /* SOL_IP */, 19 /* IP_TRANSPARENT */, 1}},
        {"link-flags", configure, .number = SIOCSIFFLAGS},
        {"link-mtu", configure, .number = SIOCSIFMTU},
        {"forge-root", forge, .standard = "EPERM EINVAL", .note = "who it says it is, to who asks by SO_PASSCRED"},
        {"forge-init", forge, .number = 1, .standard = "EPERM EINVAL"},
        {"low-port", port, .number = 809, .standard = "EACCES", .strict = "EACCES EPERM"},
        {0},
};
/* clang-format on */
