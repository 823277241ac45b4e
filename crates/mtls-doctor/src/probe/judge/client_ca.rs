//! Whether the server knows the CA of our certificate, by the names that it sends.

use rustls::AlertDescription as Alert;

use super::client::Case;
use super::words::names;
use crate::finding::Finding;
use crate::probe::attempt::{Attempt, Presented};

impl Case<'_> {
    /// By the names that the server sent: it does not know our CA, or knows it and refuses all the same.
    pub(super) fn not_trusted(&self) -> Option<Finding> {
        let chain = self.known.chain();
        let (leaf, last) = (chain.first()?, chain.last()?);
        let hints = &self.seen.request()?.hints;
        let setting = self.kind.setting(|it| it.client_cas);
        let hinted = |name: &[u8]| hints.iter().any(|hint| hint == name);
        let issuer = leaf.issuer();
        if !self.known.is_hinted(hints) {
            let trusts = match hints.as_slice() {
                [] => "which CAs it trusts it does not say".to_owned(),
                hints => format!("it trusts {}", names(hints)),
            };
            let finding = self.finding(
                "client-ca-not-trusted",
                format!("The server does not trust the CA of the client certificate, {issuer}: {trusts}."),
            );
            let finding = finding.step(format!(
                "Add that CA (its root) to the server's client CAs. {setting}."
            ));
            let perhaps = "If it is an intermediate below a CA that the server trusts, send it with the certificate \
                           instead: give its file with --ca, and it is tried here.";
            return Some(if last.is_self_issued() {
                finding
            } else {
                finding.step(perhaps)
            });
        }
        let mut by_status = self
            .seen
            .with(Presented::Identity)
            .filter_map(Attempt::answer);
        let refused_as_unknown = self.alerts().all(|alert| alert == Alert::UnknownCA)
            && by_status.all(|answer| answer.status == Some(400));
        if !hinted(leaf.issuer_der()) && refused_as_unknown {
            return Some(
                self.finding(
                    "chain-too-deep",
                    format!(
                        "The server names our root and refuses the chain below it: {} to {}, over {} certificate{}.",
                        leaf.subject(),
                        last.issuer(),
                        chain.len(),
                        if chain.len() == 1 { "" } else { "s" }
                    ),
                )
                .step(format!("Let the server accept longer chains. {}.", self.kind.setting(|it| it.depth)))
                .step("If it does, its root has our root's name and another key: give it the root that issued this chain."),
            );
        }
        let unknown = self
            .alerts()
            .any(|alert| matches!(alert, Alert::UnknownCA | Alert::DecryptError));
        // To a server with another CA of that name, the signature on ours is as wrong as one that was spoilt.
        let spoilt = self.seen.badly_signed.as_ref();
        let ours = spoilt.and_then(|spoilt| self.seen.attempt(Presented::Identity, spoilt.offered));
        if unknown
            && let (Some(spoilt), Some(ours)) = (spoilt, ours)
            && spoilt.outcome != ours.outcome
        {
            return Some(
                self.finding(
                    "server-crl-expired",
                    format!("The server trusts {issuer} and does not know whether the certificate is revoked: the CRL that it uses has expired or is missing."),
                )
                .step(format!("Have the CA sign a new CRL, give it to the server and reload it. {}.", self.kind.setting(|it| it.crls))),
            );
        }
        unknown.then(|| {
            self.finding(
                "client-ca-of-that-name",
                format!("The server names {issuer} among its CAs and does not take what it issued: it has another CA of that name."),
            )
            .step(format!("Give the server the CA certificate that issued the client certificate, since a CA that was made anew has a new key. {setting}."))
            .step(format!("If it is that one, look at its CRL: without a current one some servers say the same. {}.", self.kind.setting(|it| it.crls)))
        })
    }
}
