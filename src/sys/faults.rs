//! Restores something before a fault of the program itself ends it: a handler for the signals that a fault
//! raises. A panic hook hears nothing of these.

#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use libc::{c_int, c_void, sigaction, siginfo_t};

/// The signals of faults, and that of abort(3).
const FAULTS: [c_int; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGSYS,
    libc::SIGTRAP,
    libc::SIGABRT,
];

struct Installed {
    restore: fn(),
    /// The actions before: Rust's own handler names a thread that has overflowed its stack.
    before: [sigaction; FAULTS.len()],
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// Calls `restore` in the thread that faults, before the signal's action. It may do only what is safe in a
/// signal handler (signal-safety(7)). To be called once, before other handlers are installed for SIGABRT.
///
/// # Errors
/// If the kernel refuses.
pub fn on_fault(restore: fn()) -> io::Result<()> {
    let mut before = [default(); FAULTS.len()];
    for (signal, before) in FAULTS.into_iter().zip(&mut before) {
        // SAFETY: nothing is changed; `before` lives for the call.
        check(unsafe { sigaction(signal, ptr::null(), before) })?;
    }
    let installed = INSTALLED.get_or_init(|| Installed { restore, before });
    let mut action = default();
    action.sa_sigaction = handle as *const () as usize;
    // A stack that has overflowed is none to run on.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    for (signal, before) in FAULTS.into_iter().zip(&installed.before) {
        if before.sa_sigaction != libc::SIG_IGN {
            // SAFETY: `handle` has the form that SA_SIGINFO asks for, and does only what is safe in a handler.
            check(unsafe { sigaction(signal, &raw const action, ptr::null_mut()) })?;
        }
    }
    Ok(())
}

fn check(result: c_int) -> io::Result<()> {
    if result == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

/// Returns the default action.
fn default() -> sigaction {
    // SAFETY: all zeros are a valid action: the default one, without flags, with nothing blocked.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    let Some(installed) = INSTALLED.get() else {
        return;
    };
    // SAFETY: the kernel passes a valid one to a handler with SA_SIGINFO.
    let code = unsafe { (*info).si_code };
    if signal == libc::SIGABRT {
        // One that another process sent is left to the thread that waits for signals. abort() itself goes
        // on to the default action.
        if code == libc::SI_TKILL {
            (installed.restore)();
        }
        return;
    }
    (installed.restore)();
    let sent = code <= 0;
    let mut faults = FAULTS.into_iter().zip(&installed.before);
    let before = faults.find(|(fault, _)| *fault == signal);
    let action = match before {
        Some((_, before)) if !sent => *before,
        _ => default(),
    };
    // SAFETY: the action is the default one, or one that was installed before.
    unsafe { sigaction(signal, &raw const action, ptr::null_mut()) };
    if sent {
        // It comes once this handler, which blocks it, has returned. A fault comes again by itself.
        let _ = signal_hook::low_level::raise(signal);
    }
}
