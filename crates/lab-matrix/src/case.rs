//! One case: who presents what to whom, and what has to come of it.

use mtls_lab::Verdict;

use crate::Direction;

/// One case of the matrix. Paths are below the lab's directory.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) scenario: &'static str,
    pub(crate) name: &'static str,
    pub(crate) direction: Direction,
    /// `None` if it has to be accepted; else the code of the reason for which it is refused: the
    /// server's, or the kind of the client's error.
    pub(crate) refused: Option<&'static str>,
    pub(crate) server: Server,
    pub(crate) client: Client,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) chain: &'static str,
    pub(crate) key: &'static str,
    pub(crate) client_roots: &'static str,
    pub(crate) crl: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) shows: Shows,
    pub(crate) roots: &'static str,
    pub(crate) crl: Option<&'static str>,
    pub(crate) pin: Pin,
    pub(crate) host: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shows {
    Nothing,
    Pem {
        chain: &'static str,
        key: &'static str,
    },
    Pkcs12(&'static str),
}

/// What the client knows of the server's key beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pin {
    /// Nothing.
    None,
    /// Its hash.
    Right,
    /// A key that is not in use, and behind it the right one.
    Backup,
    /// Only a key that is not in use.
    Wrong,
}

impl Case {
    pub(crate) fn expected(&self) -> Verdict {
        if self.refused.is_some() {
            Verdict::Refused
        } else {
            Verdict::Accepted
        }
    }

    pub(crate) fn accepted(
        scenario: &'static str,
        name: &'static str,
        server: Server,
        client: Client,
    ) -> Self {
        Self {
            scenario,
            name,
            direction: Direction::Client,
            refused: None,
            server,
            client,
        }
    }

    pub(crate) fn on_trial(
        direction: Direction,
        (scenario, name): (&'static str, &'static str),
        code: &'static str,
        server: Server,
        client: Client,
    ) -> Self {
        Self {
            scenario,
            name,
            direction,
            refused: Some(code),
            server,
            client,
        }
    }
}
