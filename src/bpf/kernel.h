/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types, as far as this program touches them.
 *
 * CO-RE finds each member by name in the running kernel's BTF, so order, gaps and sizes here mean
 * nothing, and a kernel that lacks a member is told apart by its name. This spares the build a
 * generated vmlinux.h, bpftool, and a kernel with sched_ext on the machine that compiles.
 */
#ifndef DUALQ_KERNEL_H
#define DUALQ_KERNEL_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* include/uapi/linux/bpf.h: numbers of the system call's interface, which never change. */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
};
/* include/uapi/linux/time.h */
#define CLOCK_MONOTONIC 1
/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000
/* include/uapi/asm-generic/errno-base.h */
#define ENOENT 2
#define ESRCH 3
#define E2BIG 7
#define ENOMEM 12
#define EINVAL 22
/* MAX_RT_PRIO: a lower `prio` is a real-time or deadline task (include/linux/sched/prio.h). */
#define MAX_RT_PRIO 100

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct cpumask {
	unsigned long bits[1];
};

/* Holds a cpumask by value so that the compiler writes both out: a mere forward declaration does
 * not match the kernel's function prototypes. */
struct bpf_cpumask {
	struct cpumask cpumask;
};

struct sched_ext_entity {
	u32 flags;
	u32 weight;
	u64 slice;
	u64 dsq_vtime;
};

typedef struct {
	unsigned int sequence;
} seqcount_t;

typedef struct {
	seqcount_t seqcount;
} seqcount_spinlock_t;

typedef struct {
	seqcount_spinlock_t seqcount;
} seqlock_t;

struct signal_struct {
	atomic_t live;
	int nr_threads;
	seqlock_t stats_lock;
	unsigned long long sum_sched_runtime;
};

struct sched_entity {
	u64 sum_exec_runtime;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t euid;
};

struct sched_class;

struct list_head {
	struct list_head *next;
};

struct task_struct {
	unsigned int __state;
	int exit_state;
	struct sched_entity se;
	struct task_struct *real_parent;
	const struct cred *real_cred;
	u64 self_exec_id;
	char comm[16];
	unsigned int flags;
	int prio;
	unsigned int policy;
	int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	unsigned short migration_disabled;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	u64 start_boottime;
	struct list_head tasks;
	struct signal_struct *signal;
	const struct sched_class *sched_class;
	struct sched_ext_entity scx;
};

/* An enum, not an int: CO-RE compares kinds, and an int gives "invalid CO-RE relocation". */
enum scx_exit_kind {
	SCX_EXIT_NONE = 0,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
	char *dump;
};

struct scx_init_task_args {
	bool fork;
};

struct scx_exit_task_args;
struct scx_cpu_release_args;

/* Only the members that we fill: libbpf matches them with the kernel's by name. */
struct sched_ext_ops {
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	bool (*yield)(struct task_struct *from, struct task_struct *to);
	void (*cpu_release)(s32 cpu, struct scx_cpu_release_args *args);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*enable)(struct task_struct *p);
	void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
	void (*cpu_online)(s32 cpu);
	void (*cpu_offline)(s32 cpu);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	u64 flags;
	u32 timeout_ms;
	u32 exit_dump_len;
	u64 hotplug_seq;
	char name[128];
};

#pragma clang attribute pop

/*
 * For a function that is reached on many paths. Without `static` the verifier checks it once in each program, for any
 * arguments. A static one is checked with each combination of what its caller knows. Pointers to tasks are
 * marked __arg_trusted, others __arg_nonnull. A call costs the hot path a few instructions.
 */
#define CHECKED_ONCE __noinline

/* The verifier knows these two by size: no CO-RE. */
struct bpf_timer {
	__u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_iter_scx_dsq {
	u64 opaque[6];
} __attribute__((aligned(8)));
struct bpf_iter_task {
	__u64 opaque[3];
} __attribute__((aligned(8)));
struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

#endif
