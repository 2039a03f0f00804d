/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any line as a rule: `check` takes the same; what a rule says is reached by
 * it, and by it alone. What follows in the input is asked for: a target that
 * is listed is listed in each spelling, and is no literal unless one is.
 */
#include "config/check.h"
#include "fuzz.h"
#include "proxy/rule.h"

static void check_printed(const ProxyTarget *t)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        ProxyTarget again;
        FUZZ_CHECK(t->port != 0 && proxy_target_print(t, &b) == 0);
        FUZZ_CHECK(proxy_target_parse(buf_span(&b), 0, &again) == 0 && again.port == t->port);
        FUZZ_CHECK(strcmp(again.name, t->name) == 0 && proxy_address_equal(&again.address, &t->address));
}

static void check_against(const ProxyRule *rule, const ProxyRules *rules, const ProxyTarget *t)
{
        bool listed = proxy_rules_list(rules, t);
        FUZZ_CHECK(!listed || (t->name[0] != '\0') == (rule->target.name[0] != '\0'));
        FUZZ_CHECK(!listed || rule->target.port == 0 || rule->target.port == t->port);
        FUZZ_CHECK(!listed || span_ends(span_of(t->name), span_of(rule->target.name)));
        FUZZ_CHECK(!listed || t->name[0] || !proxy_rules_refuse(rules, &t->address, t->port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span rest = span_from((const char *)data, size), line, ask;
        CLEANUP(proxy_rules_free_p) ProxyRules *rules = NULL;
        ProxyRule rule;
        ProxyTarget t;
        if (!span_next(&rest, '\n', &line) || line.len == 0)
                return 0;
        bool good = proxy_rule_parse(line, &rule) == 0;
        FUZZ_CHECK(good == (check_host_port(line) == NULL));
        FUZZ_CHECK((proxy_rules_parse(line, &rules) == 0) == good);
        while (span_next(&rest, '\n', &ask)) {
                if (proxy_target_parse(ask, 0, &t) < 0)
                        continue;
                check_printed(&t);
                if (good)
                        check_against(&rule, rules, &t);
        }
        return 0;
}
