/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the scheduler keeps: its tunables (set by user space before loading), its maps, and one
 * record for each CPU and each task. The records of a CPU are written only while that CPU's run
 * queue is locked by the kernel, so nothing here needs a lock of its own; where `bound`, `leaves` and
 * `gives_way` are written without, it says why that is enough.
 */
#ifndef DUALQ_STATE_H
#define DUALQ_STATE_H

#include "members.h"

/* ---- tunables ---- */

/* Longest run of a PRIORITY task before the queue is looked at again. Longer: fewer switches among
 * members; shorter: members take turns faster. Shrinks by itself as the queue grows. */
const volatile u64 priority_slice_ns = 20 * 1000 * 1000;
/* Longest run of a BATCH task. Slices end at ticks only, so less than one tick is one tick. */
const volatile u64 batch_slice_ns = 4 * 1000 * 1000;
/* The kernel's tick: 1 s / CONFIG_HZ. */
const volatile u64 tick_ns = 4 * 1000 * 1000;
/* The share of CPU time that BATCH keeps on a CPU that both classes want; 0 is strict priority. */
const volatile u32 guarantee_percent = 10;
/* How far behind its queue's virtual time a BATCH task may come back from sleep: its credit. */
const volatile u64 batch_lag_ns = 4 * 1000 * 1000;
/* How far ahead of it a BATCH task may be put, whatever its weight. */
const volatile u64 batch_lead_ns = 2000ULL * 1000 * 1000;
/* The same for a kernel thread that every CPU may run: khugepaged, at nice 19, may have been interrupted
 * while it reads under RCU, holds up the whole machine until it goes on, and the kernel ends the
 * scheduler over it. By as much one that has just woken goes before its time. */
const volatile u64 kernel_thread_lead_ns = 100 * 1000 * 1000;
/* A waking BATCH task preempts a running one that has slept too if that is ahead of it by more than
 * this; a hog at once. */
const volatile u64 batch_preempt_ns = 100 * 1000;
/* First come, first served in BATCH, instead of weighted virtual time. */
const volatile bool batch_fifo = false;
/* The same in PRIORITY. */
const volatile bool priority_fifo = false;
/* A BATCH task that has waited this long goes before all others (an eighth of the watchdog's
 * limit: with the check's interval and its own turn it stays below a quarter). */
const volatile u64 overdue_ns = 3750ULL * 1000 * 1000;
/* How often the queues are looked through for such tasks. */
const volatile u64 overdue_check_ns = 1875ULL * 1000 * 1000;
const volatile u32 nr_possible_cpus = 1;

/* ---- queues ---- */

#define PRIORITY_DSQ 0x100ULL
#define BATCH_DSQ 0x101ULL
/* BATCH tasks that have waited too long, oldest first. */
#define OVERDUE_DSQ 0x102ULL
/* Kernel threads that work on, while others are overdue. */
#define WORKING_DSQ 0x103ULL
/* Tasks that one CPU alone may run have three queues of that CPU: in a shared queue every other CPU
 * would have to walk past them under the queue's lock (move_to_local is O(n) there). */
#define PINNED_DSQ(class, cpu) (0x10000ULL + 4 * (u64)(cpu) + ((class) == CLASS_BATCH))
#define PINNED_OVERDUE_DSQ(cpu) (0x10000ULL + 4 * (u64)(cpu) + 2)
/* Its kernel threads that have had a turn, and want more. */
#define KERNEL_DSQ(cpu) (0x10000ULL + 4 * (u64)(cpu) + 3)
#define SHARED (-1)
/* Whose virtual time a task's counts: each class has one for its shared queue, and one for each CPU's own. */
#define CLOCK(class, home) (2 * (home) + ((class) == CLASS_BATCH))
#define HOME_OF(clock) ((clock) >> 1)

/* Virtual time starts here. */
#define VTIME_ORIGIN (1ULL << 60)
/* Virtual times are told apart this far in a queue: about a slice of the default length, in a power
 * of two. */
#define PLACE_NS (1ULL << 22)

/* Indexes of queue_stats; src/scheduler/counters.rs names them in the same order. */
enum stat {
	STAT_PRIORITY_ENQ,
	STAT_PRIORITY_DIS,
	STAT_BATCH_ENQ,
	STAT_BATCH_DIS,
	STAT_MEMBER_EXITS,
	STAT_PRIORITY_NS,
	STAT_BATCH_NS,
	STAT_RESCUES,
	STAT_PREEMPTIONS,
	STAT_MOVED_TO_PRIORITY,
	STAT_MOVED_TO_BATCH,
	STAT_OVERDUE,
	STAT_OWN_DIS,
	STAT_OWN_NS,
	STAT_KERNEL_NS,
	STAT_CHILDREN_LEFT_OUT,
	NR_STATS,
};

/* ---- maps ---- */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NR_STATS);
	__type(key, u32);
	__type(value, u64);
} queue_stats SEC(".maps");

struct cpu_record {
	u32 class;		/* of the task that runs */
	u32 tgid;		/* of the task that runs */
	u32 weight;
	u32 rescue;		/* it runs only because of the guarantee */
	u32 next_is_rescue;	/* what dispatch has just chosen does: true from its running on */
	u32 overdue_turns;	/* choices of overdue tasks so far */
	u32 overdue_turn;	/* the last choice went to an overdue task: the next does not */
	u32 settled;		/* dispatch has charged it, and weighs it against those that wait */
	u64 charged_at;		/* until when its time has been counted */
	u64 vtime;		/* of the task that runs, at charged_at */
	s32 clock;		/* which virtual time that is */
	u64 pinned_vtime[2];	/* virtual times of this CPU's own queues: PRIORITY, BATCH */
	u64 turn_ends;		/* when the running task's slice is over */
	u64 protected_until;	/* no other of BATCH preempts it before: turn.h */
	u32 batch_comes;	/* a task of BATCH was given straight to it, and has not run */
	u32 gives_way;		/* it is preempted, by another of BATCH */
	u32 slept;		/* that task has, and its slice has not been renewed since */
	s64 shared_offset;	/* from the shared queue's virtual time to that one: take.h */
	s64 owed_ns;		/* what BATCH is owed here by the guarantee; below 0: taken ahead */
	u32 turn;		/* whose turn it is: the shared or the pinned PRIORITY queue */
	u32 leaves;		/* it goes off: overdue.h hurries it */
	u32 priority_waits;	/* how many waited in PRIORITY at its last dispatch, and those since */
	u32 foreign_priority;	/* those of them that may not run here, if its last dispatch could take none */
	u32 kernel_waits;	/* a task is in its KERNEL_DSQ, or was a moment ago */
	u32 kernel_turn;	/* the last choice was from there */
	u64 kernel_owes_ns;	/* what the others are to have for that turn before the next from there */
	u32 releases;		/* cpu_release gives back what waits in the local queue */
	u32 only_foreign;	/* what waits in the shared BATCH queue may not run here, by its first few */
	u32 bound;		/* a task bound to it is, or was a moment ago, in its own queues */
	u64 grace_ns;		/* what is left to forgive: grace.h */
	/* What a dispatch finds out, here and not in variables of its own: of what it reads from a map the
	 * verifier takes any value for possible, and looks at a fifth to an eighth as many instructions as
	 * where it follows each combination of answers through. */
	u64 late;		/* how many are overdue here, if it is their turn */
	s64 shared_place;	/* where each candidate for BATCH's turn stands, in the virtual time of */
	s64 pinned_place;	/* this CPU's own queue: the first of either queue, and who runs; */
	s64 own_place;		/* NOBODY where there is none */
} __attribute__((aligned(64)));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_record);
} cpu_records SEC(".maps");

struct task_record {
	u64 vtime;
	u64 queued_at;		/* 0 while not in a queue of ours */
	u64 stopped_at;		/* when it ran last */
	u64 turn_left;		/* of its slice, when it was put back last */
	u64 awake_ns;		/* how long it has run since it slept last */
	u64 grace_ns;		/* forgiven at its wake-up, as far as it has slept long enough: grace.h */
	s32 clock;		/* which virtual time `vtime` is */
	u32 counted;		/* in which class as enqueued, and not yet as dispatched; or CLASS_NONE */
	u8 class;		/* as of the last enqueue, or the last look while running */
	u8 direct;		/* given straight to a CPU: counts as enqueued and dispatched at once */
	u8 overdue;
	u8 slept;		/* and has not run since, or was cut short when it did */
	u8 kernel_thread;	/* as of the last enqueue */
	u8 gave_way;		/* what is left of its turn it left to another of BATCH */
	u8 left_out;		/* counted as born without room in PRIORITY */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_record);
} task_records SEC(".maps");

/* Why the scheduler ended, for every reader of the pin. `kind` is written last. */
struct exit_record {
	s64 exit_code;
	u32 kind;
	char reason[128];
	char msg[1024];
	char dump[32768];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exit_record);
} exit_record SEC(".maps");

/* Who attached it and how, for every reader of the pin; src/scheduler/owner_record.rs has the same layout. */
struct owner_record {
	u32 layout;		/* of all the maps here: other numbers are other programs */
	u32 pid;
	u64 start_ticks;	/* of that process, as /proc/PID/stat has it */
	u64 attached_at_ns;	/* CLOCK_MONOTONIC */
	u32 guarantee_percent;
	u32 timeout_ms;
	u32 stays;		/* it was asked to outlive its owner */
	u32 batch_fifo;
	u32 priority_slice_ms;
	u32 batch_slice_ms;
	u32 priority_fifo;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct owner_record);
} owner SEC(".maps");

struct overdue_timer {
	struct bpf_timer timer;
	/* How long the oldest task in BATCH had waited when the timer ran last; src/scheduler/handle.rs
	 * reads it here. */
	u64 oldest_wait_ns;
};

/* The first looks for overdue tasks, the second hurries CPUs that go off. In one map, since a timer
 * ends with the last user of its map, and this one is pinned where the scheduler stays. */
enum timer { TIMER_OVERDUE, TIMER_LEAVE, NR_TIMERS };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_TIMERS);
	__type(key, u32);
	__type(value, struct overdue_timer);
} overdue_timer SEC(".maps");

/* ---- shared values ---- */

/* Virtual times of the shared queues: PRIORITY, BATCH. */
u64 shared_vtime[2] = { VTIME_ORIGIN, VTIME_ORIGIN };
/* Some BATCH task is, or was until two checks ago, in a queue of overdue ones: dispatch looks there. */
bool any_overdue;
/* As of the last check. A task that enters such a queue goes by this: dispatch looks there for one check
 * more, which sees the task. By the other flag it could be forgotten for a whole check. */
bool overdue_lasts;
/* Between init and exit: what goes on without the ops (the timer, the tracing program) stops then,
 * or it would meddle with another scheduler. */
bool attached;
/* CPUs whose running BATCH task may be preempted. Taking a bit out claims the CPU, so that one
 * waker gets it. A section of its own, which libbpf does not map into user space: a map with kernel
 * pointers cannot be. */
struct bpf_cpumask __kptr *preemptible_cpus SEC(".bss.kernel") __hidden __attribute__((aligned(8)));

/* ---- small helpers ---- */

static struct cpu_record *cpu_record_of(s32 cpu)
{
	u32 key = cpu;

	return bpf_map_lookup_elem(&cpu_records, &key);
}

static struct task_record *task_record_of(struct task_struct *p)
{
	return bpf_task_storage_get(&task_records, p, NULL, 0);
}

/* Adds to a counter of `cpu`, whose run queue the caller's op has locked. */
static void count(s32 cpu, u32 stat, u64 amount)
{
	u64 *value;

	/* The JIT inlines the look-up of the CPU's own. */
	if (cpu == (s32)bpf_get_smp_processor_id())
		value = bpf_map_lookup_elem(&queue_stats, &stat);
	else
		value = bpf_map_lookup_percpu_elem(&queue_stats, &stat, cpu);

	if (value)
		*value += amount;
}

static bool before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* May only one CPU run it? A task that has switched migration off is bound as well. The entry of any
 * BPF program switches it off for the current task (__bpf_prog_enter, kernel/bpf/trampoline.c), once:
 * of the task that the kernel is just putting back, only a count above that is its own. Twice where
 * enqueue is called from within cpu_release. */
static bool is_bound(const struct task_struct *p, const struct cpu_record *c)
{
	u16 disabled = p->migration_disabled, ours = 0;

	if (p->nr_cpus_allowed == 1)
		return true;
	if (bpf_get_current_task_btf() == p)
		ours = c && c->releases ? 2 : 1;
	return disabled > ours;
}

static u64 queued(u64 dsq_id)
{
	s32 nr = scx_bpf_dsq_nr_queued(dsq_id);

	return nr > 0 ? nr : 0;
}

/* Most CPUs never see a bound task: they are spared the look-up of two queues by number. */
static u64 bound_queued(u32 class, s32 cpu)
{
	struct cpu_record *c = cpu_record_of(cpu);

	return c && c->bound ? queued(PINNED_DSQ(class, cpu)) : 0;
}

static bool any_in_own_queues(s32 cpu)
{
	return queued(PINNED_DSQ(CLASS_PRIORITY, cpu)) || queued(PINNED_DSQ(CLASS_BATCH, cpu));
}

/* The word goes before the look, in one step: user space's moves put a task in the queue and then set
 * the word, without this run queue's lock (membership.h). */
static void expect_no_bound(s32 cpu, struct cpu_record *c)
{
	if (!c->bound || any_in_own_queues(cpu))
		return;
	__sync_lock_test_and_set(&c->bound, false);
	if (any_in_own_queues(cpu))
		c->bound = true;
}

static u64 overdue_queued(s32 cpu)
{
	return any_overdue ? queued(OVERDUE_DSQ) + queued(PINNED_OVERDUE_DSQ(cpu)) + queued(WORKING_DSQ) : 0;
}

static u64 class_queued(u32 class, s32 cpu)
{
	if (class == CLASS_BATCH)
		return queued(BATCH_DSQ) + bound_queued(class, cpu) + overdue_queued(cpu);
	return queued(PRIORITY_DSQ) + bound_queued(class, cpu);
}

/* Does a PRIORITY task wait that may run on `cpu`, as far as is known? */
static bool priority_waits_for(s32 cpu, const struct cpu_record *c)
{
	return class_queued(CLASS_PRIORITY, cpu) > c->foreign_priority;
}

static u64 charged_vtime(u64 vtime, u64 ran_ns, u32 weight)
{
	return vtime + ran_ns * 100 / (weight ? weight : 1);
}

#endif
