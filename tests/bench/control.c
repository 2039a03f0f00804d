/* SPDX-License-Identifier: Apache-2.0 */
/* What an executable costs at least: libc, linked statically, and nothing else. */
int main(void)
{
        return 0;
}
