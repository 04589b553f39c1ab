//! `bench`: measures, shows the progress, and writes a report.

use std::fs;
use std::io::{Write, stdout};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use super::members::write;
use crate::bench::stop::Stop;
use crate::bench::{self, Measurement, Plan, report};
use crate::cli::BenchOptions;
use crate::refusal::{PATIENCE, Refusal, Status, complain_in};
use crate::scheduler::{Options, WaitsOption, preflight};
use crate::sys::own::Folder;
use crate::sys::signals::Interrupted;
use crate::sys::unread;

pub fn run(options: &BenchOptions) -> Result<()> {
    let measurements = chosen(&options.only, options.quick)?;
    preflight::check()?;
    let (repetitions, seconds) = if options.quick { (3, 2) } else { (5, 5) };
    let (path, directory) = directory(&options.out)?;
    let directory = Rc::new(directory);
    let plan = Plan {
        measurements,
        repetitions: options.repetitions.unwrap_or(repetitions),
        span: Duration::from_secs(u64::from(options.seconds.unwrap_or(seconds))),
        quick: options.quick,
        options: Options {
            waits: if options.waits {
                WaitsOption::FromTheStart
            } else {
                // As in the dashboard, so that the figures include its cost.
                WaitsOption::Later
            },
            ..Options::default()
        },
        peers: options.peer.clone(),
        directory: Rc::clone(&directory),
    };
    let stop = Stop::on_signals()?;
    let mut say = |line: &str| {
        // Without a reader for the progress, the report is written anyway.
        complain_in(&format!("{line}\n"), Duration::ZERO);
    };
    let measured = bench::run(&plan, &stop, &mut say);
    let (results, outcome) = match measured {
        Ok(measured) => measured,
        Err(refused) => {
            // Nothing was measured, so no folder is left.
            let _ = fs::remove_dir(&path);
            return Err(refused);
        }
    };
    // No process of ours is left here, and the kernel's own scheduler is back: a signal ends it at once.
    stop.end_at_once();
    let markdown = report::markdown(&results);
    save(&directory, "report.md", &markdown)?;
    save(&directory, "report.json", &report::json(&results)?)?;
    for (name, chart) in report::charts(&results) {
        save(&directory, &name, &chart)?;
    }
    let ended_by = outcome
        .as_ref()
        .err()
        .and_then(|error| error.downcast_ref());
    // Whoever ended it does not wait for a reader.
    if ended_by.is_none() || !unread::is_full(stdout().as_fd(), PATIENCE) {
        write(&markdown)?;
        write(&format!("\nThe full report is in {}\n", path.display()))?;
    }
    if let Some(Interrupted(signal)) = ended_by {
        std::process::exit(128 + signal);
    }
    outcome
}

fn chosen(names: &[String], quick: bool) -> Result<Vec<Measurement>> {
    let all = Measurement::all(quick);
    if names.is_empty() {
        return Ok(all);
    }
    // A name can also choose measurements that --quick leaves out.
    let known = [all, Measurement::all(false), Measurement::cross_checks()].concat();
    let mut chosen: Vec<Measurement> = Vec::new();
    for name in names {
        match known.iter().find(|one| one.key() == *name) {
            Some(one) if chosen.contains(one) => {}
            Some(one) => chosen.push(*one),
            None => {
                let mut keys: Vec<_> = known.iter().map(|one| one.key()).collect();
                keys.sort();
                keys.dedup();
                bail!(Refusal::new(
                    Status::BadArgument,
                    format!(
                        "invalid measurement '{}': expected one of {}",
                        crate::sys::text::scrub(name.as_bytes()),
                        keys.join(", ")
                    ),
                ));
            }
        }
    }
    for one in &chosen {
        if let Measurement::Check(tool) = one
            && !tool.exists()
        {
            let (program, package) = tool.program();
            bail!(Refusal::new(
                Status::BadArgument,
                format!(
                    "cannot run {program}: not found in PATH; install it (Debian: {package}), or leave {} out of --only",
                    tool.name()
                ),
            ));
        }
    }
    Ok(chosen)
}

/// Creates the folder before measuring, so that an error is reported at once and not after an hour.
fn directory(parent: &Path) -> Result<(PathBuf, Folder)> {
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    // A valid file name on any system.
    let path = parent.join(time.replace(':', ""));
    let directory = Folder::make(&path).map_err(|error| {
        Refusal::new(
            Status::BadArgument,
            format!(
                "cannot write the report to {}: {error}; choose another folder with --out",
                path.display()
            ),
        )
    })?;
    Ok((path, directory))
}

fn save(directory: &Folder, name: &str, text: &str) -> Result<()> {
    directory
        .create(name)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {name}"))
}
