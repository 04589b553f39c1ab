//! The owner's side of the instrument: attaches and detaches its programs on demand.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use libbpf_rs::MapHandle;

use super::layout::Control;
use super::reader::Reader;
use crate::kernel::skeletons::dualq::{DualqSkel, OpenDualqSkel};
use crate::kernel::{pins, program};

/// The loaded instrument, measuring or not. Dropping it detaches its programs, unless they are pinned.
pub struct Instrument {
    reader: Reader,
    links: Vec<OwnedFd>,
    /// While open, makes the kernel count the programs' run times.
    statistics: Option<OwnedFd>,
}

impl Instrument {
    /// Leaves the instrument out of an object that is about to be loaded.
    ///
    /// # Errors
    /// If the object has been loaded already.
    pub fn leave_out(open: &mut OpenDualqSkel<'_>) -> Result<()> {
        let progs = &mut open.progs;
        for program in [
            &mut progs.waits_waking,
            &mut progs.waits_wakeup_new,
            &mut progs.waits_switch,
        ] {
            program.set_autoload(false);
        }
        let maps = &mut open.maps;
        for map in [
            &mut maps.wait_histograms,
            &mut maps.wait_processes,
            &mut maps.wait_control,
            &mut maps.waits,
        ] {
            map.set_autocreate(false)?;
        }
        Ok(())
    }

    /// Returns the instrument of a loaded object from which it was not left out. It does not measure yet.
    ///
    /// # Errors
    /// If there are no free descriptors.
    pub fn of(skel: &DualqSkel<'_>) -> Result<Self> {
        let maps = &skel.maps;
        let progs = &skel.progs;
        // In the order of `pins::WAIT_PROGRAMS`.
        let programs = [
            progs.waits_waking.as_fd(),
            progs.waits_wakeup_new.as_fd(),
            progs.waits_switch.as_fd(),
        ];
        Ok(Self {
            reader: Reader {
                histograms: MapHandle::try_from(&maps.wait_histograms)?,
                processes: MapHandle::try_from(&maps.wait_processes)?,
                control: MapHandle::try_from(&maps.wait_control)?,
                programs: programs
                    .iter()
                    .map(BorrowedFd::try_clone_to_owned)
                    .collect::<io::Result<_>>()?,
            },
            links: Vec::new(),
            statistics: None,
        })
    }

    /// Starts or stops measuring; pinned programs keep measuring. Attaching a loaded program needs no capability,
    /// so this works after they have been dropped. Counting its run time needs one, and is left out then.
    ///
    /// # Errors
    /// If the kernel refuses to attach a program. Nothing is measured then.
    pub fn measure(&mut self, on: bool) -> Result<()> {
        if on != self.links.is_empty() {
            return Ok(());
        }
        if on {
            // A wait that began before measuring was last turned off is not valid.
            let phase = self.reader.get(Control::Phase)?;
            self.reader.set(Control::Phase, phase + 2)?;
            let programs = self.reader.programs.iter();
            let links: io::Result<Vec<OwnedFd>> =
                programs.map(|it| program::attach(it.as_fd())).collect();
            self.links = links.context("cannot attach the wait instrument")?;
            // Maxima from before do not belong to this period.
            self.reader.event()?;
            self.statistics = program::count_run_times().ok();
        } else {
            self.links.clear();
            self.statistics = None;
        }
        self.reader.set(Control::On, u64::from(on))
    }

    /// Returns a reader.
    ///
    /// # Errors
    /// If there are no free descriptors.
    pub fn reader(&self) -> Result<Reader> {
        self.reader.try_clone()
    }

    /// Announces that a scheduler is about to be attached or detached. Until the result is dropped nothing is
    /// measured, and no wait that spans the change is counted.
    ///
    /// # Errors
    /// If there are no free descriptors.
    pub fn transition(&self) -> Result<Transition> {
        let reader = self.reader()?;
        let phase = reader.get(Control::Phase)?;
        reader.set(Control::Phase, phase | 1)?;
        Ok(Transition { reader, phase })
    }

    /// Pins the instrument for other processes.
    ///
    /// # Errors
    /// If the BPF file system refuses.
    pub fn pin(&self) -> Result<()> {
        for (map, name) in [
            (&self.reader.histograms, pins::WAIT_HISTOGRAMS),
            (&self.reader.processes, pins::WAIT_PROCESSES),
            (&self.reader.control, pins::WAIT_CONTROL),
        ] {
            pins::pin(map.as_fd(), name)?;
        }
        for (program, name) in self.reader.programs.iter().zip(pins::WAIT_PROGRAMS) {
            pins::pin(program.as_fd(), name)?;
        }
        Ok(())
    }

    /// Keeps the instrument measuring after this process exits, until the pins are removed.
    ///
    /// # Errors
    /// If the BPF file system refuses.
    pub fn pin_links(&self) -> Result<()> {
        for (link, name) in self.links.iter().zip(pins::WAIT_LINKS) {
            pins::pin(link.as_fd(), name)?;
        }
        Ok(())
    }
}

/// A change of schedulers in progress. Its end counts as a change of the machine.
pub struct Transition {
    reader: Reader,
    phase: u64,
}

impl Drop for Transition {
    fn drop(&mut self) {
        let _ = self.reader.set(Control::Phase, (self.phase | 1) + 1);
        let _ = self.reader.event();
    }
}
