# The two commands of the README, and what they are made of. The work is done by the scripts in
# vm/ and by cargo; each line here says which.

PREFIX ?= /usr/local
CARGO_TARGET_DIR ?= target
program = $(CARGO_TARGET_DIR)/release/dualq-top
root = $(DESTDIR)$(PREFIX)

help:
	@echo 'make demo     the dashboard, live, on this machine or in a virtual one'
	@echo 'make test     all tests, those on a real kernel included; a quarter to half an hour on two cores'
	@echo 'make test-smoke   the short test that make test runs on the newest kernel of each line, and the table of their results'
	@echo 'make test-kernels test-arm64, then test-smoke, then all kernel tests on each kernel that passed; hours'
	@echo 'make lint     formatting, clippy, licences, links of the documentation, shell scripts'
	@echo 'make test-virtual-time  what only virtual time can show: deadlines, the wait instrument; four minutes'
	@echo 'make build    $(CARGO_TARGET_DIR)/release/dualq-top, and the same as a static program'
	@echo 'make install  program, manual pages, completions: to $(DESTDIR)$(PREFIX) (DESTDIR, PREFIX)'
	@echo 'make package  .deb and .rpm for x86-64 and arm64: to $(CARGO_TARGET_DIR)/packages; ARCHITECTURES=amd64 makes those alone'
	@echo 'make check-packages  their files, manual pages, PKGBUILD, flake and samples, with the tools that are here'
	@echo 'make dist     the source with all crates, which builds without a network'
	@echo 'make test-distribution  the .deb in a Debian with systemd: install, boot, reload, purge; ten minutes'
	@echo 'make bench    what the scheduler does to waits and work, in virtual time; long, less so with BENCH=--quick'
	@echo '              PEERS="scx_bpfland scx_lavd" builds and measures other schedulers beside it'
	@echo 'make bench-check  do hackbench, cyclictest, perf bench and stress-ng agree with it?'
	@echo 'make bench-real  redis, nginx, hackbench and others under several schedulers; REAL="--only redis" is short'
	@echo 'make bench-many  on 8 CPUs, with the noise of the host; and is all right on 64, two nodes?'
	@echo 'make bench-path  every kernel instruction of a wake-up, counted; SCHEDULERS="fifo member" is shorter'
	@echo 'make bench-dashboard   what the dashboard costs, beside htop and btop'
	@echo 'make docs     writes the generated parts of docs/ again, after a change of options or keys'
	@echo 'make pictures the pictures of README.md and docs/, from the built-in recording'
	@echo 'make shell    a shell in the virtual machine'
	@echo 'make soak     attached, killed, moved about a thousand times each, on a real kernel'
	@echo 'make fuzz     changed inputs for every parser, FUZZ_SECONDS (60) for each: a quarter of an hour'
	@echo 'make stress   ten scenarios under stress, twenty minutes; STRESS_SCALE=0.1 is shorter'
	@echo 'make audit    licences, sources and versions of all crates that are built in'
	@echo 'make build-arm64  a static program for arm64, cross-built'
	@echo 'make test-arm64   the smoke test on an emulated arm64 machine; ARM64=FILTER runs other kernel tests'
	@echo 'make clean    remove all that was built and downloaded'

demo:
	@vm/demo

test: packages-vm
	@vm/test-all

test-smoke: packages-vm
	@vm/smoke --write

test-kernels: test-arm64
	@vm/smoke --whole

lint: packages
	@vm/packages lint
	@vm/lint

# One CPU, in instructions counted: no part of make test, some four minutes a kernel.
test-virtual-time: packages-vm
	@DUALQ_ACCEL=icount vm/test probe:: virtual_time:: --ignored

build: packages program static

program:
	cargo build --release

static:
	vm/cargo-static build --release

install:
	@packaging/stage '$(DESTDIR)' '$(PREFIX)' '$(program)'

ARCHITECTURES ?= amd64 arm64

package: $(ARCHITECTURES:%=package-%)

packages-package: packages
	@vm/packages package

# Each of the static program; this machine's own prints the manual page of both.
package-amd64: packages-package static
	@packaging/packages "$$(vm/static-program)" amd64

package-arm64: packages-package static build-arm64
	@packaging/packages "$$(DUALQ_ARCH=aarch64 vm/static-program)" arm64 "$$(vm/static-program)"

check-packages:
	@ARCHITECTURES='$(ARCHITECTURES)' packaging/check

dist:
	@packaging/dist

# Takes 'make package' first, and mmdebstrap; some ten minutes without KVM.
test-distribution: packages-vm
	@vm/test-distribution

packages-arm64: packages
	@vm/packages arm64

build-arm64: packages-arm64
	DUALQ_ARCH=aarch64 vm/cargo-static build --release

ARM64 ?= smoke::

test-arm64: packages-vm packages-arm64
	@vm/packages vm-arm64
	@DUALQ_ARCH=aarch64 DUALQ_PART=arm64 vm/test $(ARM64)

bench: packages-vm
	@DUALQ_PEERS="$(PEERS)" vm/bench $(BENCH)

# Each tool after the measurement of ours that does the same.
bench-check: packages-vm
	@vm/packages tools
	@DUALQ_TOOLS="hackbench cyclictest perf stress-ng" vm/bench --repetitions 2 --seconds 3 \
		--only wake-up-8,cyclictest,stress-ng,messages,hackbench,perf-messaging,pipe,perf-pipe

bench-real: packages-vm
	@vm/bench-real $(REAL)

# Options, keys: tests/reference.rs compares them otherwise.
docs:
	UPDATE=1 vm/cargo-static test --test reference

pictures: packages
	@vm/pictures

bench-many: packages-vm
	@vm/bench-many

bench-path: packages-vm
	@vm/bench-path $(SCHEDULERS)

bench-dashboard:
	@bench/dashboard

SOAK ?= 1000

soak: packages-vm
	@SOAK=$(SOAK) DUALQ_ACCEL=single DUALQ_VM_TIMEOUT=86400 vm/test soak:: --nocapture

FUZZ_SECONDS ?= 60

fuzz: packages
	@FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz/run

STRESS_SCALE ?= 1

stress: packages-vm
	@vm/stress --scale $(STRESS_SCALE)

# Its own list of crates is locked; no registry of advisories is asked.
audit:
	cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
	cargo deny --locked check bans licenses sources

shell: packages-vm
	@vm/shell

packages:
	@vm/packages

packages-vm:
	@vm/packages vm

clean:
	cargo clean

.PHONY: help demo test test-smoke test-kernels lint test-virtual-time build program static install package package-amd64 package-arm64 packages-package check-packages dist test-distribution bench bench-check bench-real bench-many bench-path bench-dashboard soak fuzz stress audit docs pictures build-arm64 test-arm64 shell packages packages-vm packages-arm64 clean
