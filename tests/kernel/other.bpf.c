// SPDX-License-Identifier: GPL-2.0-only
/* The smallest scheduler there is, for the tests: a name, and the kernel's defaults for the rest. */
#define SEC(name) __attribute__((section(name), used))

struct sched_ext_ops {
	char name[128];
};

SEC(".struct_ops.link") struct sched_ext_ops other = {
	.name = "someone_elses",
};

/* And what ends whichever scheduler runs, with the request to start it again: the kernel itself
 * makes that at a hotplug that a scheduler does not handle, and ours handles them. */
extern void scx_bpf_exit_bstr(long long exit_code, char *fmt, unsigned long long *data, unsigned int data__sz)
	SEC(".ksyms");

SEC("syscall") int ask_restart(void *context)
{
	static char format[] = "asked for by test %llu";
	unsigned long long data[1] = { 8 };

	scx_bpf_exit_bstr(1LL << 48 /* SCX_ECODE_ACT_RESTART */, format, data, sizeof(data));
	return 0;
}

/* Run for each task whenever the iterator is read. Meanwhile the reader is in an RCU read section, may be preempted,
 * and stays on its CPU (bpf_iter_run_prog, kernel/bpf/bpf_iter.c). */
static long (*bpf_loop)(unsigned int times, void *step, void *context, unsigned long long flags) = (void *)181;

static long step(unsigned int time, void *context)
{
	return 0;
}

SEC("iter/task") int read_long(void *context)
{
	bpf_loop(1 << 18, step, 0, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
