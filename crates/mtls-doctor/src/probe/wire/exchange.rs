//! One request and the beginning of its answer, over whatever carries it.

use std::io::{self, Read, Write};

use httparse::{EMPTY_HEADER, Response};

/// What came back.
#[derive(Debug, Default)]
pub(in crate::probe) struct Received {
    /// `None` if what came is not the head of an HTTP/1 response.
    pub(in crate::probe) status: Option<u16>,
    headers: Vec<(String, String)>,
    /// The body as it was sent, or its beginning.
    pub(in crate::probe) body: Vec<u8>,
    after_head: usize,
    /// Whether the body is whole: as long as announced, or ended by the end of the connection.
    pub(in crate::probe) whole: bool,
    /// Whether anything came at all.
    pub(in crate::probe) any: bool,
    /// Why reading ended, if not by itself.
    pub(in crate::probe) error: Option<io::Error>,
}

impl Received {
    pub(in crate::probe) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Sends `request` and reads an answer of at most `limit` bytes.
///
/// A request that cannot be sent is no end yet: a server that refused it has often said why before it closed.
pub(in crate::probe) fn exchange(
    stream: &mut (impl Read + Write),
    request: &[u8],
    limit: usize,
) -> Received {
    let sent = stream.write_all(request).and_then(|()| stream.flush());
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let mut ended = None;
    let mut closed = false;
    let mut end = End::Unknown;
    while bytes.len() < limit && !end.is_reached(&bytes) {
        match stream.read(&mut buffer) {
            Ok(0) => {
                closed = true;
                break;
            }
            Ok(read) => bytes.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                ended = Some(error);
                break;
            }
        }
        end = end.look(&bytes);
    }
    let mut received = read(&bytes);
    received.whole |= closed && received.status.is_some() && received.announced().is_none();
    received.error = ended.or(sent.err().filter(|_| bytes.is_empty()));
    received
}

/// Where a response ends.
#[derive(Clone, Copy)]
enum End {
    /// The head is not there yet.
    Unknown,
    /// After so many bytes.
    At(usize),
    /// After the last chunk.
    LastChunk,
    /// With the connection.
    Closing,
}

impl End {
    /// Reads the head once it is there, so that a long body is not read through again with each part of it.
    fn look(self, bytes: &[u8]) -> Self {
        if !matches!(self, Self::Unknown) || bytes.len() > MAX_HEAD {
            return self;
        }
        let received = read(bytes);
        match received.status {
            None => Self::Unknown,
            Some(_) if received.header("transfer-encoding").is_some() => Self::LastChunk,
            Some(_) => match received.announced() {
                Some(length) => {
                    Self::At((bytes.len() - received.after_head).saturating_add(length))
                }
                None => Self::Closing,
            },
        }
    }

    fn is_reached(self, bytes: &[u8]) -> bool {
        match self {
            Self::At(length) => bytes.len() >= length,
            Self::LastChunk => bytes.ends_with(b"0\r\n\r\n"),
            Self::Closing | Self::Unknown => false,
        }
    }
}

fn read(bytes: &[u8]) -> Received {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut response = Response::new(&mut headers);
    let any = !bytes.is_empty();
    let Ok(httparse::Status::Complete(head)) = response.parse(bytes) else {
        return Received {
            any,
            body: bytes.to_vec(),
            ..Received::default()
        };
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = response.headers.iter();
    let mut received = Received {
        status: response.code,
        headers: headers
            .map(|header| (header.name.to_owned(), text(header.value)))
            .collect(),
        body: bytes.get(head..).unwrap_or_default().to_vec(),
        any,
        after_head: bytes.len() - head,
        ..Received::default()
    };
    if let Some(length) = received.announced() {
        received.whole = received.body.len() >= length;
        received.body.truncate(length);
    }
    received
}

impl Received {
    fn announced(&self) -> Option<usize> {
        self.header("content-length")?.trim().parse().ok()
    }
}

const MAX_HEADERS: usize = 64;

/// A head that is longer is not waited for.
const MAX_HEAD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives these bytes, takes everything.
    struct Fixed<'a>(&'a [u8]);

    impl Read for Fixed<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Fixed<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_body_is_whole_as_announced_or_by_the_end() {
        for (answer, body, whole) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore",
                "ok",
                true,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok",
                "ok",
                false,
            ),
            ("HTTP/1.0 200 OK\r\n\r\nok", "ok", true),
            (
                "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
                "",
                true,
            ),
        ] {
            let received = exchange(&mut Fixed(answer.as_bytes()), b"", 1000);
            assert_eq!(received.body, body.as_bytes(), "{answer}");
            assert_eq!(received.whole, whole, "{answer}");
            assert!(received.status.is_some() && received.any);
        }
    }

    #[test]
    fn what_is_not_http_has_no_status() {
        let received = exchange(&mut Fixed(b"\0\0\x12\x04 h2 settings"), b"", 1000);
        assert!(received.any && received.status.is_none());
        let received = exchange(&mut Fixed(b""), b"", 1000);
        assert!(!received.any && received.status.is_none());
    }

    #[test]
    fn any_beginning_of_an_answer_is_read() {
        let answer =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: x\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        for length in 0..=answer.len() {
            let received = exchange(&mut Fixed(&answer[..length]), b"", 1000);
            assert_eq!(received.any, length > 0);
        }
        let huge = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n";
        assert!(exchange(&mut Fixed(huge), b"", 1000).status.is_some());
        let largest = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\nok",
            usize::MAX
        );
        assert!(!exchange(&mut Fixed(largest.as_bytes()), b"", 1000).whole);
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let answer = [b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), &[b'a'; 100_000]].concat();
        let received = exchange(&mut Fixed(&answer), b"", 10_000);
        assert!(received.body.len() < 20_000 && !received.whole);
    }
}
