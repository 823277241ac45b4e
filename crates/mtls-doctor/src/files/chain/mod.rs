//! The certificates behind a leaf: complete, in order, and of the right issuer.

mod case;
mod missing;
mod order;
mod rearranged;

use x509_identity::Certificate;

use crate::finding::Question;
use crate::report::Report;
use crate::target::Options;

use self::case::Case;
use super::pair::Presented;
use super::surroundings::Surroundings;

pub(crate) use self::case::issued;

/// What leads from a leaf upwards, as far as it is presented.
pub(crate) struct Chain<'a> {
    /// Positions in the file, from the leaf upwards.
    path: Vec<usize>,
    /// The anchor, where there are more intermediates below it than it allows.
    pub(crate) too_long_for: Option<&'a Certificate>,
    /// Whether something is wrong with it: what a verifier says about its issuer is a consequence.
    pub(crate) is_broken: bool,
    /// The anchors that it leads to: whom was given as trusted or else the top of what is presented.
    pub(crate) anchors: Vec<&'a Certificate>,
    /// The presented certificates above the leaf.
    pub(crate) intermediates: Vec<&'a Certificate>,
}

/// Checks what is presented against `trusted`.
pub(crate) fn check<'a>(
    presented: Presented<'a>,
    trusted: &[&'a Certificate],
    surroundings: &Surroundings<'_>,
    options: &Options,
    report: &mut Report,
) -> Chain<'a> {
    let certificates = &presented.item.certificates;
    let path = path(certificates, presented.leaf);
    let mut chain = Chain {
        intermediates: certificates
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != presented.leaf)
            .map(|(_, one)| one)
            .collect(),
        anchors: trusted.to_vec(),
        is_broken: false,
        too_long_for: None,
        path,
    };
    let case = Case {
        presented,
        trusted,
        surroundings,
        options,
    };
    let end = chain.path.last().copied().unwrap_or(presented.leaf);
    let top = &certificates[end];
    let leads_on = trusted.iter().any(|ca| issued(top, ca));
    if let Some(finding) = case.order(&chain.path) {
        report.finding(finding);
        chain.is_broken = true;
    }
    report.findings_of(case.twice());
    report.findings_of(case.unrelated_to(&chain.path));
    let complete =
        leads_on || top.is_self_issued() && (end != presented.leaf || trusted.contains(&top));
    if !complete {
        match case.missing(top, &chain.path) {
            Some(finding) => {
                report.finding(finding);
                chain.is_broken = true;
            }
            // A root beside the file answers the question.
            None if trusted.is_empty()
                && chain.path.len() == 1
                && !top.is_self_issued()
                && case.signer(top).is_none_or(|(_, ca)| !ca.is_self_issued()) =>
            {
                report.question(Question::new(
                    format!("Does the other side know {}, the issuer of {}?", top.issuer(), top.subject()),
                    "Give the CA that the other side trusts (--ca): the doctor then sees whether an intermediate is missing.",
                ));
            }
            None => {}
        }
    }
    if trusted.is_empty() && end != presented.leaf && top.is_ca() {
        chain.anchors = vec![top];
    }
    let below = |anchor: &Certificate| {
        let above_leaf = chain.path.iter().skip(1).map(|index| &certificates[*index]);
        above_leaf
            .filter(|ca| !ca.is_self_issued() && *ca != anchor)
            .count()
    };
    chain.too_long_for = chain.anchors.iter().copied().find(|ca| {
        let allowed = ca.basic_constraints().and_then(|one| one.path_len);
        let is_above = issued(top, ca) || *ca == top;
        is_above && allowed.is_some_and(|allowed| below(ca) > allowed as usize)
    });
    if let Some(finding) = case.identifiers(&chain.path) {
        report.finding(finding);
        chain.is_broken = true;
    }
    if !presented.item.is_bundle
        && !chain.is_broken
        && end != presented.leaf
        && top.is_self_issued()
    {
        report.finding(case.root_presented(end));
    }
    chain
}

/// From the leaf to the last certificate of the file that has issued the one before it.
fn path(certificates: &[Certificate], leaf: usize) -> Vec<usize> {
    let mut path = vec![leaf];
    while let Some(last) = path.last() {
        let last = &certificates[*last];
        let next = (0..certificates.len())
            .find(|index| !path.contains(index) && issued(last, &certificates[*index]));
        match next {
            Some(next) => path.push(next),
            None => break,
        }
    }
    path
}
