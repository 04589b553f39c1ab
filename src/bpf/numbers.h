/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's numbers: its flags and queues, by the names that it gives them. User space reads them from the
 * kernel's types before it loads the scheduler (src/scheduler/load.rs). CO-RE could look them up as well, but then libbpf
 * walks through all of the kernel's types once for each enum.
 */
#ifndef DUALQ_NUMBERS_H
#define DUALQ_NUMBERS_H

const volatile u64 SCX_DSQ_LOCAL;
const volatile u64 SCX_DSQ_LOCAL_ON;
const volatile u64 SCX_ENQ_WAKEUP;
const volatile u64 SCX_ENQ_HEAD;
const volatile u64 SCX_ENQ_PREEMPT;
const volatile u64 SCX_ENQ_REENQ;
const volatile u64 SCX_WAKE_SYNC;
const volatile u64 SCX_TASK_QUEUED;
const volatile u64 SCX_KICK_IDLE;
const volatile u64 SCX_KICK_PREEMPT;
const volatile u64 CPUHP_AP_ACTIVE;

#endif
