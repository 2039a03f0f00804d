#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one server may reach: its sandbox.net.allow. Pure, immutable, owned by
 * the listener of that server.
 *
 *   example.com:443      that name
 *   *.example.com:443    every name below it, however deep, but not itself
 *   192.0.2.7:443        that address
 *   [2001:db8::7]:443    the same
 *   example.com:*        any port
 *
 * A name is judged as it is asked for, and then each address that it has: one
 * that is not public is good only if a rule names that very address. So a name
 * that somebody else controls leads to no place inside.
 */

#include "proxy/target.h"

typedef struct ProxyRules ProxyRules;

typedef struct ProxyRule {
        ProxyTarget target; /* port 0: any */
        bool below;         /* names below that one */
} ProxyRule;

/* -EINVAL. The configuration accepts the same (config/check.h: check_host_port). */
int proxy_rule_parse(Span s, ProxyRule *ret) MUST_CHECK;

/* One rule a line. -EINVAL: a line that is none; -ENOMEM. */
int proxy_rules_parse(Span text, ProxyRules **ret) MUST_CHECK;
ProxyRules *proxy_rules_free(ProxyRules *r);
DEFINE_CLEANUP(ProxyRules, proxy_rules_free)

/* Whether that name or literal address is listed, with that port. */
bool proxy_rules_list(const ProxyRules *r, const ProxyTarget *t) PURE;
/* An address of a target that is listed: NULL when a connection may be made to it, else the range that it is
 * in. */
const char *proxy_rules_refuse(const ProxyRules *r, const ProxyAddress *a, uint16_t port) PURE;
