/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the scheduler: its tunables (set by user space before loading, some of them later), its maps, and a record
 * per CPU and per task. A CPU's record is written only while the kernel holds that CPU's run queue lock, so it needs no lock
 * of its own. The exceptions `has_pinned`, `leaves`, `gives_way` and `level` say why they are safe.
 */
#ifndef DUALQ_STATE_H
#define DUALQ_STATE_H

#include "members.h"

/* ---- tunables that change while attached: tune.h ---- */

/* Longest slice of a PRIORITY task. Longer: fewer switches among members; shorter: members take turns faster. Shrinks as
 * the queue grows. */
u64 priority_slice_ns = 20 * 1000 * 1000;
/* Longest slice of a BATCH task. Slices end at ticks only, so it is at least one tick. */
u64 batch_slice_ns = 4 * 1000 * 1000;
/* A BATCH task that sleeps now and then is not preempted by BATCH before it has run this long: turn.h. */
u64 protection_ns = 700 * 1000;
/* The share of CPU time that BATCH keeps on a CPU that both classes want; 0 is strict priority. */
u32 guarantee_percent = 10;
/* The part of BATCH's time that is forgiven to sleepers: credit.h. */
u32 sleeper_credit_percent = 33;

/* ---- tunables that are fixed at load ---- */

/* The kernel's tick: 1 s / CONFIG_HZ. */
const volatile u64 tick_ns = 4 * 1000 * 1000;
/* The credit of sleep: the maximum distance behind its queue's virtual time of a BATCH task that wakes. */
const volatile u64 batch_lag_ns = 4 * 1000 * 1000;
/* The maximum distance ahead of it, for any weight. */
const volatile u64 batch_lead_ns = 2000ULL * 1000 * 1000;
/* The same for an unpinned kernel thread, and the lead of one that has just woken. A low-priority kernel thread
 * (khugepaged) can be preempted inside an RCU read section; if it starves, grace periods stall and the kernel ejects us. */
const volatile u64 kernel_thread_lead_ns = 100 * 1000 * 1000;
/* Minimum lead in virtual time to preempt a task that has also just woken. CPU hogs are preempted regardless. */
const volatile u64 batch_preempt_ns = 100 * 1000;
/* First come, first served in BATCH, instead of weighted virtual time. */
const volatile bool batch_fifo = false;
/* The same in PRIORITY. */
const volatile bool priority_fifo = false;
/* A BATCH task that has waited this long is overdue and goes first: an eighth of the watchdog's limit, which with the
 * check's interval and its own turn stays below a quarter. */
const volatile u64 overdue_ns = 3750ULL * 1000 * 1000;
/* The interval of the check for overdue tasks. */
const volatile u64 overdue_check_ns = 1875ULL * 1000 * 1000;
const volatile u32 nr_possible_cpus = 1;

/* ---- queues ---- */

#define PRIORITY_DSQ 0x100ULL
#define BATCH_DSQ 0x101ULL
/* Overdue BATCH tasks, oldest first. */
#define OVERDUE_DSQ 0x102ULL
/* Busy kernel threads, while others are overdue. */
#define WORKING_DSQ 0x103ULL
/* Pinned tasks have three queues per CPU: in a shared queue, every other CPU would walk past them under the queue's lock
 * (move_to_local is O(n) there). */
#define PINNED_DSQ(class, cpu) (0x10000ULL + 4 * (u64)(cpu) + ((class) == CLASS_BATCH))
#define PINNED_OVERDUE_DSQ(cpu) (0x10000ULL + 4 * (u64)(cpu) + 2)
/* The CPU's kernel threads that have used up their turn. */
#define KERNEL_DSQ(cpu) (0x10000ULL + 4 * (u64)(cpu) + 3)
#define SHARED (-1)
/* The virtual time that a task's refers to: each class has one for its shared queue and one per CPU. */
#define CLOCK(class, home) (2 * (home) + ((class) == CLASS_BATCH))
#define HOME_OF(clock) ((clock) >> 1)

/* Virtual time starts here. */
#define VTIME_ORIGIN (1ULL << 60)
/* The granularity of places in a queue, a quarter of a millisecond: within it, first come, first served. With a whole slice,
 * a task that sleeps and is a little ahead waits for a round of all hogs. */
#define PLACE_NS (1ULL << 18)

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
	/* Of the member that runs, or of the one for which it is being preempted. A waker on another CPU replaces it by
	 * compare-and-swap, and the next task that runs here writes it again. */
	u32 level;
	u32 tgid;		/* of the task that runs */
	u32 weight;
	u32 rescue;		/* it runs only because of the guarantee */
	u32 next_is_rescue;	/* the next task does; becomes `rescue` when it runs */
	u32 overdue_turns;	/* choices of overdue tasks so far */
	u32 overdue_turn;	/* the last choice went to an overdue task: the next does not */
	u32 settled;		/* dispatch has charged it, and weighs it against those that wait */
	u64 charged_at;		/* its time is counted up to here */
	u64 vtime;		/* of the task that runs, at charged_at */
	s32 clock;		/* the queue whose virtual time it is */
	u64 pinned_vtime[2];	/* virtual times of this CPU's own queues: PRIORITY, BATCH */
	u64 turn_ends;		/* end of the running task's slice */
	u64 protected_until;	/* no other of BATCH preempts it before: turn.h */
	u32 batch_comes;	/* a BATCH task was dispatched straight to it and has not run */
	u32 gives_way;		/* its task is being preempted by another BATCH task */
	u32 woken;		/* tasks that have woken into BATCH here, and wait, or did a moment ago: class.h */
	u32 slept;		/* that task has, and its slice has not been renewed since */
	s64 shared_offset;	/* from the shared queue's virtual time to that one: take.h */
	s64 owed_ns;		/* CPU time that BATCH is owed here by the guarantee; below 0: in advance */
	u32 turn;		/* whose turn it is: the shared or the pinned PRIORITY queue */
	u32 leaves;		/* it goes offline: overdue.h drains it */
	u32 priority_waits;	/* tasks that waited in PRIORITY at its last dispatch or came since */
	u32 outranks;		/* its member keeps the CPU because all of them have a lower level */
	u32 foreign_priority;	/* those of them that may not run here, if its last dispatch could take none */
	u32 kernel_waits;	/* a task is in its KERNEL_DSQ, or was a moment ago */
	u32 kernel_turn;	/* the last choice was from there */
	u64 kernel_owes_ns;	/* CPU time other tasks must get before KERNEL_DSQ is served again */
	u32 releases;		/* cpu_release gives back what waits in the local queue */
	u32 only_foreign;	/* what waits in the shared BATCH queue may not run here, by its first few */
	u32 has_pinned;	/* a task pinned to it is, or was a moment ago, in its own queues */
	u64 credit_ns;		/* sleeper credit that is left: credit.h */
	/* What a dispatch finds out is kept here, not in variables of its own: the verifier assumes any value of what
	 * is read from a map. So it checks a fifth to an eighth of the instructions that it checks if it follows each
	 * combination of results. */
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
	u64 credit_ns;		/* forgiven at its wake-up, as far as it has slept long enough: credit.h */
	u64 chosen_at;		/* while traced, when it was chosen for a CPU: trace.h */
	s32 clock;		/* which virtual time `vtime` is */
	u32 counted;		/* in which class as enqueued, and not yet as dispatched; or CLASS_NONE */
	u8 class;		/* as of the last enqueue, or the last look while running */
	u8 direct;		/* given straight to a CPU: counts as enqueued and dispatched at once */
	u8 overdue;
	u8 slept;		/* and has not run since, or was preempted when it did */
	u8 kernel_thread;	/* as of the last enqueue */
	u8 gave_way;		/* what is left of its turn it left to another of BATCH */
	u8 level;		/* a member's, as of the last look at its class */
	u8 left_out;		/* counted as a child without room in PRIORITY */
	u8 reason;		/* why it was chosen */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_record);
} task_records SEC(".maps");

/* The reason why the scheduler ended, for every reader of the pin. `kind` is written last. */
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

/* The owner and its fixed options, for every reader of the pin. */
struct owner_record {
	u32 layout;		/* of all the maps here: other numbers are other programs */
	u32 pid;
	u64 start_ticks;	/* of that process, as /proc/PID/stat has it */
	u64 attached_at_ns;	/* CLOCK_MONOTONIC */
	u32 timeout_ms;
	u32 stays;		/* attached with --stay */
	u32 batch_fifo;
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
	/* The wait of the oldest task in BATCH at the last check; read by src/scheduler/handle.rs. */
	u64 oldest_wait_ns;
	/* Checks until levels are forgotten; 0: no level differs. */
	u64 levels_differ;
};

/* The first timer checks for overdue tasks, the second drains CPUs that go offline. Both are in one map, because a timer
 * ends with the last reference to its map, and this one is pinned with --stay. */
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
/* A runnable member has had another level than the default: only then does anything look at levels. Each look at such a
 * member sets it to LEVELS_LAST, and each check of the timer takes one off. The checks together are longer than the longest
 * wait, so no member is forgotten while it waits; one that sleeps is noted again when it wakes. */
u32 levels_differ;
#define LEVELS_LAST 5
/* A BATCH task is in a queue of overdue tasks, or was two checks ago: dispatch reads these queues. */
bool any_overdue;
/* The result of the last check, for tasks that enter such a queue: dispatch reads it for one check more, which sees the
 * task. With the other flag it could be missed for a whole check. */
bool overdue_lasts;
/* True between init and exit. The timer and the tracing programs outlive the ops, and must not affect another
 * scheduler. */
bool attached;
/* The CPUs whose running BATCH task may be preempted. Clearing a bit claims the CPU for one waker. In a separate section,
 * because libbpf cannot map a map with kernel pointers into user space. */
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

/* Adds to a counter of `cpu`. The caller's op holds the run queue's lock. */
static void count(s32 cpu, u32 stat, u64 amount)
{
	u64 *value;

	/* The JIT inlines the look-up for the current CPU. */
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

/* Returns true if only one CPU may run the task. A task with migration disabled is pinned as well. Entering a BPF
 * program disables migration for the current task once (__bpf_prog_enter, kernel/bpf/trampoline.c), and twice if
 * enqueue is called from cpu_release. For the task that the kernel is putting back, only a higher count is the task's
 * own. */
static bool is_pinned(const struct task_struct *p, const struct cpu_record *c)
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

/* Most CPUs never have a pinned task, and are spared the look-up of two queues by number. */
static u64 pinned_queued(u32 class, s32 cpu)
{
	struct cpu_record *c = cpu_record_of(cpu);

	return c && c->has_pinned ? queued(PINNED_DSQ(class, cpu)) : 0;
}

static bool any_in_own_queues(s32 cpu)
{
	return queued(PINNED_DSQ(CLASS_PRIORITY, cpu)) || queued(PINNED_DSQ(CLASS_BATCH, cpu));
}

/* The flag is cleared before the queue is read, in one step: user space's moves queue a task and then set the flag without
 * this run queue's lock (membership.h). */
static void expect_no_pinned(s32 cpu, struct cpu_record *c)
{
	if (!c->has_pinned || any_in_own_queues(cpu))
		return;
	__sync_lock_test_and_set(&c->has_pinned, false);
	if (any_in_own_queues(cpu))
		c->has_pinned = true;
}

CHECKED_ONCE u64 count_overdue(s32 cpu)
{
	return queued(OVERDUE_DSQ) + queued(PINNED_OVERDUE_DSQ(cpu)) + queued(WORKING_DSQ);
}

static u64 overdue_queued(s32 cpu)
{
	return any_overdue ? count_overdue(cpu) : 0;
}

static u64 class_queued(u32 class, s32 cpu)
{
	if (class == CLASS_BATCH)
		return queued(BATCH_DSQ) + pinned_queued(class, cpu) + overdue_queued(cpu);
	return queued(PRIORITY_DSQ) + pinned_queued(class, cpu);
}

/* Returns true if a PRIORITY task that may run on `cpu` is known to wait. */
static bool priority_waits_for(s32 cpu, const struct cpu_record *c)
{
	return class_queued(CLASS_PRIORITY, cpu) > c->foreign_priority;
}

static u64 charged_vtime(u64 vtime, u64 ran_ns, u32 weight)
{
	return vtime + ran_ns * 100 / (weight ? weight : 1);
}

#endif
