//! Asking again: what passes, and what cannot be done twice.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use crate::UpstreamError;

/// Whether something may be done twice.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Twice {
    /// It would issue a second certificate.
    #[cfg_attr(
        not(feature = "openbao"),
        allow(dead_code, reason = "the others know a request again")
    )]
    Never,
    /// It is the same the second time.
    Harmless,
}

impl Twice {
    /// Whether to ask again after this. What the upstream has decided stays decided.
    fn allows(self, error: &UpstreamError) -> bool {
        match error {
            UpstreamError::Unavailable { .. } => true,
            UpstreamError::Unclear { .. } => self == Self::Harmless,
            _ => false,
        }
    }
}

/// Asks up to three times, with a pause between that grows and is not the same for all who wait.
#[cfg(feature = "openbao")]
pub(crate) async fn retried<T, F>(twice: Twice, ask: impl FnMut() -> F) -> Result<T, UpstreamError>
where
    F: Future<Output = Result<T, UpstreamError>>,
{
    retried_times(3, twice, ask).await
}

/// The same up to `times` times.
pub(crate) async fn retried_times<T, F>(
    times: usize,
    twice: Twice,
    mut ask: impl FnMut() -> F,
) -> Result<T, UpstreamError>
where
    F: Future<Output = Result<T, UpstreamError>>,
{
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_times(times.saturating_sub(1))
        .with_jitter();
    for pause in pauses.build() {
        match ask().await {
            Err(error) if twice.allows(&error) => tokio::time::sleep(pause).await,
            answer => return answer,
        }
    }
    ask().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(is_unclear: bool) -> UpstreamError {
        let (upstream, source) = ("OpenBao".to_owned(), "no answer".into());
        match is_unclear {
            true => UpstreamError::Unclear { upstream, source },
            false => UpstreamError::Unavailable { upstream, source },
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_was_not_done_is_asked_again() {
        for (twice, is_unclear, asked) in [
            (Twice::Never, false, 3),
            (Twice::Never, true, 1),
            (Twice::Harmless, true, 3),
        ] {
            let mut count = 0;
            let answer = retried_times(3, twice, || {
                count += 1;
                std::future::ready(Err::<(), _>(error(is_unclear)))
            });
            assert!(answer.await.is_err());
            assert_eq!(count, asked);
        }
    }

    #[tokio::test]
    async fn a_decision_is_asked_for_once() {
        let mut count = 0;
        let answer = retried_times(3, Twice::Harmless, || {
            count += 1;
            std::future::ready(Err::<(), _>(UpstreamError::Refused {
                upstream: "OpenBao".into(),
                said: String::new(),
            }))
        });
        assert!(answer.await.is_err());
        assert_eq!(count, 1);
    }
}
