//! Plain HTTP/1.1 on one kept connection: what asks a CA.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::load::{is_whole, read_answer};

/// A connection to a CA that stays open.
pub(super) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// What is asked: a path, headers and a body, as bytes on the wire.
#[derive(Clone)]
pub(super) struct Request(Vec<u8>);

impl Request {
    /// `headers` as lines without their ends.
    pub(super) fn new(method: &str, path: &str, headers: &[String], body: &str) -> Self {
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        text.push_str(body);
        Self(text.into_bytes())
    }
}

impl Connection {
    pub(super) fn open(port: u16) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let stream = TcpStream::connect(address).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(8192),
        })
    }

    /// The whole answer, head and body, which is a 200.
    pub(super) fn ask(&mut self, request: &Request) -> Result<&[u8]> {
        self.stream.write_all(&request.0)?;
        let is_whole = |answer: &[u8]| {
            is_whole(answer).with_context(|| String::from_utf8_lossy(answer).into_owned())
        };
        let mut buffer = [0; 8192];
        read_answer(&mut self.stream, &mut buffer, &mut self.answer, is_whole)?;
        Ok(&self.answer)
    }

    /// As [`ask`](Self::ask), and takes an answer without content, too.
    pub(super) fn ask_any(&mut self, request: &Request) -> Result<()> {
        let asked = self.ask(request).map(|_| ());
        asked.or_else(|error| {
            let is_empty = self.answer.starts_with(b"HTTP/1.1 204 ");
            if is_empty { Ok(()) } else { Err(error) }
        })
    }

    /// The body of the answer, as JSON.
    pub(super) fn ask_json(&mut self, request: &Request) -> Result<serde_json::Value> {
        let answer = self.ask(request)?;
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = head
            .and_then(|at| answer.split_at_checked(at + 4))
            .context("an answer with a head")?;
        let body = if head
            .windows(CHUNKED.len())
            .any(|it| it.eq_ignore_ascii_case(CHUNKED))
        {
            joined(body)?
        } else {
            body.to_vec()
        };
        serde_json::from_slice(&body).context("an answer in JSON")
    }
}

/// The content of a body that came in chunks, as a long one of OpenBao's does.
fn joined(mut body: &[u8]) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(body)
            .ok()
            .context("a chunk's size")?
        else {
            bail!("a chunk without its size");
        };
        if size == 0 {
            return Ok(content);
        }
        let end = start + usize::try_from(size)?;
        content.extend_from_slice(body.get(start..end).context("a whole chunk")?);
        body = body.get(end + b"\r\n".len()..).unwrap_or_default();
    }
}

const CHUNKED: &[u8] = b"transfer-encoding: chunked";

/// A CA that says nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn chunks_are_joined_and_cut_off_ones_are_not() {
        let whole = joined(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
        assert_eq!(whole.ok().as_deref(), Some(b"abcde".as_slice()));
        for cut in [b"3\r\nab".as_slice(), b"3\r\nabc\r\n", b"x\r\n"] {
            assert!(joined(cut).is_err());
        }
    }
}
