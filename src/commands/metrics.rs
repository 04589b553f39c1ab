//! `attach --metrics`: the text of `stats --openmetrics`, over HTTP.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use super::openmetrics;
use crate::refusal::{Refusal, Status};
use crate::scheduler::Handle;
use crate::service::responder::{self, Page};
use crate::sys::capabilities;

/// The scheduler that a scrape reads: none until this process has attached the scheduler.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<Option<Handle>>>);

impl Metrics {
    /// Takes the address now, so that a wrong one is refused before anything is attached. Returns it too, with the
    /// port that the kernel chose for port 0.
    ///
    /// # Errors
    /// A [`Refusal`] if the address cannot be had.
    pub fn listen(address: SocketAddr) -> Result<(Self, SocketAddr)> {
        let metrics = Self::default();
        let serves = metrics.clone();
        let listener = TcpListener::bind(address);
        let served = listener.and_then(|listener| {
            responder::serve(
                &listener,
                openmetrics::CONTENT_TYPE,
                // Reading takes no rights: the descriptors are open.
                || drop(capabilities::drop_unneeded()),
                move || serves.page(),
            )?;
            listener.local_addr()
        });
        match served {
            Ok(address) => Ok((metrics, address)),
            Err(error) => Err(Refusal::new(
                Status::BadArgument,
                format!(
                    "cannot serve metrics at {address}: {error}; choose another address or port"
                ),
            )
            .into()),
        }
    }

    /// From now on scrapes are answered from this scheduler.
    pub fn begin(&self, handle: Handle) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    fn page(&self) -> Page {
        let handle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(handle) = &*handle else {
            return Err("this process has not attached dualq yet: ask again".to_owned());
        };
        openmetrics::of(handle).map_err(|error| format!("cannot read the scheduler: {error:#}"))
    }
}
