//! Closing a refused connection so that its peer learns why.

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use crate::config::limits::Limits;

/// Closes a refused connection so that the peer can read why.
///
/// Closing a socket with unread bytes in it sends a reset, which throws away the alert that is
/// still on its way: a client that was writing would see no reason. So: no more from us, and take
/// what the peer still sends until it closes, within limits.
pub(super) async fn linger<IO>(mut io: IO, limits: &Limits)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let drain = async {
        if io.shutdown().await.is_err() {
            return;
        }
        let mut buffer = vec![0; 16 << 10];
        let mut left = limits.linger_bytes;
        while left > 0 {
            match io.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => left = left.saturating_sub(count),
            }
        }
    };
    // Being over the limit is no error: the peer has had its chance.
    let _ = timeout(limits.linger, drain).await;
}
