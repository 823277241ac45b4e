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
        // Whether the peer is gone already shows when it is read from.
        let _ = io.shutdown().await;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_a_refused_peer_still_sends_is_read_up_to_the_limits() {
        let limits = Limits {
            linger: Duration::from_secs(1),
            linger_bytes: 64 << 10,
            ..Limits::default()
        };
        for (bytes, is_sent) in [(0, true), (60 << 10, true), (128 << 10, false)] {
            let (mut near, far) = tokio::io::duplex(1024);
            let peer = async {
                let sent = near.write_all(&vec![0; bytes]).await;
                // It has nothing more to say.
                drop(near);
                sent.is_ok()
            };
            let (sent, ()) = tokio::join!(peer, linger(far, &limits));
            assert_eq!(sent, is_sent, "{bytes}");
        }
        // And one that sends nothing has its time.
        let (mut near, far) = tokio::io::duplex(1024);
        let began = tokio::time::Instant::now();
        linger(far, &limits).await;
        assert_eq!(began.elapsed().as_secs(), 1);
        let mut read = Vec::new();
        near.read_to_end(&mut read).await.expect("the end");
        assert!(read.is_empty());
    }
}
