//! The first bytes of a connection: a ClientHello, or something that is not TLS.

use std::time::Duration;

use rustls::server::{Accepted, Acceptor};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, timeout_at},
};

use crate::handshake::refusal::RefusalReason;

/// Reads up to the end of the ClientHello. The second value is what was received behind it.
pub(super) async fn client_hello<IO>(
    io: &mut IO,
    first_byte: Duration,
) -> Result<(Accepted, Vec<u8>), RefusalReason>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut acceptor = Acceptor::default();
    let mut buffer = vec![0; 4096];
    let deadline = Instant::now() + first_byte;
    let mut read = timeout_at(deadline, io.read(&mut buffer))
        .await
        .map_err(|_| RefusalReason::FirstByteTimeout(first_byte))?;
    let mut beginning = true;
    loop {
        let count = read.map_err(RefusalReason::of_io)?;
        let mut unread = buffer.get(..count).unwrap_or_default();
        if unread.is_empty() {
            return Err(RefusalReason::Disconnected);
        }
        let http = beginning && looks_like_http(unread);
        beginning = false;
        while !unread.is_empty() {
            acceptor
                .read_tls(&mut unread)
                .map_err(RefusalReason::of_io)?;
            match acceptor.accept() {
                Ok(Some(accepted)) => return Ok((accepted, unread.to_vec())),
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let mut answer = Vec::new();
                    let reason = if http {
                        answer.extend_from_slice(HTTP_ANSWER);
                        RefusalReason::NotTls { http }
                    } else {
                        // Writing to a Vec cannot fail.
                        let _ = alert.write_all(&mut answer);
                        RefusalReason::of_tls(error)
                    };
                    // The peer may be gone already. The reason is the same.
                    let _ = io.write_all(&answer).await;
                    return Err(reason);
                }
            }
        }
        read = io.read(&mut buffer).await;
    }
}

/// For people who typed http:// instead of https://.
const HTTP_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 67\r\n\
    Connection: close\r\n\
    \r\n\
    This port speaks HTTPS only: use https:// and a client certificate\n";

/// Whether a line such as `GET / HTTP/1.1` begins here.
fn looks_like_http(bytes: &[u8]) -> bool {
    let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    (3..=7).contains(&method.len())
        && method.len() < bytes.len()
        && method.iter().all(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_of_http_begins_with_a_method_and_a_space() {
        for (bytes, is_http) in [
            ("GET / HTTP/1.1\r\n", true),
            ("OPTIONS * HTTP/1.1\r\n", true),
            ("PUT ", true),
            ("GET", false),
            ("get / HTTP/1.1\r\n", false),
            ("NO / HTTP/1.1\r\n", false),
            ("METHODES / HTTP/1.1\r\n", false),
            (" / HTTP/1.1\r\n", false),
            ("", false),
            ("\x16\x03\x01 ", false),
        ] {
            assert_eq!(looks_like_http(bytes.as_bytes()), is_http, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn only_the_first_bytes_make_a_peer_one_that_speaks_http() {
        let request = format!("GET / HTTP/1.1\r\n{}", "x".repeat(600));
        for (first, is_http) in [(&b""[..], true), (b"\x16\x03\x01\x02\x00", false)] {
            let (mut near, mut far) = tokio::io::duplex(4096);
            let peer = async {
                near.write_all(first).await.expect("room");
                // The other side reads it.
                tokio::task::yield_now().await;
                near.write_all(request.as_bytes()).await.expect("room");
            };
            let server = client_hello(&mut far, Duration::from_secs(10));
            let ((), hello) = tokio::join!(peer, server);
            let reason = hello.expect_err("it is none");
            let told = matches!(reason, RefusalReason::NotTls { http: true });
            assert_eq!(told, is_http, "{reason:?}");
        }
    }
}
