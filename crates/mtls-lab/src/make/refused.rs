//! Every certificate that has to be refused, one directory for each reason.

use pki_core::{KeyPair, certificate_pem};
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, SubjectAltName};

use super::error::MakeError;
use super::leaf::{Keys, key_file};
use super::names;
use super::params::Params;
use super::root::Root;
use crate::file::{FileKind, LabFile, Verdict};
use crate::{Options, devices};

/// The files below `refused/`, and the certificates among them that the CA has to revoke.
pub(super) struct Refused {
    pub(super) files: Vec<LabFile>,
    pub(super) revoked: Vec<Certificate>,
}

/// Makes them all. Each has the one fault that the name of its directory says, and is signed by `ca` unless that is the
/// fault.
pub(super) fn make(
    ca: &Root,
    options: &Options,
    keys: &mut Keys,
    now: OffsetDateTime,
) -> Result<Refused, MakeError> {
    let untrusted = Root::make("SomebodyElsesRootCA", options, keys, now)?;
    let mut maker = Maker {
        keys,
        files: Vec::new(),
        options,
        now,
    };
    let day = Duration::DAY;

    for side in [Side::Client, Side::Server] {
        let good = maker.good(side)?;
        maker.put("self-signed", side, |key| good.self_signed(key))?;
        maker.signed("untrusted-ca", side, &untrusted, &good)?;
        maker.signed(
            "expired",
            side,
            ca,
            &Params {
                not_before: now - day * 31,
                not_after: now - day,
                ..good.clone()
            },
        )?;
        maker.signed(
            "not-yet-valid",
            side,
            ca,
            &Params {
                not_before: now + day * 30,
                ..good.clone()
            },
        )?;
        let other_usage = if side == Side::Client {
            ServerAuth
        } else {
            ClientAuth
        };
        maker.signed(
            "wrong-usage",
            side,
            ca,
            &Params {
                usage: Some(other_usage),
                ..good.clone()
            },
        )?;
    }
    let (client, server) = (maker.good(Side::Client)?, maker.good(Side::Server)?);
    maker.signed(
        "no-usage",
        Side::Client,
        ca,
        &Params {
            usage: None,
            ..client.clone()
        },
    )?;
    maker.signed(
        "ca-as-leaf",
        Side::Client,
        ca,
        &Params {
            ca: true,
            ..client.clone()
        },
    )?;
    let elsewhere = "other.example.local";
    let sans = vec![SubjectAltName::Dns(elsewhere.to_owned())];
    let misnamed = Params {
        subject: names::named_server(elsewhere)?,
        sans,
        ..server.clone()
    };
    maker.signed("wrong-name", Side::Server, ca, &misnamed)?;
    maker.mismatched(ca, &client)?;
    let revoked = vec![
        maker.signed("revoked", Side::Client, ca, &client)?,
        maker.signed("revoked", Side::Server, ca, &server)?,
    ];
    Ok(Refused {
        files: maker.files,
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

/// Makes one certificate after the other.
struct Maker<'a> {
    keys: &'a mut Keys,
    files: Vec<LabFile>,
    options: &'a Options,
    now: OffsetDateTime,
}

impl Maker<'_> {
    /// What would be accepted of this side.
    fn good(&self, side: Side) -> Result<Params, MakeError> {
        Ok(match side {
            Side::Client => {
                let sans = vec![SubjectAltName::Email(names::CLIENT_EMAIL.to_owned())];
                Params::good(names::client(devices::CLIENT)?, sans, ClientAuth, self.now)
            }
            Side::Server => Params::good(
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
        params: &Params,
    ) -> Result<Certificate, MakeError> {
        self.put(case, side, |key| {
            params.signed_by(&ca.authority, &ca.key, key)
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
    fn mismatched(&mut self, ca: &Root, good: &Params) -> Result<(), MakeError> {
        let certificate = good.signed_by(&ca.authority, &ca.key, &self.keys.leaf()?)?;
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
