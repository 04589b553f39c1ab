//! Answers HTTP requests for one page, as a monitoring system makes them.
//!
//! No crate: tiny_http, the smallest that is kept, has neither a time limit for reading nor a bound on its threads.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The path of the page; others are answered with its name.
pub const PATH: &str = "/metrics";
/// The number of connections that are served at a time. Others wait in the kernel's queue, which is bounded too.
const WORKERS: usize = 4;
/// The time that a client has to ask, and the same again to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause after each answer, so that a flood of requests costs each worker at most twenty readings a second.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest request, in bytes.
const MOST_BYTES: usize = 8 * 1024;

/// A page, or the reason why there is none at the moment.
pub type Page = Result<String, String>;

/// Answers requests on threads of its own until the process ends.
///
/// `begin` runs first on each thread.
///
/// # Errors
/// Where the kernel gives no more threads or descriptors.
pub fn serve(
    listener: &TcpListener,
    content_type: &'static str,
    begin: fn(),
    page: impl Fn() -> Page + Send + Sync + 'static,
) -> io::Result<()> {
    let page = Arc::new(page);
    for _ in 0..WORKERS {
        let listener = listener.try_clone()?;
        let page = Arc::clone(&page);
        thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                begin();
                loop {
                    if let Ok((stream, _)) = listener.accept() {
                        // A client that does not listen is no reason to stop.
                        let _ = Connection::of(stream).serve(content_type, &*page);
                    }
                    thread::sleep(PAUSE);
                }
            })?;
    }
    Ok(())
}

struct Connection {
    stream: TcpStream,
    end: Instant,
}

/// A status line, and lines for the body.
struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: String,
    /// Without its body, which is only announced.
    head_only: bool,
}

impl Connection {
    fn of(stream: TcpStream) -> Self {
        Self {
            stream,
            end: Instant::now() + PATIENCE,
        }
    }

    fn serve(&mut self, content_type: &'static str, page: &dyn Fn() -> Page) -> io::Result<()> {
        let answer = match self.request() {
            Ok(Some(line)) => answer(&line, content_type, page),
            Ok(None) => return Ok(()),
            Err(refused) => refused,
        };
        self.end = Instant::now() + PATIENCE;
        self.write(&answer)?;
        self.stream.shutdown(Shutdown::Write)?;
        // Closing before everything is read would take the answer back (TCP resets the connection).
        let mut rest = [0; 1024];
        let mut left = 64;
        while left > 0 && self.read(&mut rest)? > 0 {
            left -= 1;
        }
        Ok(())
    }

    /// Returns the request's first line once its head has arrived, and nothing if none was sent.
    fn request(&mut self) -> Result<Option<Vec<u8>>, Answer> {
        let mut head = Vec::new();
        let mut part = [0; 1024];
        loop {
            let read = match self.read(&mut part) {
                Ok(0) if head.is_empty() => return Ok(None),
                Ok(0) => return Err(Answer::refused("400 Bad Request")),
                Ok(read) => read,
                Err(_) => return Err(Answer::refused("408 Request Timeout")),
            };
            head.extend(part.iter().take(read));
            if ends(&head) {
                let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
                return Ok(Some(line.trim_ascii_end().to_vec()));
            }
            if head.len() >= MOST_BYTES {
                return Err(Answer::refused("431 Request Header Fields Too Large"));
            }
        }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(into)
    }

    fn write(&mut self, answer: &Answer) -> io::Result<()> {
        let Answer {
            status,
            content_type,
            body,
            head_only,
        } = answer;
        let length = body.len();
        let mut text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        if !head_only {
            text.push_str(body);
        }
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            self.stream.set_write_timeout(Some(self.left()?))?;
            let written = self.stream.write(rest)?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// The time that is left.
    fn left(&self) -> io::Result<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

/// Returns true at the empty line that ends a request's head.
fn ends(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"\r\n\r\n").is_some()
        || memchr::memmem::find(head, b"\n\n").is_some()
}

fn answer(line: &[u8], content_type: &'static str, page: &dyn Fn() -> Page) -> Answer {
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let known = version.is_some_and(|version| version.starts_with(b"HTTP/1."));
    let (Some(method), Some(target), true, None) = (method, target, known, words.next()) else {
        return Answer::refused("400 Bad Request");
    };
    let head_only = match method {
        b"GET" => false,
        b"HEAD" => true,
        _ => return Answer::refused("405 Method Not Allowed"),
    };
    let path = target.split(|byte| *byte == b'?').next();
    if path != Some(PATH.as_bytes()) {
        return Answer::refused("404 Not Found");
    }
    let (status, content_type, body) = match page() {
        Ok(body) => ("200 OK", content_type, body),
        Err(why) => ("503 Service Unavailable", PLAIN, format!("{why}\n")),
    };
    Answer {
        status,
        content_type,
        body,
        head_only,
    }
}

const PLAIN: &str = "text/plain; charset=utf-8";

impl Answer {
    /// Refuses in words of its own: nothing of the request is repeated.
    fn refused(status: &'static str) -> Self {
        Self {
            status,
            content_type: PLAIN,
            body: format!("{status}: ask with GET {PATH}\n"),
            head_only: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn server() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        serve(&listener, "text/x", || {}, || Ok("page\n".to_owned())).unwrap();
        address
    }

    fn ask(address: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn a_scrape_is_answered_with_the_page() {
        let address = server();
        let page = ask(
            address,
            b"GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
        );
        assert_eq!(
            page,
            "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 5\r\nConnection: close\r\n\r\npage\n"
        );
        let head = ask(address, b"HEAD /metrics HTTP/1.0\n\n");
        assert!(
            head.contains("Content-Length: 5") && !head.contains("page"),
            "{head}"
        );
    }

    #[test]
    fn bad_requests_are_refused_and_the_next_is_answered() {
        let address = server();
        let long = [
            b"GET /metrics HTTP/1.1\r\nx: ".as_slice(),
            &vec![b'a'; 60_000],
        ]
        .concat();
        let noise: Vec<u8> = (0..=255).cycle().take(4000).collect();
        for (request, status) in [
            (b"GET / HTTP/1.1\r\n\r\n".as_slice(), "404"),
            (b"GET /metrics/ HTTP/1.1\r\n\r\n", "404"),
            (b"POST /metrics HTTP/1.1\r\n\r\nbody", "405"),
            (b"get /metrics HTTP/1.1\r\n\r\n", "405"),
            (b"GET /metrics\r\n\r\n", "400"),
            (b"GET  /metrics HTTP/1.1\r\n\r\n", "400"),
            (b"GET /metrics HTTP/2\r\n\r\n", "400"),
            (b"GET /metrics HTTP/1.1 x\r\n\r\n", "400"),
            (b"\r\n\r\n", "400"),
            (b"GET /metrics HTTP/1.1\r\n", "400"),
            (b"\x16\x03\x01\x02\x00\x01\x00\n\n", "400"),
            (&noise, "400"),
            (&long, "431"),
        ] {
            let answer = ask(address, request);
            let begin = format!("HTTP/1.1 {status} ");
            assert!(
                answer.starts_with(&begin),
                "{:?}: {answer}",
                String::from_utf8_lossy(request)
            );
        }
        assert_eq!(ask(address, b""), "");
        assert!(ask(address, b"GET /metrics HTTP/1.1\r\n\r\n").ends_with("page\n"));
    }

    /// Twice as many as are served at a time: those that say nothing are ended, and the last one is answered.
    #[test]
    fn silent_clients_hold_up_nobody_for_long() {
        let address = server();
        let silent: Vec<TcpStream> = (0..WORKERS * 2)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let asked = Instant::now();
        assert!(ask(address, b"GET /metrics HTTP/1.1\r\n\r\n").ends_with("page\n"));
        assert!(asked.elapsed() < PATIENCE * 8, "{:?}", asked.elapsed());
        for mut stream in silent {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        }
    }
}
