#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IP address, and what kind of place it is: one table of ranges says what
 * is no part of the public internet. Pure. An IPv4 address that is written as
 * an IPv6 one stays an IPv6 one, of a range that is refused: nobody reaches a
 * place by another spelling of it.
 */

#include <sys/socket.h>

#include "base/buf.h"

enum { PROXY_ADDRESS_TEXT = 48 };

typedef struct ProxyAddress {
        uint32_t family;   /* AF_INET, AF_INET6 */
        uint8_t bytes[16]; /* in the order of the network; those that IPv4 does not use are 0 */
} ProxyAddress;

/* Without port, brackets, zone; four decimal numbers for IPv4. -EINVAL. */
int proxy_address_parse(Span s, ProxyAddress *ret) MUST_CHECK;
/* Of a name that was looked up. -EAFNOSUPPORT. */
int proxy_address_from(const struct sockaddr *sa, ProxyAddress *ret) MUST_CHECK;
/* What connect() wants. */
socklen_t proxy_address_to(const ProxyAddress *a, uint16_t port, struct sockaddr_storage *ret);
/* ADDRESS:PORT, [ADDRESS]:PORT. */
void proxy_address_print(const ProxyAddress *a, uint16_t port, char ret[static PROXY_ADDRESS_TEXT + 8]);

bool proxy_address_equal(const ProxyAddress *a, const ProxyAddress *b) PURE;
/* "loopback", "private", "metadata service"; NULL: public. */
const char *proxy_address_range(const ProxyAddress *a) PURE;
