/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to reach somebody: sockets of the machine, of the daemon, and
 * addresses that a server shall not get to. An answer is waited for: to send
 * is not to have reached.
 */
#include "support/attacker.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { ANSWER_MS = 1000, PORT_MAX = 65535 };

/* 0 when one more byte came. Whoever is there answers to what was sent. */
static int answered(int fd, const char *question)
{
        char byte;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
                return errno;
        if (poll(&p, 1, ANSWER_MS) != 1)
                return ETIMEDOUT;
        ssize_t n = recv(fd, &byte, 1, 0);
        return n < 0 ? errno : n == 0 ? ECONNRESET : 0;
}

static int reach_unix(const AttackContext *c, const Attempt *a, bool abstract)
{
        struct sockaddr_un sun = {.sun_family = AF_UNIX};
        const char *name = attack_place(c, a->text);
        size_t n = strlen(name);
        if (n + 2 > sizeof(sun.sun_path))
                attack_broken();
        memcpy(sun.sun_path + abstract, name, n);
        socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
        int fd = socket(AF_UNIX, (int)a->number, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&sun, length) < 0)
                return errno;
        return a->number == SOCK_DGRAM ? attack_result(send(fd, "x", 1, MSG_NOSIGNAL)) : answered(fd, "x\n");
}

static int path_socket(const AttackContext *c, const Attempt *a)
{
        return reach_unix(c, a, false);
}

static int abstract_socket(const AttackContext *c, const Attempt *a)
{
        return reach_unix(c, a, true);
}

/* "ADDRESS:PORT", the port may be behind a @NAME. */
static int split(const AttackContext *c, const char *text, struct sockaddr_in *ret)
{
        char host[64];
        const char *colon = strchr(text, ':');
        if (!colon || (size_t)(colon - text) >= sizeof(host))
                attack_broken();
        snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
        long n = colon[1] == '@' ? attack_number(c, colon + 2) : strtol(colon + 1, NULL, 10);
        *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)n)};
        if (n <= 0 || n > PORT_MAX || inet_pton(AF_INET, host, &ret->sin_addr) != 1)
                attack_broken();
        return 0;
}

/* text: where; other: what is said; number: type of socket. */
static int address(const AttackContext *c, const Attempt *a)
{
        struct sockaddr_in sin;
        int r = split(c, a->text, &sin), fd = socket(AF_INET, (int)a->number, 0);
        if (r != 0 || fd < 0 || connect(fd, (const struct sockaddr *)&sin, sizeof(sin)) < 0)
                return r != 0 ? r : errno;
        return answered(fd, a->other);
}

/* By the socket of IPv6, to an address of IPv4. */
static int mapped(const AttackContext *c, const Attempt *a)
{
        struct sockaddr_in sin;
        struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
        int r = split(c, a->text, &sin), fd = socket(AF_INET6, (int)a->number, 0);
        sin6.sin6_port = sin.sin_port;
        sin6.sin6_addr.s6_addr[10] = sin6.sin6_addr.s6_addr[11] = UINT8_MAX;
        memcpy(sin6.sin6_addr.s6_addr + 12, &sin.sin_addr, sizeof(sin.sin_addr));
        if (r != 0 || fd < 0 || connect(fd, (const struct sockaddr *)&sin6, sizeof(sin6)) < 0)
                return r != 0 ? r : errno;
        return answered(fd, a->other);
}

/* Connects with the first bytes, which passes by connect(). */
static int fast_open(const AttackContext *c, const Attempt *a)
{
        struct sockaddr_in sin;
        struct pollfd p = {.events = POLLIN};
        int r = split(c, a->text, &sin);
        p.fd = socket(AF_INET, SOCK_STREAM, 0);
        if (r != 0 || p.fd < 0 ||
            sendto(p.fd, a->other, strlen(a->other), MSG_FASTOPEN | MSG_NOSIGNAL,
                   (const struct sockaddr *)&sin, sizeof(sin)) < 0)
                return r != 0 ? r : errno;
        char byte;
        return poll(&p, 1, ANSWER_MS) == 1 && recv(p.fd, &byte, 1, 0) == 1 ? 0 : ETIMEDOUT;
}

static int by_sendto(const AttackContext *c, const Attempt *a)
{
        struct sockaddr_in sin;
        struct pollfd p = {.events = POLLIN};
        int r = split(c, a->text, &sin);
        p.fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (r != 0 || p.fd < 0 || sendto(p.fd, "x", 1, 0, (const struct sockaddr *)&sin, sizeof(sin)) < 0)
                return r != 0 ? r : errno;
        return poll(&p, 1, ANSWER_MS) == 1 ? 0 : ETIMEDOUT;
}

/* ---- by the proxy that a server with a list of hosts has --------------------------------------- */

/* HTTP_PROXY, "http://ADDRESS:PORT". ENOENT: it has none. */
static int open_proxy(const AttackContext *c, int *ret_fd)
{
        struct sockaddr_in sin;
        const char *proxy = getenv("HTTP_PROXY"), *prefix = "http://";
        char where[64];
        if (!proxy || strncmp(proxy, prefix, strlen(prefix)) != 0)
                return ENOENT;
        snprintf(where, sizeof(where), "%s", proxy + strlen(prefix));
        where[strcspn(where, "/")] = '\0';
        int r = split(c, where, &sin), fd = socket(AF_INET, SOCK_STREAM, 0);
        if (r != 0 || fd < 0 || connect(fd, (const struct sockaddr *)&sin, sizeof(sin)) < 0)
                return r != 0 ? r : errno;
        *ret_fd = fd;
        return 0;
}

/* text: what is asked for, host:port. EACCES: the proxy refused. */
static int by_proxy(const AttackContext *c, const Attempt *a)
{
        enum { STATUS_AT = 9 };
        char line[512], answer[16] = "";
        const char *to = attack_place(c, a->text);
        int fd = -1, r = open_proxy(c, &fd);
        struct pollfd p = {.events = POLLIN};
        if (r != 0)
                return r;
        p.fd = fd;
        int n = snprintf(line, sizeof(line), "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", to, to);
        if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n || poll(&p, 1, ANSWER_MS) != 1 ||
            recv(fd, answer, sizeof(answer) - 1, 0) <= STATUS_AT)
                return ETIMEDOUT;
        return answer[STATUS_AT] == '2' ? 0 : EACCES;
}

/* clang-format off */
#define HTTP "GET / HTTP/1.0\r\n\r\n"
#define OF_PATH .standard = "ENOENT EACCES", .plain = "EPERM EACCES"
#define OF_NAME .standard = "EPERM", .strict = "EPERM ECONNREFUSED"
/* `net: host` is the default of standard, and means it; strict has no network. */
#define OF_NET .standard = "done", .strict = "ENETUNREACH EACCES EPERM", .note = "net: host is what standard grants, and says so"
#define OF_PROXY .standard = "ENOENT EACCES ENETUNREACH"
const Attempt attack_reach[] = {
        {"unix-control", path_socket, "@runtime/control.sock", .number = SOCK_STREAM, OF_PATH},
        {"unix-listener", path_socket, "@runtime/http.sock", .number = SOCK_STREAM, OF_PATH},
        {"unix-engine", path_socket, "/run/docker.sock", .number = SOCK_STREAM, OF_PATH},
        {"unix-engine-by-link", path_socket, "/var/run/docker.sock", .number = SOCK_STREAM, OF_PATH},
        {"unix-bus", path_socket, "/run/dbus/system_bus_socket", .number = SOCK_STREAM, OF_PATH},
        {"unix-tmp", path_socket, "/tmp/agent.sock", .number = SOCK_STREAM, OF_PATH},
        {"unix-datagram", path_socket, "/run/log.sock", .number = SOCK_DGRAM, OF_PATH},
        {"unix-through-init", path_socket, "/proc/1/root/run/docker.sock", .number = SOCK_STREAM, .standard = "EACCES ENOENT EPERM"},
        {"abstract-stream", abstract_socket, "@abstract", .number = SOCK_STREAM, OF_NAME, .needs = "landlock:6"},
        {"abstract-datagram", abstract_socket, "@abstract_datagram", .number = SOCK_DGRAM, OF_NAME, .needs = "landlock:6"},
        {"tcp-loopback", address, "127.0.0.1:@http_port", HTTP, .number = SOCK_STREAM, OF_NET},
        {"tcp-loopback-other", address, "127.9.9.9:@http_port", HTTP, .number = SOCK_STREAM, OF_NET},
        {"tcp-any-is-loopback", address, "0.0.0.0:@http_port", HTTP, .number = SOCK_STREAM, OF_NET},
        {"tcp-mapped", mapped, "127.0.0.1:@http_port", HTTP, .number = SOCK_STREAM, OF_NET},
        {"tcp-fast-open", fast_open, "127.0.0.1:@http_port", HTTP, OF_NET},
        {"tcp-metadata", address, "169.254.169.254:80", HTTP, .number = SOCK_STREAM, OF_NET},
        {"tcp-metadata-mapped", mapped, "169.254.169.254:80", HTTP, .number = SOCK_STREAM, OF_NET},
        {"udp-loopback", address, "127.0.0.1:@udp_port", "x", .number = SOCK_DGRAM, OF_NET},
        {"udp-sendto", by_sendto, "127.0.0.1:@udp_port", OF_NET},
        {"udp-metadata", address, "169.254.169.254:@udp_port", "x", .number = SOCK_DGRAM, OF_NET},
        {"dns-udp", address, "127.0.0.53:53", "\x12\x34\x01\x01", .number = SOCK_DGRAM, OF_NET},
        {"dns-tcp", address, "127.0.0.53:53", HTTP, .number = SOCK_STREAM, OF_NET},
        {"proxy-metadata", by_proxy, "169.254.169.254:80", OF_PROXY},
        {"proxy-loopback", by_proxy, "127.0.0.1:80", OF_PROXY},
        {"proxy-private", by_proxy, "10.0.0.1:80", OF_PROXY},
        {"proxy-decimal", by_proxy, "2852039166:80", OF_PROXY, .note = "the metadata address as one number"},
        {"proxy-mapped", by_proxy, "[::ffff:169.254.169.254]:80", OF_PROXY},
        {"proxy-link-local", by_proxy, "[fe80::1]:80", OF_PROXY},
        {"proxy-rebinding", by_proxy, "rebind.test:80", OF_PROXY, .note = "a name that leads to a private address the second time"},
        {0},
};
/* clang-format on */
