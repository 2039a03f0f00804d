/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <ctype.h>

#include "base/parse.h"
#include "config/check.h"

enum { NAME_LONGEST = 64, PATH_LONGEST = 4095, SUN_PATH_LONGEST = 107 };

static bool is_alpha(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
        return is_alpha(c) || (c >= '0' && c <= '9');
}

/* Letters, digits and what stands in `more`, all of it. */
static bool only(Span s, const char *more)
{
        for (size_t i = 0; i < s.len; i++)
                if (!is_alnum(s.ptr[i]) && !(s.ptr[i] && strchr(more, s.ptr[i])))
                        return false;
        return s.len > 0;
}

static bool has_control(Span s)
{
        for (size_t i = 0; i < s.len; i++)
                if ((uint8_t)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
                        return true;
        return false;
}

const char *check_nonempty(Span s)
{
        return s.len ? NULL : "is empty";
}

const char *check_path(Span s)
{
        Span rest = s, part;
        if (s.len == 0)
                return "is empty: an absolute path is needed";
        if (s.ptr[0] == '~')
                return "begins with ~, which only a shell knows: write ${HOME}";
        if (s.ptr[0] != '/')
                return "is not an absolute path: a daemon has no directory of its own to begin from";
        if (s.len > PATH_LONGEST)
                return "is longer than a path can be (4095 bytes)";
        if (has_control(s))
                return "has a control character in it";
        while (span_next(&rest, '/', &part))
                if (span_equal(part, SPAN("..")))
                        return "has .. in it: write the path out";
        return NULL;
}

const char *check_command(Span s)
{
        if (s.len == 0)
                return "is empty";
        if (span_starts(s, SPAN("builtin:")))
                return span_equal(s, SPAN("builtin:demo"))
                               ? NULL
                               : "is no built-in server: the only one is builtin:demo";
        if (s.ptr[0] == '/' || s.ptr[0] == '~')
                return check_path(s);
        if (span_find(s, '/') < s.len)
                return "is a relative path: write it in full, or only the name of a program in PATH";
        if (has_control(s))
                return "has a control character in it";
        for (size_t i = 0; i < s.len; i++)
                if (strchr(" |&;<>", s.ptr[i]))
                        return "is a command line, not a program: there is no shell; put the arguments into "
                               "`args`";
        return NULL;
}

const char *check_name(Span s)
{
        if (s.len > NAME_LONGEST)
                return "is longer than 64 characters";
        return only(s, "_-") ? NULL : "may have letters, digits, _ and - only";
}

const char *check_token_name(Span s)
{
        if (s.len > NAME_LONGEST)
                return "is longer than 64 characters";
        return only(s, "._-") ? NULL : "may have letters, digits, ., _ and - only";
}

const char *check_secret_name(Span s)
{
        if (span_equal(s, SPAN(".")) || span_equal(s, SPAN("..")))
                return "is no name for a file";
        return check_token_name(s);
}

const char *check_env_name(Span s)
{
        if (s.len == 0 || !(is_alpha(s.ptr[0]) || s.ptr[0] == '_') || !only(s, "_"))
                return "is no name for an environment variable: letters, digits and _, no digit first";
        return NULL;
}

const char *check_account(Span s)
{
        uint64_t id;
        if (s.len && s.ptr[0] >= '0' && s.ptr[0] <= '9')
                return parse_u64(s, &id) == 0 && id < UINT32_MAX ? NULL : "is no user or group number";
        if (s.len > 32 || !only(s, "_.-$") || s.ptr[0] == '-')
                return "is no name of a user or group";
        return NULL;
}

static bool is_port(Span s)
{
        uint64_t port;
        return parse_u64(s, &port) == 0 && port <= 65535;
}

static bool is_address(Span s, int family)
{
        char text[INET6_ADDRSTRLEN + 1];
        uint8_t bytes[16];
        if (s.len == 0 || s.len >= sizeof(text) || memchr(s.ptr, '\0', s.len))
                return false;
        memcpy(text, s.ptr, s.len);
        text[s.len] = '\0';
        return inet_pton(family, text, bytes) == 1;
}

/* Cuts "[v6]:port" or "host:port"; false when it has neither form. */
static bool split_port(Span s, Span *ret_host, Span *ret_port)
{
        if (s.len && s.ptr[0] == '[') {
                size_t end = span_find(s, ']');
                Span rest = span_skip(s, end + 1);
                if (end == s.len || !span_starts(rest, SPAN(":")))
                        return false;
                *ret_host = span_skip(span_first(s, end), 1);
                *ret_port = span_skip(rest, 1);
                return is_address(*ret_host, AF_INET6);
        }
        size_t colon = span_find(s, ':');
        *ret_host = span_first(s, colon);
        *ret_port = span_skip(s, colon + 1);
        return colon < s.len;
}

static const char *check_unix(Span path)
{
        if (path.len > SUN_PATH_LONGEST)
                return "is longer than a socket's path can be (107 bytes)";
        if (path.len && path.ptr[0] == '@')
                return "is an abstract socket, which no file mode protects: give a path";
        return check_path(path);
}

const char *check_listen(Span s)
{
        Span host, port;
        if (span_starts(s, SPAN("unix:")))
                return check_unix(span_skip(s, 5));
        if (is_port(s))
                return "is only a port: write the address too, as in 127.0.0.1:7780";
        if (span_find_span(s, SPAN("://")) < s.len)
                return "is a URL: write ADDRESS:PORT, [IPV6]:PORT or unix:PATH";
        if (is_address(s, AF_INET6))
                return "is an IPv6 address without brackets: write [ADDRESS]:PORT";
        if (!split_port(s, &host, &port))
                return "is not ADDRESS:PORT, [IPV6]:PORT or unix:PATH";
        if (!is_port(port))
                return "has no port from 0 to 65535 after the colon";
        if (s.ptr[0] != '[' && !is_address(host, AF_INET) && !span_equal(host, SPAN("localhost")))
                return "does not begin with an IP address: write 127.0.0.1:PORT, 0.0.0.0:PORT or [::1]:PORT";
        return NULL;
}

static bool is_host(Span s)
{
        Span rest = s, label;
        if (s.len == 0 || s.len > 253)
                return false;
        while (span_next(&rest, '.', &label))
                if (!only(label, "-_") || label.len > 63 || label.ptr[0] == '-' ||
                    label.ptr[label.len - 1] == '-')
                        return false;
        return true;
}

const char *check_host(Span s)
{
        if (span_equal(s, SPAN("*")))
                return "would let every name pass, and with it DNS rebinding: name the hosts";
        if (span_find_span(s, SPAN("://")) < s.len)
                return "is a URL: give the host name only";
        if (span_find(s, ':') < s.len)
                return "has a port: give the host name only";
        return is_host(s) ? NULL : "is no host name";
}

static const char *check_scheme_host(Span s, Span scheme)
{
        Span rest = span_skip(s, scheme.len), host, port;
        if (rest.len && (rest.ptr[0] == '[' || span_find(rest, ':') < rest.len)) {
                if (!split_port(rest, &host, &port) || !is_port(port))
                        return "has no port from 0 to 65535 after the colon";
                rest = host;
                if (is_address(host, AF_INET6))
                        return NULL;
        }
        return is_host(rest) ? NULL : "has no host name after ://";
}

const char *check_origin(Span s)
{
        size_t at = span_find_span(s, SPAN("://"));
        if (span_equal(s, SPAN("*")) || span_equal(s, SPAN("null")))
                return "would let every page pass: name the origins";
        if (at == s.len || !only(span_first(s, at), "+.-"))
                return "is no origin: write SCHEME://HOST or SCHEME://HOST:PORT";
        if (span_find(span_skip(s, at + 3), '/') < s.len - at - 3)
                return "is no origin: nothing may follow the host and port, not even /";
        return check_scheme_host(s, span_first(s, at + 3));
}

const char *check_url(Span s)
{
        Span scheme = span_starts(s, SPAN("https://")) ? SPAN("https://") : SPAN("http://");
        if (!span_starts(s, scheme))
                return "is no URL that begins with http:// or https://";
        if (has_control(s) || span_find(s, ' ') < s.len)
                return "has a space or a control character in it";
        Span rest = span_skip(s, scheme.len);
        size_t end = MIN(span_find(rest, '/'), span_find(rest, '?'));
        return check_scheme_host(span_first(s, scheme.len + end), scheme);
}

static bool is_zero(Span port)
{
        uint64_t value;
        return parse_u64(port, &value) == 0 && value == 0;
}

/* What a resolver takes for an address of an old form: 127.1, 0x7f.1. */
static bool ends_in_number(Span host)
{
        Span label = SPAN_NONE;
        while (span_next(&host, '.', &label))
                ;
        bool hex = span_equal_nocase(span_first(label, 2), SPAN("0x"));
        for (size_t i = hex ? 2 : 0; i < label.len; i++)
                if (hex ? !isxdigit((unsigned char)label.ptr[i]) : !isdigit((unsigned char)label.ptr[i]))
                        return false;
        return true;
}

const char *check_host_port(Span s)
{
        Span host, port;
        if (span_find_span(s, SPAN("://")) < s.len)
                return "is a URL: write HOST:PORT";
        if (!split_port(s, &host, &port) ||
            !(span_equal(port, SPAN("*")) || (is_port(port) && !is_zero(port))))
                return "is not HOST:PORT";
        if (s.ptr[0] == '[' || is_address(host, AF_INET))
                return NULL;
        if (!is_host(span_starts(host, SPAN("*.")) ? span_skip(host, 2) : host))
                return "has no host name before the port";
        return ends_in_number(host) ? "is no IPv4 address, and no host name ends in a number" : NULL;
}

const char *check_token_hash(Span s)
{
        uint8_t bytes[32];
        if (!span_starts(s, SPAN("sha256:")))
                return "does not begin with sha256: (the hash of a token, never the token itself)";
        if (parse_hex(span_skip(s, 7), bytes, sizeof(bytes)) < 0)
                return "has not 64 hexadecimal digits after sha256:";
        return NULL;
}

const char *check_pattern(Span s)
{
        if (s.len == 0)
                return "is empty: write \"*\" for all";
        if (s.len > 1024)
                return "is longer than 1024 bytes";
        return has_control(s) ? "has a control character in it" : NULL;
}

const char *check_tool_name(Span s)
{
        if (s.len > 128)
                return "is longer than 128 characters";
        return only(s, "_.-") ? NULL : "may have letters, digits, _, . and - only";
}

const char *check_prefix(Span s)
{
        if (s.len > 32)
                return "is longer than 32 characters";
        return s.len == 0 || only(s, "_-") ? NULL : "may have letters, digits, _ and - only";
}

const char *check_root_uri(Span s)
{
        return span_starts(s, SPAN("file:///")) ? NULL : "is no file:/// URI";
}

const char *check_syscall(Span s)
{
        Span name = span_starts(s, SPAN("@")) ? span_skip(s, 1) : s;
        return only(name, name.ptr == s.ptr ? "_" : "_-") ? NULL : "is no system call and no @set";
}
