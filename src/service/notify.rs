//! The protocol of sd_notify(3): a datagram to the socket that the environment names.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The supervisor that asked to be told, if one did.
#[derive(Debug, Default)]
pub struct Supervisor(Option<(UnixDatagram, SocketAddr)>);

impl Supervisor {
    /// The one that `NOTIFY_SOCKET` names.
    #[must_use]
    pub fn from_environment() -> Self {
        let name = std::env::var_os("NOTIFY_SOCKET");
        Self(name.and_then(|name| {
            let address = address(&name)?;
            Some((UnixDatagram::unbound().ok()?, address))
        }))
    }

    /// The service is up, or up again after a reload.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// The settings are read again; [`Self::ready`] ends it.
    pub fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let microseconds = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// The service ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&self, status: &str) {
        self.tell(&format!("STATUS={status}"));
    }

    /// A supervisor that has gone is no reason to stop: errors are dropped.
    fn tell(&self, state: &str) {
        if let Some((socket, address)) = &self.0 {
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}

/// A path, or with an at sign before it a name in the kernel's own space of names.
fn address(name: &OsStr) -> Option<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok(),
        [b'/', ..] => SocketAddr::from_pathname(name).ok(),
        _ => None,
    }
}
