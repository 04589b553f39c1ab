// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wait instrument: measures how long tasks wait for a CPU, by class, under any scheduler.
 *
 * A wait begins when a task is woken (or preempted) and ends when it runs. The same programs measure
 * our scheduler and the kernel's own, so that before and after mean the same. Each histogram belongs
 * to one CPU and is written there with interrupts off: no lock, no atomic, constant work. The file
 * reads in the order in which a wait passes: begun by waking or by preemption, ended by running.
 * A part of the scheduler's object, because libbpf reads the kernel's types once for each object.
 * src/scheduler/load.rs leaves it out where it is not wanted or cannot be loaded.
 */
#ifndef DUALQ_WAITS_H
#define DUALQ_WAITS_H

/* ---- what is kept; src/waits/layout.rs has the same layout ---- */

/* Times below 8 ns have a bucket each, then eight buckets an octave, up to 2^37 ns (137 s). */
#define SUBS 8
#define BUCKETS 280

enum kind {
	KIND_WAKE,
	KIND_REQUEUE,
	NR_KINDS,
};

struct histogram {
	u64 counts[BUCKETS];
	u64 max_ns;		/* since the event below */
	u64 event;
};

struct cpu_waits {
	struct histogram priority[NR_KINDS];
	struct histogram batch[NR_KINDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_waits);
} wait_histograms SEC(".maps");

/* Processes that are measured individually; user space adds them. All CPUs share these counters, so they are atomic; only
 * samples of these few processes pay for it. */
struct process_waits {
	u32 wake[BUCKETS];
	u32 requeue[BUCKETS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, struct process_waits);
} wait_processes SEC(".maps");

/* Values that user space sets. */
enum control {
	/* Odd while a scheduler is being attached or detached: nothing is measured, and a wait that spans the change is not
	 * counted. */
	CONTROL_PHASE,
	/* The number of changes of the machine; maxima are reset with each. */
	CONTROL_EVENT,
	/* True while the programs are attached, for readers. */
	CONTROL_ON,
	NR_CONTROLS,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_CONTROLS);
	__type(key, u32);
	__type(value, u64);
} wait_control SEC(".maps");

/* A wait that has begun. */
struct wait {
	u64 since;		/* 0: none */
	u64 phase;
	const void *sched_class;
	u64 looked_up;		/* when the class was, and whether the process is in wait_processes */
	u8 class;		/* at its beginning: a toggle meanwhile does not change it */
	u8 watched;
	u8 kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wait);
} waits SEC(".maps");

static u64 control(u32 which)
{
	u64 *value = bpf_map_lookup_elem(&wait_control, &which);

	return value ? *value : 0;
}

/* ---- begun ---- */

/* The idle task never waits; real-time and deadline tasks belong to neither scheduler. */
static bool is_measured(struct task_struct *p)
{
	return p->pid && p->prio >= MAX_RT_PRIO;
}

/* The maximum age of a cached look-up: three hash look-ups took half of a wait's cost. */
#define LOOK_UP_NS (10ULL * 1000 * 1000)

static void look_up(struct task_struct *p, struct wait *w, u64 now)
{
	u32 tgid = p->tgid;

	if (w->looked_up && now - w->looked_up < LOOK_UP_NS)
		return;
	w->looked_up = now;
	w->class = class_of(p);
	w->watched = bpf_map_lookup_elem(&wait_processes, &tgid) != NULL;
}

static void begin(struct task_struct *p, u8 kind)
{
	u64 phase = control(CONTROL_PHASE);
	struct wait *w;

	if (!is_measured(p) || (phase & 1))
		return;
	w = bpf_task_storage_get(&waits, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!w)
		return;
	/* A task that was preempted on its way to sleep never left the run queue, so it has been waiting since. */
	if (kind == KIND_WAKE && w->since && w->kind == KIND_REQUEUE && w->phase == phase)
		return;
	w->phase = phase;
	w->sched_class = p->sched_class;
	w->kind = kind;
	w->since = bpf_ktime_get_ns();
	look_up(p, w, w->since);
}

/* sched_waking, not sched_wakeup, which can come late and from another CPU. */
SEC("tp_btf/sched_waking")
int BPF_PROG(waits_waking, struct task_struct *p)
{
	/* A task that wakes itself keeps running: it was about to sleep, and an interrupt on its CPU was faster. A task that is
	 * woken from another CPU before it slept starts a wait here, which its next wake-up or preemption replaces. */
	if (p != bpf_get_current_task_btf())
		begin(p, KIND_WAKE);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(waits_wakeup_new, struct task_struct *p)
{
	begin(p, KIND_WAKE);
	return 0;
}

/* ---- ended ---- */

CHECKED_ONCE u32 bucket_of(u64 ns)
{
	u64 rest = ns;
	u32 octave = 0, bucket;

	if (ns < SUBS)
		return ns;
	if (rest >> 32) { rest >>= 32; octave += 32; }
	if (rest >> 16) { rest >>= 16; octave += 16; }
	if (rest >> 8) { rest >>= 8; octave += 8; }
	if (rest >> 4) { rest >>= 4; octave += 4; }
	if (rest >> 2) { rest >>= 2; octave += 2; }
	if (rest >> 1)
		octave += 1;
	bucket = (octave - 2) * SUBS + ((ns >> (octave - 3)) & (SUBS - 1));
	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static void record(u32 tgid, const struct wait *w, u64 ns)
{
	u32 key = 0, bucket = bucket_of(ns);
	struct cpu_waits *cpu;
	struct histogram *h;
	struct process_waits *process;
	u64 event = control(CONTROL_EVENT);

	cpu = bpf_map_lookup_elem(&wait_histograms, &key);
	if (!cpu || bucket >= BUCKETS)
		return;
	if (w->class == CLASS_PRIORITY)
		h = w->kind == KIND_WAKE ? &cpu->priority[KIND_WAKE] : &cpu->priority[KIND_REQUEUE];
	else
		h = w->kind == KIND_WAKE ? &cpu->batch[KIND_WAKE] : &cpu->batch[KIND_REQUEUE];
	h->counts[bucket]++;
	if (h->event != event) {
		h->event = event;
		h->max_ns = 0;
	}
	if (ns > h->max_ns)
		h->max_ns = ns;

	process = w->watched ? bpf_map_lookup_elem(&wait_processes, &tgid) : NULL;
	if (!process)
		return;
	if (w->kind == KIND_WAKE)
		__sync_fetch_and_add(&process->wake[bucket], 1);
	else
		__sync_fetch_and_add(&process->requeue[bucket], 1);
}

static void end(struct task_struct *p)
{
	struct wait *w = bpf_task_storage_get(&waits, p, NULL, 0);
	u64 since;
	s64 ns;

	if (!w || !w->since)
		return;
	since = w->since;
	w->since = 0;
	/* The second test detects changes that user space did not announce: an ejection, another sched_ext scheduler, a task that
	 * became real-time. */
	if (w->phase != control(CONTROL_PHASE) || w->sched_class != p->sched_class)
		return;
	if (w->class != CLASS_PRIORITY && w->class != CLASS_BATCH)
		return;
	/* The clocks of two CPUs may differ a little. */
	ns = bpf_ktime_get_ns() - since;
	record(p->tgid, w, ns > 0 ? ns : 0);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(waits_switch, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int prev_state)
{
	/* Preempted, or yielded: it wants to continue. */
	if (preempt || !prev_state)
		begin(prev, KIND_REQUEUE);
	end(next);
	return 0;
}

#endif
