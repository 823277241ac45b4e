//! HTTP/1.1, by threads that wait.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};

use super::{Client, SILENCE, Until, server_name};

impl Client {
    pub(super) fn handshakes_until(&self, end: Until) -> Result<u64> {
        let mut count = 0;
        while !end.is_reached(count) {
            let kind = self.connection_of_one_get(&self.tls)?;
            ensure!(kind == HandshakeKind::Full, "a session was resumed");
            count += 1;
        }
        Ok(count)
    }

    pub(super) fn requests_until(&self, end: Until) -> Result<u64> {
        let mut stream = self.connect(&self.tls)?;
        let mut answer = Vec::with_capacity(4096);
        let mut buffer = [0; 4096];
        let mut count = 0;
        while !end.is_reached(count) {
            stream.write_all(REQUEST)?;
            read_answer(&mut stream, &mut buffer, &mut answer, is_whole)?;
            count += 1;
        }
        Ok(count)
    }

    /// Connects, asks once, reads to the end, tickets included, and says how the handshake went.
    pub(super) fn connection_of_one_get(&self, tls: &Arc<ClientConfig>) -> Result<HandshakeKind> {
        let mut stream = self.connect(tls)?;
        stream.write_all(LAST_REQUEST)?;
        let mut answer = Vec::with_capacity(1024);
        match stream.read_to_end(&mut answer) {
            // Node and others end TCP without ending TLS; the answer says itself whether it is whole.
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error.into()),
            _ => {}
        }
        ensure!(is_whole(&answer)?, "the answer was cut off");
        stream
            .conn
            .handshake_kind()
            .context("an answer without a handshake")
    }

    fn connect(&self, tls: &Arc<ClientConfig>) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let tcp = TcpStream::connect(self.server).context("connecting")?;
        // Without this, Nagle's algorithm and delayed acknowledgements make a pause of 40 ms.
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(SILENCE))?;
        let tls = ClientConnection::new(Arc::clone(tls), server_name()?)?;
        Ok(StreamOwned::new(tls, tcp))
    }
}

/// Reads the next answer of a connection that stays, until `is_whole` says that it is all there.
pub(crate) fn read_answer(
    stream: &mut impl Read,
    buffer: &mut [u8],
    answer: &mut Vec<u8>,
    is_whole: impl Fn(&[u8]) -> Result<bool>,
) -> Result<()> {
    answer.clear();
    loop {
        let read = stream.read(buffer)?;
        ensure!(read > 0, "the server ended a connection that was to stay");
        answer.extend_from_slice(&buffer[..read]);
        if is_whole(answer)? {
            return Ok(());
        }
    }
}

/// Whether `answer` is all of an answer; one that is not a 200 is an error.
pub(crate) fn is_whole(answer: &[u8]) -> Result<bool> {
    is_whole_with(answer, 200)
}

/// The same, of an answer with this status.
pub(crate) fn is_whole_with(answer: &[u8], status: u16) -> Result<bool> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = parsed.parse(answer)? else {
        return Ok(false);
    };
    ensure!(
        parsed.code == Some(status),
        "the server answered {}",
        parsed.code.unwrap_or_default()
    );
    let value = |name: &str| {
        let header = parsed
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    if value("transfer-encoding") == Some("chunked") {
        return Ok(answer.ends_with(b"\r\n0\r\n\r\n"));
    }
    let Some(length) = value("content-length").and_then(|value| value.parse::<usize>().ok()) else {
        bail!("the answer does not say how long it is");
    };
    Ok(answer.len() - head >= length)
}

pub(super) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn an_answer_is_whole_at_its_last_byte() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n",
        ] {
            assert!(is_whole(answer.as_bytes()).is_ok_and(|whole| whole));
            for end in 0..answer.len() {
                let part = is_whole(&answer.as_bytes()[..end]);
                assert!(part.is_ok_and(|whole| !whole), "{end} bytes of {answer:?}");
            }
        }
    }

    #[test]
    fn only_a_200_is_an_answer() {
        let refused = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        assert!(is_whole(refused.as_bytes()).is_err());
    }
}
