/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of the tunables while the scheduler runs. They are plain globals: reading one costs the hot path an instruction,
 * as a constant does. Each is stored in one step; a CPU that decides in between may see the new value of one and the old
 * value of another, once. What follows from them (debts, credits) is bounded again at the next charge.
 */
#ifndef DUALQ_TUNE_H
#define DUALQ_TUNE_H

/* The argument from user space, and the answer. */
struct tuning {
	/* Which of the values below are new: a bit for each, in this order. 0 only asks. */
	u64 changes;
	/* All values, as they are afterwards. */
	u64 guarantee_percent;
	u64 priority_slice_ns;
	u64 batch_slice_ns;
	u64 sleeper_credit_percent;
	u64 protection_ns;
};

#define LONGEST_SLICE_NS (1000ULL * 1000 * 1000)

/* User space says which values it takes, in words. Here is only what the arithmetic needs. */
static bool is_sane(const struct tuning *t)
{
	return t->guarantee_percent <= 50 && t->sleeper_credit_percent <= 50 && t->protection_ns <= LONGEST_SLICE_NS &&
	       t->priority_slice_ns >= tick_ns && t->priority_slice_ns <= LONGEST_SLICE_NS &&
	       t->batch_slice_ns >= tick_ns && t->batch_slice_ns <= LONGEST_SLICE_NS;
}

CHECKED_ONCE u64 new_or_old(u64 changes, u64 new, u64 old)
{
	return changes ? new : old;
}

SEC("syscall")
int dualq_tune(struct tuning *t)
{
	u64 changes = t->changes;

	t->guarantee_percent = new_or_old(changes & 1, t->guarantee_percent, guarantee_percent);
	t->priority_slice_ns = new_or_old(changes & 2, t->priority_slice_ns, priority_slice_ns);
	t->batch_slice_ns = new_or_old(changes & 4, t->batch_slice_ns, batch_slice_ns);
	t->sleeper_credit_percent = new_or_old(changes & 8, t->sleeper_credit_percent, sleeper_credit_percent);
	t->protection_ns = new_or_old(changes & 16, t->protection_ns, protection_ns);
	if (!is_sane(t))
		return -EINVAL;
	if (changes & 1)
		guarantee_percent = t->guarantee_percent;
	if (changes & 2)
		priority_slice_ns = t->priority_slice_ns;
	if (changes & 4)
		batch_slice_ns = t->batch_slice_ns;
	if (changes & 8)
		sleeper_credit_percent = t->sleeper_credit_percent;
	if (changes & 16)
		protection_ns = t->protection_ns;
	return 0;
}

#endif
