/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/rule.h"

struct ProxyRules {
        size_t n;
        ProxyRule rules[];
};

/* ---- reading ------------------------------------------------------------------ */

static int parse_host(Span s, ProxyRule *rule)
{
        rule->below = span_starts(s, SPAN("*."));
        if (rule->below)
                return proxy_name_parse(span_skip(s, 2), rule->target.name);
        if (proxy_address_parse(s, &rule->target.address) == 0)
                return rule->target.address.family == AF_INET ? 0 : -EINVAL; /* brackets are missing */
        return proxy_name_parse(s, rule->target.name);
}

static int parse_v6(Span s, ProxyRule *rule)
{
        int r = proxy_address_parse(s, &rule->target.address);
        return r == 0 && rule->target.address.family != AF_INET6 ? -EINVAL : r;
}

int proxy_rule_parse(Span s, ProxyRule *ret)
{
        ProxyRule rule = {.below = false};
        Span host, port;
        int r = proxy_split_port(s, &host, &port);
        if (r == 0 && !span_equal(port, SPAN("*"))) /* which is 0 */
                r = proxy_port_parse(port, 0, &rule.target.port);
        if (r == 0)
                r = s.ptr[0] == '[' ? parse_v6(host, &rule) : parse_host(host, &rule);
        if (r == 0)
                *ret = rule;
        return r;
}

static size_t count_lines(Span text)
{
        size_t n = 1;
        for (size_t i = 0; i < text.len; i++)
                n += text.ptr[i] == '\n';
        return n;
}

int proxy_rules_parse(Span text, ProxyRules **ret)
{
        Span line;
        CLEANUP(proxy_rules_free_p)
        ProxyRules *r = calloc(1, sizeof(*r) + count_lines(text) * sizeof(r->rules[0]));
        if (!r)
                return -ENOMEM;
        while (span_next(&text, '\n', &line)) {
                if (line.len == 0 && !text.ptr) /* behind the last line */
                        break;
                if (proxy_rule_parse(line, &r->rules[r->n]) < 0)
                        return -EINVAL;
                r->n++;
        }
        *ret = TAKE_PTR(r);
        return 0;
}

ProxyRules *proxy_rules_free(ProxyRules *r)
{
        free(r);
        return NULL;
}

/* ---- deciding ------------------------------------------------------------------ */

static bool has_port(const ProxyRule *rule, uint16_t port)
{
        return rule->target.port == 0 || rule->target.port == port;
}

static bool has_name(const ProxyRule *rule, Span name)
{
        Span own = span_of(rule->target.name);
        if (!rule->below)
                return span_equal(name, own);
        return name.len > own.len + 1 && span_ends(name, own) && name.ptr[name.len - own.len - 1] == '.';
}

static bool lists_address(const ProxyRules *r, const ProxyAddress *a, uint16_t port)
{
        for (size_t i = 0; i < r->n; i++)
                if (!r->rules[i].target.name[0] && has_port(&r->rules[i], port) &&
                    proxy_address_equal(&r->rules[i].target.address, a))
                        return true;
        return false;
}

bool proxy_rules_list(const ProxyRules *r, const ProxyTarget *t)
{
        if (!t->name[0])
                return lists_address(r, &t->address, t->port);
        for (size_t i = 0; i < r->n; i++)
                if (r->rules[i].target.name[0] && has_port(&r->rules[i], t->port) &&
                    has_name(&r->rules[i], span_of(t->name)))
                        return true;
        return false;
}

const char *proxy_rules_refuse(const ProxyRules *r, const ProxyAddress *a, uint16_t port)
{
        const char *range = proxy_address_range(a);
        return range && !lists_address(r, a, port) ? range : NULL;
}
