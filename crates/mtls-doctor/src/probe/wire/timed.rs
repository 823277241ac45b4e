//! A TCP stream with a deadline over all that is read and written.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Reads and writes until a moment, and remembers what came first.
#[derive(Debug)]
pub(in crate::probe) struct Timed {
    stream: TcpStream,
    until: Instant,
    first: Vec<u8>,
}

impl Timed {
    pub(in crate::probe) fn new(stream: TcpStream, until: Instant) -> Self {
        Self {
            stream,
            until,
            first: Vec::new(),
        }
    }

    /// The first bytes that came.
    pub(in crate::probe) fn first(&self) -> &[u8] {
        &self.first
    }

    /// The deadline, changed; gives back the one before.
    pub(in crate::probe) fn set_until(&mut self, until: Instant) -> Instant {
        std::mem::replace(&mut self.until, until)
    }

    fn left(&self) -> io::Result<Duration> {
        match self.until.saturating_duration_since(Instant::now()) {
            left if left.is_zero() => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        let read = self.stream.read(buffer)?;
        let wanted = MAX_FIRST.saturating_sub(self.first.len()).min(read);
        self.first
            .extend_from_slice(buffer.get(..wanted).unwrap_or_default());
        Ok(read)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

const MAX_FIRST: usize = 512;
