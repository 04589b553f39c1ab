//! The contenders: the compared ways to favour one process.

use super::worker::Policy;

/// The active scheduler during a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    KernelDefault,
    Dualq,
    /// A peer, by its index in the plan.
    Peer(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    Default,
    /// The favoured process at nice -20.
    Nice,
    /// All others SCHED_IDLE.
    OthersIdle,
    /// The favoured process with SCHED_FIFO: the floor, because no normal task delays it.
    Fifo,
    DualqBatch,
    DualqPriority,
    Peer(usize),
}

impl Contender {
    pub const KERNEL: [Self; 4] = [Self::Default, Self::Nice, Self::OthersIdle, Self::Fifo];
    pub const DUALQ: [Self; 2] = [Self::DualqBatch, Self::DualqPriority];

    #[must_use]
    pub fn running(self) -> Running {
        match self {
            Self::Default | Self::Nice | Self::OthersIdle | Self::Fifo => Running::KernelDefault,
            Self::DualqBatch | Self::DualqPriority => Running::Dualq,
            Self::Peer(number) => Running::Peer(number),
        }
    }

    /// Returns the scheduling of the measured process.
    #[must_use]
    pub fn favoured(self) -> Policy {
        match self {
            Self::Nice => Policy::Nice,
            Self::Fifo => Policy::Fifo,
            _ => Policy::Normal,
        }
    }

    /// Returns the scheduling of all other processes.
    #[must_use]
    pub fn others(self) -> Policy {
        match self {
            Self::OthersIdle => Policy::Idle,
            _ => Policy::Normal,
        }
    }

    /// Returns the key in the report, which is an interface.
    #[must_use]
    pub fn key(self, peers: &[String]) -> String {
        match self {
            Self::Default => "default".into(),
            Self::Nice => "nice".into(),
            Self::OthersIdle => "others_idle".into(),
            Self::Fifo => "fifo".into(),
            Self::DualqBatch => "dualq_batch".into(),
            Self::DualqPriority => "dualq_priority".into(),
            Self::Peer(number) => format!("peer:{}", peer(peers, number)),
        }
    }

    /// Returns the name in the report; `favoured` is the favoured task, such as "probe".
    #[must_use]
    pub fn label(self, favoured: &str, peers: &[String]) -> String {
        match self {
            Self::Default => "kernel default".into(),
            Self::Nice => format!("the same, {favoured} at nice -20"),
            Self::OthersIdle => "the same, others SCHED_IDLE".into(),
            Self::Fifo => format!("the same, {favoured} SCHED_FIFO"),
            Self::DualqBatch => format!("dualq, {favoured} in BATCH"),
            Self::DualqPriority => format!("dualq, {favoured} in PRIORITY"),
            Self::Peer(number) => peer(peers, number).into(),
        }
    }
}

fn peer(peers: &[String], number: usize) -> &str {
    peers.get(number).map_or("?", String::as_str)
}
