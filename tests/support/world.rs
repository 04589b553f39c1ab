//! A machine that does not exist: it ticks, has processes and counters, and is what a test needs.

use std::sync::Arc;
use std::time::Duration;

use dualq_top::model::{
    ActiveScheduler, Cpu, CpuCounters, Histogram, Host, KindWaits, NoWaits, Policy, Process,
    ProcessId, ProcessWaits, Queue, Role, SchedulerStatus, Snapshot, Tunables, WaitCost,
};
use dualq_top::tui::app::Event;

/// Dispatches per second of a busy CPU.
const PER_CPU: f64 = 2300.0;

/// Waits in microseconds, each with its share.
type Shape = &'static [(f64, f64)];
const PRIORITY: Shape = &[
    (5.2, 0.1),
    (7.1, 0.33),
    (8.2, 0.3),
    (10.4, 0.16),
    (12.8, 0.1),
    (41.0, 0.01),
];
const BATCH: Shape = &[
    (11.0, 0.1),
    (24.0, 0.2),
    (41.0, 0.3),
    (77.0, 0.2),
    (130.0, 0.15),
    (212.0, 0.04),
    (710.0, 0.01),
];
const DEFAULT: Shape = &[(12.0, 0.55), (150.0, 0.2), (702.0, 0.2), (2900.0, 0.05)];
const REQUEUED: Shape = &[(410.0, 0.2), (1900.0, 0.5), (3900.0, 0.28), (8100.0, 0.02)];

/// The machine. What a test wants otherwise, it sets.
#[derive(Debug, Clone)]
pub struct World {
    pub snapshot: Snapshot,
    /// Percent of one CPU that each process uses, in the order of the snapshot's processes.
    pub uses: Vec<f32>,
    /// Busy part of the CPUs, 0 to 1.
    pub busy: f64,
    watched: Option<u32>,
    seconds: u64,
}

impl World {
    pub fn new(cpus: u32) -> Self {
        let mut world = Self {
            snapshot: Snapshot {
                at: Duration::from_secs(90_000),
                host: Host {
                    kernel: "7.2.13".into(),
                    cpu_percent: Some(98.0),
                    processes_hidden: false,
                    memory_used_bytes: 5_100_000_000,
                    memory_total_bytes: 16_600_000_000,
                    load: Some([f64::from(cpus) * 1.6, f64::from(cpus) * 1.2, 1.74]),
                    pressure_percent: None,
                },
                scheduler: SchedulerStatus {
                    active: ActiveScheduler::Dualq,
                    role: Role::Owner,
                    attached: Some(Duration::from_secs(761)),
                    guarantee_percent: Some(10),
                    tunables: Some(Tunables::default()),
                    watchdog: Some(Duration::from_secs(30)),
                    oldest_wait: Some(Duration::from_millis(200)),
                    limits: None,
                    members: 0,
                    exit: None,
                },
                cpus: (0..cpus)
                    .map(|number| Cpu {
                        number,
                        online: true,
                        llc: Some(0),
                        node: Some(0),
                        busy_percent: Some(98.0),
                        counters: Some(CpuCounters {
                            priority_enq: 1_000_000,
                            priority_dis: 1_000_000,
                            batch_enq: 2_000_000,
                            batch_dis: 2_000_000,
                            priority_ns: 100_000_000_000,
                            batch_ns: 300_000_000_000,
                            rescues: 5000,
                        }),
                    })
                    .collect(),
                processes: Vec::new(),
                threads_left_out: 0,
                waits: Ok(Arc::default()),
                inspected: None,
            },
            uses: Vec::new(),
            busy: 1.0,
            watched: None,
            seconds: 0,
        };
        world.people();
        world
    }

    fn people(&mut self) {
        self.add(
            4121,
            "ana",
            "ffmpeg",
            "ffmpeg -i talk.mp4 -c:v libx264 -preset slow talk.mkv",
            88.2,
        );
        self.add(3977, "ana", "cc1plus", "cc1plus -quiet -O2 queue.cpp", 61.4);
        self.add(3978, "ana", "cc1plus", "cc1plus -quiet -O2 main.cpp", 60.9);
        self.add(
            3990,
            "ana",
            "rustc",
            "rustc --crate-name dualq_top --edition=2024 src/lib.rs",
            41.3,
        );
        self.add(2210, "ana", "pipewire", "/usr/bin/pipewire", 4.2);
        self.add(
            1804,
            "ana",
            "gnome-shell",
            "/usr/bin/gnome-shell --mode=user",
            3.9,
        );
        self.add(
            2955,
            "ana",
            "firefox",
            "/usr/lib/firefox/firefox --new-window https://kernel.org",
            3.1,
        );
        self.add(
            812,
            "postgres",
            "postgres",
            "postgres: 17/main: walwriter",
            1.3,
        );
        self.add(
            640,
            "messagebus",
            "dbus-daemon",
            "dbus-daemon --system --address=systemd: --nofork",
            0.4,
        );
        self.add(5000, "root", "dualq-top", "dualq-top", 0.9);
        self.add(1, "root", "systemd", "/sbin/init", 0.0);
        self.add(17, "root", "ksoftirqd/0", "ksoftirqd/0", 0.2);
        for n in 0..30 {
            let names = ["bash", "sshd", "vim", "less", "tmux"];
            let name = names[n as usize % names.len()];
            self.add(
                700 + 13 * n,
                if n % 4 == 0 { "root" } else { "ana" },
                name,
                name,
                0.0,
            );
        }
        self.process(1).parent = 0;
        self.process(17).parent = 2;
        self.process(5000).own = true;
        self.process(17).kernel_thread = true;
        self.process(2955).threads = 112;
        self.process(4121).threads = 8;
        self.process(2955).state = 'S';
    }

    pub fn add(&mut self, pid: u32, user: &str, name: &str, command: &str, uses: f32) {
        self.snapshot.processes.push(Process {
            id: ProcessId {
                pid,
                start_ticks: 100 * u64::from(pid),
            },
            thread_of: None,
            parent: 1,
            user: user.into(),
            state: if uses > 10.0 { 'R' } else { 'S' },
            threads: 1,
            policy: Policy::Other,
            cpu_time: Duration::from_secs(u64::from(pid) / 40),
            name: name.into(),
            command: command.into(),
            kernel_thread: false,
            queue: Some(Queue::Batch),
            membership: None,
            level: None,
            own: false,
            details: None,
        });
        self.uses.push(uses);
    }

    /// A thread of a process, seen as long as threads are shown.
    pub fn thread(&mut self, tid: u32, of: u32, name: &str, uses: f32) {
        let process = self.process(of).clone();
        self.add(tid, &process.user, name, "", uses);
        let thread = self.process(tid);
        thread.command = format!("{name}, thread of {} ({of})", process.name).into();
        thread.thread_of = Some(process.id);
        thread.parent = of;
        thread.threads = 0;
        thread.queue = process.queue;
    }

    fn index(&self, pid: u32) -> usize {
        let is = |p: &Process| p.id.pid == pid;
        self.snapshot
            .processes
            .iter()
            .position(is)
            .expect("no such process in the fixture")
    }

    pub fn process(&mut self, pid: u32) -> &mut Process {
        let index = self.index(pid);
        &mut self.snapshot.processes[index]
    }

    pub fn id(&self, pid: u32) -> ProcessId {
        self.snapshot.processes[self.index(pid)].id
    }

    pub fn uses(&mut self, pid: u32, percent: f32) {
        let index = self.index(pid);
        self.uses[index] = percent;
    }

    pub fn end(&mut self, pid: u32) {
        let index = self.index(pid);
        self.snapshot.processes.remove(index);
        self.uses.remove(index);
    }

    /// As the kernel's map has it from now on.
    pub fn put(&mut self, pid: u32, queue: Queue) {
        let id = self.id(pid);
        self.snapshot.put(id, queue);
        let member = |p: &&Process| p.thread_of.is_none() && p.queue == Some(Queue::Priority);
        self.snapshot.scheduler.members = self.snapshot.processes.iter().filter(member).count();
    }

    /// Gives a member a level.
    pub fn on_level(&mut self, pid: u32, level: u8) {
        let mut processes = self.snapshot.processes.iter_mut();
        let process = processes.find(|process| process.id.pid == pid).unwrap();
        process.level = Some(level);
    }

    pub fn scheduler(&mut self) -> &mut SchedulerStatus {
        &mut self.snapshot.scheduler
    }

    /// The kernel's own scheduler, or another, runs: nothing of ours can be read.
    pub fn scheduled_by(&mut self, active: ActiveScheduler) {
        *self.scheduler() = SchedulerStatus {
            active,
            attached: None,
            guarantee_percent: None,
            tunables: None,
            members: 0,
            ..self.snapshot.scheduler.clone()
        };
        self.snapshot
            .cpus
            .iter_mut()
            .for_each(|cpu| cpu.counters = None);
        self.snapshot
            .processes
            .iter_mut()
            .for_each(|process| process.queue = None);
    }

    /// dualq is attached again, with counters from zero.
    pub fn reattach(&mut self) {
        self.scheduler().active = ActiveScheduler::Dualq;
        self.scheduler().attached = Some(Duration::ZERO);
        for cpu in &mut self.snapshot.cpus {
            cpu.counters = cpu.online.then(CpuCounters::default);
        }
    }

    /// Each so many CPUs in a row share a last cache, and each so many caches a node.
    pub fn places(&mut self, cpus: u32, caches: u32) {
        for cpu in &mut self.snapshot.cpus {
            cpu.llc = Some(cpu.number / cpus * cpus);
            cpu.node = Some(cpu.number / cpus / caches);
        }
    }

    pub fn offline(&mut self, number: usize) {
        self.snapshot.cpus[number].online = false;
        self.snapshot.cpus[number].busy_percent = None;
    }

    /// A change of the machine, which resets the maxima.
    pub fn event(&mut self) {
        if let Ok(waits) = &mut self.snapshot.waits {
            let waits = Arc::make_mut(waits);
            waits.event += 1;
            for queue in [&mut waits.priority, &mut waits.batch] {
                queue.wake.max_ns = 0;
                queue.requeue.max_ns = 0;
            }
        }
    }

    /// This one's waits are measured though it is no member, as of one under the cursor.
    pub fn watch(&mut self, pid: u32) {
        self.watched = Some(pid);
    }

    /// No longer measuring waits.
    pub fn no_waits(&mut self, why: NoWaits) {
        self.snapshot.waits = Err(why);
    }

    /// Tasks wait, members less than others.
    fn wait(&mut self, seconds: f64) {
        let running = self.snapshot.cpus.iter().filter(|cpu| cpu.online).count() as f64;
        let times = running * 400.0 * self.busy * seconds;
        let ours = self.snapshot.scheduler.active == ActiveScheduler::Dualq;
        let Ok(waits) = &mut self.snapshot.waits else {
            return;
        };
        let waits = Arc::make_mut(waits);
        let members: Vec<ProcessId> = self
            .snapshot
            .processes
            .iter()
            .filter(|process| {
                process.queue == Some(Queue::Priority) || Some(process.id.pid) == self.watched
            })
            .map(|process| process.id)
            .collect();
        for id in &members {
            if waits.processes.iter().all(|process| process.id != *id) {
                waits.processes.push(ProcessWaits {
                    id: *id,
                    wake: Histogram::default(),
                    requeue: Histogram::default(),
                });
            }
        }
        waits.processes.sort_unstable_by_key(|process| process.id);
        let living = |id| self.snapshot.processes.iter().any(|p| p.id == id);
        waits.processes.retain(|process| living(process.id));
        let is_member = |id| {
            let found = self.snapshot.processes.iter().find(|p| p.id == id);
            found.is_some_and(|process| process.queue == Some(Queue::Priority))
        };
        for (index, process) in waits.processes.iter_mut().enumerate() {
            let waits = match (is_member(process.id), ours) {
                (true, true) => PRIORITY,
                (false, true) => BATCH,
                (_, false) => DEFAULT,
            };
            for (us, share) in waits {
                let count = (120.0 * seconds * share / (index + 1) as f64) as u64;
                process.wake.count((us * 1000.0) as u64, count);
            }
        }
        if !members.is_empty() {
            wait(&mut waits.priority.wake, PRIORITY, times);
            wait(&mut waits.priority.requeue, REQUEUED, times / 20.0);
        }
        wait(
            &mut waits.batch.wake,
            if ours { BATCH } else { DEFAULT },
            times,
        );
        wait(&mut waits.batch.requeue, REQUEUED, times / 4.0);
        let cost = waits.cost.get_or_insert(WaitCost::default());
        let events = (times * 3.0) as u64;
        cost.events += events;
        cost.ns += events * 290;
    }

    /// Returns the snapshot of now.
    pub fn look(&self) -> Event {
        Event::Snapshot(Box::new(self.snapshot.clone()))
    }

    /// A second passes in which nothing is counted.
    pub fn look_later(&mut self) -> Event {
        self.snapshot.at += Duration::from_secs(1);
        self.look()
    }

    /// A second passes.
    pub fn tick(&mut self) -> Event {
        self.pass(Duration::from_secs(1))
    }

    /// Some time passes; counters and CPU times grow with it.
    pub fn pass(&mut self, time: Duration) -> Event {
        self.seconds += 1;
        let seconds = time.as_secs_f64();
        let members = self.snapshot.scheduler.members as f64;
        // Each member takes some of what was BATCH's, as long as the guarantee allows it.
        let share = (members * 0.42).min(0.88);
        self.snapshot.at += time;
        if let Some(attached) = &mut self.snapshot.scheduler.attached {
            *attached += time;
        }
        for (process, uses) in self.snapshot.processes.iter_mut().zip(&self.uses) {
            process.cpu_time += time.mul_f32(uses / 100.0);
        }
        let tick = self.seconds;
        for cpu in self.snapshot.cpus.iter_mut().filter(|cpu| cpu.online) {
            let wave = wobble(u64::from(cpu.number), tick) * self.busy;
            if let Some(busy) = &mut cpu.busy_percent {
                *busy = (100.0 * self.busy - 4.0 * wobble(tick, cpu.number.into())).max(0.0) as f32;
            }
            let Some(counters) = &mut cpu.counters else {
                continue;
            };
            let all = PER_CPU * seconds * wave;
            let priority = all * share * 0.72;
            counters.priority_enq += priority as u64;
            counters.priority_dis += (priority * 0.97) as u64;
            counters.batch_enq += (all - priority) as u64;
            counters.batch_dis += ((all - priority) * 0.96) as u64;
            let nanoseconds = 1e9 * seconds * self.busy;
            counters.priority_ns += (nanoseconds * share) as u64;
            counters.batch_ns += (nanoseconds * (1.0 - share)) as u64;
            counters.rescues += (4.0 * share * seconds * 10.0) as u64 / 10;
        }
        self.snapshot.host.cpu_percent = Some(98.0 * self.busy as f32);
        self.wait(seconds);
        self.look()
    }
}

fn wait(kind: &mut KindWaits, shape: Shape, times: f64) {
    for (us, share) in shape {
        let (ns, count) = ((us * 1000.0) as u64, (times * share) as u64);
        kind.histogram.count(ns, count);
        if count > 0 {
            kind.max_ns = kind.max_ns.max(ns);
        }
    }
}

/// Between 0.7 and 1.0, different for each CPU and second, the same each time.
fn wobble(a: u64, b: u64) -> f64 {
    let mixed = (a * 31 + b * 17 + 7) * 2_654_435_761;
    let slow = ((a * 5 + b) as f64 / 7.0).sin() * 0.08;
    0.8 + slow + 0.12 * ((mixed >> 8) % 100) as f64 / 100.0
}
