//! One case: who presents what to whom, and the expected verdict.

use mtls_lab::Verdict;

use crate::report::Direction;

/// One case of the matrix. Paths are below the lab's directory.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) scenario: &'static str,
    pub(crate) name: &'static str,
    pub(crate) direction: Direction,
    /// Why it has to be refused: the code of the server's reason, or the kind of the client's error. `None` if it has
    /// to be accepted.
    pub(crate) refused: Option<&'static str>,
    pub(crate) server: Server,
    pub(crate) client: Client,
}

/// What the server presents, and which clients it accepts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) chain: &'static str,
    pub(crate) key: &'static str,
    pub(crate) client_roots: &'static str,
    pub(crate) crl: Option<&'static str>,
}

/// What the client presents, which servers it accepts, and under which name it connects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) credential: Credential,
    pub(crate) roots: &'static str,
    pub(crate) crl: Option<&'static str>,
    pub(crate) pin: Pin,
    pub(crate) host: &'static str,
}

/// What the client presents.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential {
    None,
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
    /// A key that is not in use, and the right one as a backup.
    Backup,
    /// Only a key that is not in use.
    Wrong,
}

impl Case {
    /// What has to come of it.
    pub(crate) fn expected(&self) -> Verdict {
        if self.refused.is_some() {
            Verdict::Refused
        } else {
            Verdict::Accepted
        }
    }

    /// A client and a server that have to accept each other. The server decides last.
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

    /// The peer of whoever `direction` names has to refuse it, for the reason `code`.
    pub(crate) fn refused(
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
