// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports each exec to user space, for the rules. An object of its own: it needs no sched_ext, and is
 * loaded only where there are rules.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

struct exec_record {
	u32 pid;
	/* The effective user. */
	u32 uid;
	u64 start_boottime_ns;
	char comm[16];
	/* The parent's first thread's. */
	char parent_comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} execs SEC(".maps");

/* How many found no room: user space then looks through all processes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} execs_lost SEC(".maps");

/* Not inlined, so that the record is an argument: the skeleton has the types of arguments, and not those of variables. */
static __noinline int fill(struct exec_record *record, struct task_struct *p)
{
	record->pid = p->tgid;
	record->uid = p->real_cred->euid.val;
	record->start_boottime_ns = p->group_leader->start_boottime;
	__builtin_memcpy(record->comm, p->comm, sizeof(record->comm));
	__builtin_memcpy(record->parent_comm, p->real_parent->group_leader->comm, sizeof(record->parent_comm));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(dualq_exec, struct task_struct *p)
{
	struct exec_record record = {};
	u32 first = 0;
	u64 *lost;

	fill(&record, p);
	if (!bpf_ringbuf_output(&execs, &record, sizeof(record), 0))
		return 0;
	lost = bpf_map_lookup_elem(&execs_lost, &first);
	if (lost)
		__sync_fetch_and_add(lost, 1);
	return 0;
}
