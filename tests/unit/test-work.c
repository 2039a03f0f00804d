/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/work.h"

typedef struct Job Job;
struct Job {
        Work work;
        int runs, result;
        void (*then)(Job *job);
        Job *other;
};

static int job_run(Work *w)
{
        Job *j = CONTAINER_OF(w, Job, work);
        int r = j->result;
        assert_false(w->queued);
        j->runs++;
        if (j->then)
                j->then(j);
        return r;
}

static const WorkOps job_ops = {.run = job_run};

static void queue_self(Job *j)
{
        work_queue(&j->work);
}

static void end_other_and_self(Job *j)
{
        work_done(&j->other->work);
        work_done(&j->work);
        free(j->other);
        free(j);
}

static void test_once(void **state UNUSED)
{
        WorkList l;
        Job a = {0}, b = {0};
        work_list_init(&l);
        work_init(&a.work, &l, &job_ops);
        work_init(&b.work, &l, &job_ops);
        assert_true(work_list_is_empty(&l));
        for (int i = 0; i < 3; i++)
                work_queue(&a.work);
        work_queue(&b.work);
        work_cancel(&b.work);
        work_cancel(&b.work);
        assert_false(work_list_is_empty(&l));
        assert_int_equal(work_list_run(&l), 0);
        assert_int_equal(work_list_run(&l), 0);
        assert_int_equal(a.runs, 1);
        assert_int_equal(b.runs, 0);
        work_queue(&a.work);
        work_done(&a.work); /* cancels */
        work_done(&a.work);
        work_done(&b.work);
        assert_true(work_list_is_empty(&l));
}

static void test_again_is_later(void **state UNUSED)
{
        WorkList l;
        Job a = {.then = queue_self}, b = {0};
        work_list_init(&l);
        work_init(&a.work, &l, &job_ops);
        work_init(&b.work, &l, &job_ops);
        work_queue(&a.work);
        work_queue(&b.work);
        assert_int_equal(work_list_run(&l), 0);
        assert_int_equal(a.runs, 1);
        assert_int_equal(b.runs, 1);
        assert_int_equal(work_list_run(&l), 0);
        assert_int_equal(a.runs, 2);
        assert_int_equal(b.runs, 1);
        work_done(&a.work);
        work_done(&b.work);
}

static void test_free_inside(void **state UNUSED)
{
        WorkList l;
        Job *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
        assert_non_null(a);
        assert_non_null(b);
        work_list_init(&l);
        work_init(&a->work, &l, &job_ops);
        work_init(&b->work, &l, &job_ops);
        a->then = end_other_and_self;
        a->other = b;
        work_queue(&a->work);
        work_queue(&b->work);
        assert_int_equal(work_list_run(&l), 0);
        assert_true(work_list_is_empty(&l));
}

static void test_error(void **state UNUSED)
{
        WorkList l;
        Job a = {.result = -EIO}, b = {0};
        work_list_init(&l);
        work_init(&a.work, &l, &job_ops);
        work_init(&b.work, &l, &job_ops);
        work_queue(&a.work);
        work_queue(&b.work);
        assert_int_equal(work_list_run(&l), -EIO);
        assert_int_equal(b.runs, 0);
        assert_int_equal(work_list_run(&l), 0);
        assert_int_equal(a.runs, 1);
        assert_int_equal(b.runs, 1);
        work_done(&a.work);
        work_done(&b.work);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_once),
                cmocka_unit_test(test_again_is_later),
                cmocka_unit_test(test_free_inside),
                cmocka_unit_test(test_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
