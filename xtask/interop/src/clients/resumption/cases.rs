//! What changes between two connections of a client, and how the second one goes.

use super::seen::Seen;

pub(super) struct Case {
    pub(super) name: &'static str,
    /// What is asked of clients in the first connection, and changed before the second.
    pub(super) before: Asked,
    pub(super) change: Change,
    pub(super) shows: Shows,
    /// Whether the certificate is there in the second connection, too.
    pub(super) shows_again: bool,
    pub(super) second_name: &'static str,
    pub(super) second: Seen,
}

/// What a server asks of its clients.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Certificate,
    Nothing,
    NotRevoked,
    OtherRoot,
}

#[derive(Clone, Copy)]
pub(super) enum Change {
    None,
    To(Asked),
    /// Other settings, and back.
    ToAndBack(Asked),
    RevokeNow,
    /// The certificate expires.
    Wait,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Shows {
    Nothing,
    /// Identity of the lab.
    Identity(&'static str),
    /// A certificate that ends soon.
    Brief,
}

const CLIENT: Shows = Shows::Identity("same-ca/client");
const REVOKED: Shows = Shows::Identity("refused/revoked/client");

const fn case(
    name: &'static str,
    before: Asked,
    shows: Shows,
    change: Change,
    second: Seen,
) -> Case {
    Case {
        name,
        before,
        change,
        shows,
        shows_again: true,
        second_name: "localhost",
        second,
    }
}

pub(super) const CASES: &[Case] = &[
    case(
        "nothing changed",
        Asked::Certificate,
        CLIENT,
        Change::None,
        Seen::Resumed,
    ),
    Case {
        shows_again: false,
        ..case(
            "nothing changed, no certificate at hand",
            Asked::Certificate,
            CLIENT,
            Change::None,
            Seen::Resumed,
        )
    },
    case(
        "reloaded",
        Asked::Certificate,
        CLIENT,
        Change::To(Asked::Certificate),
        Seen::Full,
    ),
    Case {
        shows_again: false,
        ..case(
            "reloaded, no certificate at hand",
            Asked::Certificate,
            CLIENT,
            Change::To(Asked::Certificate),
            Seen::Refused,
        )
    },
    case(
        "revoked by a list",
        Asked::Certificate,
        REVOKED,
        Change::To(Asked::NotRevoked),
        Seen::Refused,
    ),
    case(
        "another one revoked by the list",
        Asked::Certificate,
        CLIENT,
        Change::To(Asked::NotRevoked),
        Seen::Full,
    ),
    case(
        "revoked at this moment",
        Asked::Certificate,
        CLIENT,
        Change::RevokeNow,
        Seen::Refused,
    ),
    case(
        "CA dropped",
        Asked::Certificate,
        CLIENT,
        Change::To(Asked::OtherRoot),
        Seen::Refused,
    ),
    case(
        "CA dropped and taken back",
        Asked::Certificate,
        CLIENT,
        Change::ToAndBack(Asked::OtherRoot),
        Seen::Full,
    ),
    Case {
        shows_again: false,
        ..case(
            "CA dropped and taken back, no certificate at hand",
            Asked::Certificate,
            CLIENT,
            Change::ToAndBack(Asked::OtherRoot),
            Seen::Refused,
        )
    },
    case(
        "not yet expired",
        Asked::Certificate,
        Shows::Brief,
        Change::None,
        Seen::Resumed,
    ),
    case(
        "expired",
        Asked::Certificate,
        Shows::Brief,
        Change::Wait,
        Seen::Refused,
    ),
    case(
        "anonymous, optional as before",
        Asked::Nothing,
        Shows::Nothing,
        Change::None,
        Seen::Resumed,
    ),
    case(
        "anonymous, required now",
        Asked::Nothing,
        Shows::Nothing,
        Change::To(Asked::Certificate),
        Seen::Refused,
    ),
    Case {
        second_name: "closed.localhost",
        ..case(
            "under a name with another CA",
            Asked::Certificate,
            CLIENT,
            Change::None,
            Seen::Refused,
        )
    },
    Case {
        second_name: "open.localhost",
        ..case(
            "under a name that accepts everybody",
            Asked::Certificate,
            CLIENT,
            Change::None,
            Seen::Full,
        )
    },
    Case {
        second_name: "closed.localhost",
        ..case(
            "anonymous, under a name that requires a certificate",
            Asked::Nothing,
            Shows::Nothing,
            Change::None,
            Seen::Refused,
        )
    },
];
