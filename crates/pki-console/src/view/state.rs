//! States, as words with a tone.

use pki_store::{ApprovalState, CertificateState, IssuerState, TokenState};

/// A word for a state, and how it is coloured. The word says all; the colour only helps to find it.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) word: &'static str,
    /// The class of the style sheet: `good`, `bad`, `wait` or `off`.
    pub(crate) tone: &'static str,
}

impl State {
    pub(crate) const fn new(word: &'static str, tone: &'static str) -> Self {
        Self { word, tone }
    }

    pub(crate) fn is(self, word: &str) -> bool {
        self.word == word
    }
}

impl From<CertificateState> for State {
    fn from(state: CertificateState) -> Self {
        let tone = match state {
            CertificateState::Valid => "good",
            CertificateState::Revoked => "bad",
            CertificateState::Reserved | CertificateState::Unconfirmed => "wait",
            _ => "off",
        };
        Self::new(state.as_str(), tone)
    }
}

impl From<ApprovalState> for State {
    fn from(state: ApprovalState) -> Self {
        let tone = match state {
            ApprovalState::Approved => "good",
            ApprovalState::Denied => "bad",
            ApprovalState::Pending => "wait",
            _ => "off",
        };
        Self::new(state.as_str(), tone)
    }
}

impl From<TokenState> for State {
    fn from(state: TokenState) -> Self {
        let tone = match state {
            TokenState::Valid => "good",
            TokenState::Revoked => "bad",
            _ => "off",
        };
        Self::new(state.as_str(), tone)
    }
}

impl From<IssuerState> for State {
    fn from(state: IssuerState) -> Self {
        match state {
            IssuerState::Active => Self::new("active", "good"),
            IssuerState::Retiring => Self::new("retiring", "wait"),
            _ => Self::new("retired", "off"),
        }
    }
}
