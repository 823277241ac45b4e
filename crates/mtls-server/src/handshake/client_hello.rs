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
