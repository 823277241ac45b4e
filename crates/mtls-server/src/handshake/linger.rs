//! Closing a refused connection so that its peer learns why.

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use crate::config::limits::Limits;

/// Closes a refused connection so that the peer can read why.
///
/// Closing a socket that has unread bytes sends a reset, which discards the alert that is still on its
/// way. A client that was writing would never see the reason. So this side stops writing, and reads
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
    // When the limit is reached, the peer has had enough time to read the alert.
    let _ = timeout(limits.linger, drain).await;
}
