// SPDX-License-Identifier: GPL-2.0-only
/* The smallest scheduler there is, for the tests: a name, and the kernel's defaults for the rest. */
struct sched_ext_ops {
	char name[128];
};

__attribute__((section(".struct_ops.link"), used)) struct sched_ext_ops other = {
	.name = "someone_elses",
};
