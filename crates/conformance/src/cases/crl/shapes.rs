//! CRLs of odd forms, and several of one issuer (RFC 5280 sections 5.1 and 5.2).

use const_oid::db::rfc5280::{ID_CE_CERTIFICATE_ISSUER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS};
use time::Duration;

use super::client::{OTHER, SERIAL, client};
use crate::Verdict;
use crate::case::Case;
use crate::crl::{CrlBuilder, reason};
use crate::extension::{extension, flipped, unknown};
use crate::name::directory;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [shapes(w), order(w)].concat()
}

fn shapes(w: &World) -> Vec<Case> {
    let extensions = "RFC 5280 5.2, 5.3";
    let list = |name, clause, list: CrlBuilder| client(w, name, clause, &[&list]);
    let entry = |serial, says| w.crl().revoking_with(serial, Some(says));
    let issuer = vec![directory(&w.root.name)];
    let issuer = extension(ID_CE_CERTIFICATE_ISSUER, true, &issuer);
    let unusable = Verdict::UNUSABLE;
    vec![
        list(
            "version 1, not listed",
            "RFC 5280 5.1.2.1",
            w.crl().version_1().revoking(OTHER),
        ),
        list(
            "version 1, listed",
            "RFC 5280 5.1.2.1",
            w.crl().version_1().revoking(SERIAL),
        )
        .refused("revoked"),
        list(
            "empty revokedCertificates",
            "RFC 5280 5.1.2.6",
            w.crl().empty_sequence(),
        ),
        list(
            "no cRLNumber",
            "RFC 5280 5.2.3",
            w.crl().without(ID_CE_CRL_NUMBER),
        ),
        list(
            "no cRLNumber, listed",
            "RFC 5280 5.2.3",
            w.crl().without(ID_CE_CRL_NUMBER).revoking(SERIAL),
        )
        .refused("revoked"),
        list(
            "unknown extension",
            extensions,
            w.crl().with(unknown(false)),
        ),
        list(
            "unknown critical extension",
            extensions,
            w.crl().with(unknown(true)),
        )
        .refused(unusable),
        list(
            "unknown entry extension",
            extensions,
            entry(OTHER, unknown(false)),
        ),
        list(
            "unknown entry extension, listed",
            extensions,
            entry(SERIAL, unknown(false)),
        )
        .refused("revoked"),
        list(
            "unknown critical entry extension",
            extensions,
            entry(OTHER, unknown(true)),
        )
        .refused(unusable),
        list(
            "entry of another issuer",
            "RFC 5280 5.3.3",
            entry(OTHER, issuer.clone()),
        )
        .refused(unusable),
        list(
            "entry of another issuer, not critical",
            "RFC 5280 5.3.3",
            entry(OTHER, flipped(issuer)),
        )
        .refused(unusable),
        list("cRLNumber critical", "RFC 5280 5.2.3", {
            w.crl().with(extension(ID_CE_CRL_NUMBER, true, &1u8))
        })
        .refused(unusable),
        list(
            "reason of an entry critical",
            "RFC 5280 5.3.1",
            entry(OTHER, extension(ID_CE_CRL_REASONS, true, &reason(1))),
        )
        .refused(unusable),
        list(
            "reason that is not assigned, another's",
            "RFC 5280 5.3.1",
            w.crl().revoking_for(OTHER, 7),
        ),
        list(
            "reason that is not assigned",
            "RFC 5280 5.3.1",
            w.crl().revoking_for(SERIAL, 7),
        )
        .refused("revoked"),
    ]
}

/// The highest number counts, wherever it stands.
fn order(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 5.2.3";
    let clear = |number| w.crl().number(number);
    let listing = |number| w.crl().number(number).revoking(SERIAL);
    let later =
        |list: CrlBuilder| list.valid(w.now - Duration::MINUTE, Some(w.now + Duration::DAY));
    let case =
        |name, first: CrlBuilder, second: CrlBuilder| client(w, name, clause, &[&first, &second]);
    vec![
        case("numbers 1 and 2, revoked in 2", clear(1), listing(2)).refused("revoked"),
        case("numbers 2 and 1, revoked in 2", listing(2), clear(1)).refused("revoked"),
        case("numbers 1 and 2, taken back in 2", listing(1), clear(2)),
        case("numbers 2 and 1, taken back in 2", clear(2), listing(1)),
        case("numbers 2 and 10, revoked in 10", clear(2), listing(10)).refused("revoked"),
        case(
            "numbers 255 and 256, revoked in 256",
            clear(255),
            listing(256),
        )
        .refused("revoked"),
        case(
            "numbers 256 and 255, revoked in 256",
            listing(256),
            clear(255),
        )
        .refused("revoked"),
        case(
            "one number, revoked in the later one",
            clear(1),
            later(listing(1)),
        )
        .refused("revoked"),
        case(
            "one number, revoked in the later one, first",
            later(listing(1)),
            clear(1),
        )
        .refused("revoked"),
        case(
            "higher number with the earlier date, revoked",
            later(clear(1)),
            listing(2),
        )
        .refused("revoked"),
        case("one list twice", clear(1), clear(1)),
        case("revoked in the list of tomorrow", clear(1), {
            listing(2).valid(w.now + Duration::DAY, Some(w.now + Duration::DAY * 2))
        })
        .refused("revoked"),
    ]
}
