//! Every certificate that has to be refused, one directory for each reason.

use pki_core::{KeyPair, certificate_pem};
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, SubjectAltName};

use super::leaf::{Keys, key_file};
use super::root::Root;
use super::wrong::Wrong;
use super::{MakeError, names};
use crate::file::{FileKind, LabFile, Verdict};
use crate::{Options, devices};

/// The files below `refused/`, and the certificates among them that the CA's list has to name.
pub(super) struct Culprits {
    pub(super) files: Vec<LabFile>,
    pub(super) revoked: Vec<Certificate>,
}

/// Makes them all. Whoever does not say otherwise is signed by `ca`, so that only the one thing that
/// the directory's name says is wrong with them.
pub(super) fn make(
    ca: &Root,
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Culprits, MakeError> {
    let untrusted = Root::make("SomebodyElsesRootCA", options, keys, now)?;
    let mut desk = Desk {
        keys,
        files: Vec::new(),
        options,
        now,
    };
    let day = Duration::DAY;

    for side in [Side::Client, Side::Server] {
        let good = desk.good(side)?;
        desk.put("self-signed", side, |key| good.self_signed(key))?;
        desk.signed("untrusted-ca", side, &untrusted, &good)?;
        desk.signed(
            "expired",
            side,
            ca,
            &Wrong {
                not_before: now - day * 31,
                not_after: now - day,
                ..good.clone()
            },
        )?;
        desk.signed(
            "not-yet-valid",
            side,
            ca,
            &Wrong {
                not_before: now + day * 30,
                ..good.clone()
            },
        )?;
        let other_usage = if side == Side::Client {
            ServerAuth
        } else {
            ClientAuth
        };
        desk.signed(
            "wrong-usage",
            side,
            ca,
            &Wrong {
                usage: Some(other_usage),
                ..good.clone()
            },
        )?;
    }
    let (client, server) = (desk.good(Side::Client)?, desk.good(Side::Server)?);
    desk.signed(
        "no-usage",
        Side::Client,
        ca,
        &Wrong {
            usage: None,
            ..client.clone()
        },
    )?;
    desk.signed(
        "ca-as-leaf",
        Side::Client,
        ca,
        &Wrong {
            ca: true,
            ..client.clone()
        },
    )?;
    let elsewhere = "other.example.local";
    let sans = vec![SubjectAltName::Dns(elsewhere.to_owned())];
    let misnamed = Wrong {
        subject: names::named_server(elsewhere)?,
        sans,
        ..server.clone()
    };
    desk.signed("wrong-name", Side::Server, ca, &misnamed)?;
    desk.mismatched(ca, &client)?;
    let revoked = vec![
        desk.signed("revoked", Side::Client, ca, &client)?,
        desk.signed("revoked", Side::Server, ca, &server)?,
    ];
    Ok(Culprits {
        files: desk.files,
        revoked,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Client,
    Server,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// Where the culprits are made and put down.
struct Desk<'a> {
    keys: &'a mut Keys,
    files: Vec<LabFile>,
    options: &'a Options,
    now: OffsetDateTime,
}

impl Desk<'_> {
    /// What would be accepted.
    fn good(&self, side: Side) -> Result<Wrong, MakeError> {
        Ok(match side {
            Side::Client => {
                let sans = vec![SubjectAltName::Email(names::CLIENT_EMAIL.to_owned())];
                Wrong::starting_from(names::client(devices::CLIENT)?, sans, ClientAuth, self.now)
            }
            Side::Server => Wrong::starting_from(
                names::server()?,
                self.options.server_names(),
                ServerAuth,
                self.now,
            ),
        })
    }

    fn signed(
        &mut self,
        case: &str,
        side: Side,
        ca: &Root,
        wrong: &Wrong,
    ) -> Result<Certificate, MakeError> {
        self.put(case, side, |key| {
            wrong.signed_by(&ca.authority, &ca.signer, key)
        })
    }

    /// A fresh key and the certificate that `issue` makes for it.
    fn put(
        &mut self,
        case: &str,
        side: Side,
        issue: impl FnOnce(&KeyPair) -> Result<Certificate, MakeError>,
    ) -> Result<Certificate, MakeError> {
        let key = self.keys.leaf()?;
        let certificate = issue(&key)?;
        self.file(case, side, &certificate, &key);
        Ok(certificate)
    }

    /// The certificate of one key beside another key.
    fn mismatched(&mut self, ca: &Root, good: &Wrong) -> Result<(), MakeError> {
        let certificate = good.signed_by(&ca.authority, &ca.signer, &self.keys.leaf()?)?;
        let other = self.keys.leaf()?;
        self.file("mismatched-key", Side::Client, &certificate, &other);
        Ok(())
    }

    fn file(&mut self, case: &str, side: Side, certificate: &Certificate, key: &KeyPair) {
        let path = |ending: &str| format!("refused/{case}/{}.{ending}", side.name());
        let pem = LabFile::new(
            path("crt"),
            FileKind::Certificate,
            certificate_pem(certificate),
        );
        self.files
            .push(pem.of(certificate).expected(Verdict::Refused));
        self.files.push(key_file(path("key"), key).of(certificate));
    }
}
