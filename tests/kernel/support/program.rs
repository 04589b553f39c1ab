//! The program under test, run from outside as a user runs it.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::guest::{self, PATIENCE};

/// The program, without arguments yet.
pub fn command() -> Command {
    let path = std::env::var_os("DUALQ_TOP").expect("DUALQ_TOP names the program");
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

/// The result of a run.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program to its end, which has to come within the tests' patience.
pub fn run(arguments: &[&str]) -> Output {
    Running::start(arguments).wait(PATIENCE)
}

/// Runs the program and fails the test when it fails.
pub fn run_ok(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output.stdout
}

/// Registers the test itself to be served first, as own processes are: among thousands of busy tasks it would get no
/// CPU time.
pub fn be_served_first() {
    dualq_top::scheduler::Handle::open().expect("the scheduler runs");
}

/// The program in the background; killed with SIGKILL on drop.
pub struct Running {
    command: String,
    child: Child,
    stdout: Pipe,
    stderr: Pipe,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(arguments);
        Self::spawn(command)
    }

    /// Starts the program as `script` does, a command of the shell with `$DUALQ_TOP` in it.
    pub fn from_script(script: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        // Without exec, a kill would reach the shell alone.
        let script = format!("exec {script}");
        command.args(["-c", &script]).stdin(Stdio::null());
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdout = Pipe::new(child.stdout.take().expect("it is piped"));
        let stderr = Pipe::new(child.stderr.take().expect("it is piped"));
        Self {
            command: format!("{command:?}"),
            child,
            stdout,
            stderr,
        }
    }

    /// Starts `attach` with these options, and without the wait instrument: its programs are three
    /// more that the kernel patches itself for, of which each costs an emulated machine time.
    pub fn attach(options: &[&str]) -> Self {
        Self::attach_measuring(&[&["--no-waits"], options].concat())
    }

    /// Starts `attach` with these options and waits until it says that the kernel runs our
    /// scheduler, and the kernel says so too.
    pub fn attach_measuring(options: &[&str]) -> Self {
        let mut arguments = vec!["attach"];
        arguments.extend(options);
        let mut running = Self::start(&arguments);
        let done = guest::holds_within(PATIENCE, || {
            running.has_ended()
                || (guest::is_attached() && running.stdout.text().contains("attached"))
        });
        assert!(
            done && !running.has_ended(),
            "attach {options:?}: state {}, {:?}, {:?}",
            guest::sched_ext_state(),
            running.stdout.text(),
            running.stderr.text(),
        );
        running
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns its stdout so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Returns its stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it has not been waited for");
    }

    /// Waits for its end; beyond `limit` the test fails, with what it has printed.
    pub fn wait(mut self, limit: Duration) -> Output {
        let ended = guest::holds_within(limit, || self.has_ended());
        assert!(
            ended,
            "{}: no end within {limit:?}: {:?}, {:?}",
            self.command,
            self.stdout.text(),
            self.stderr.text()
        );
        Output {
            status: self.child.wait().expect("it is our child"),
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
        }
    }

    /// Ends it as a supervisor does, and waits.
    pub fn terminate(self) -> Output {
        self.signal(Signal::TERM);
        self.wait(PATIENCE)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipe that is emptied all the time: a full one would stop the program.
struct Pipe {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Pipe {
    fn new(mut source: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    /// The whole text, once the program has closed its end.
    fn finish(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading does not panic");
        }
        self.text()
    }
}
