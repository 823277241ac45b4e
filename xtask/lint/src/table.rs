//! Where the linters agree about certificates with one change, and where not.

use std::fmt::{self, Write as _};

use anyhow::Result;
use suite::Peers;

use crate::changes::{self, Named};
use crate::judges::{Judges, Subject, Verdicts};
use crate::mutate::changed;
use crate::pki::Role;
use crate::policies::{Good, NAMED};
use crate::random::Random;

/// What was said about the certificates with one change.
pub(crate) struct Row {
    change: &'static Named,
    looked_at: usize,
    ours: usize,
    pkilint: usize,
    openssl: usize,
    /// Where we and pkilint say the same, and we and OpenSSL.
    as_pkilint: usize,
    as_openssl: usize,
    example: String,
}

pub(crate) fn rows(judges: &Judges<'_>, random: &mut Random, each: usize) -> Result<Vec<Row>> {
    let mut subjects = Vec::new();
    for change in changes::all() {
        for role in Role::ALL.into_iter().filter(|it| change.roles.contains(it)) {
            for _ in 0..each {
                let good = judges.pki.good(role, random)?;
                let der = changed(judges.pki, &good, change.change, random)?;
                subjects.push(Subject {
                    role,
                    der,
                    for_openssl: true,
                });
            }
        }
    }
    let mut verdicts = judges.verdicts(&subjects)?.into_iter();
    Ok(changes::all()
        .map(|change| {
            let count = change.roles.len() * each;
            Row::of(change, verdicts.by_ref().take(count).collect())
        })
        .collect())
}

impl Row {
    fn of(change: &'static Named, verdicts: Vec<Verdicts>) -> Self {
        let count = |is: fn(&Verdicts) -> bool| verdicts.iter().filter(|it| is(it)).count();
        let differing = verdicts
            .iter()
            .find(|it| it.ours.is_empty() != it.pkilint.is_empty())
            .or_else(|| {
                verdicts
                    .iter()
                    .find(|it| it.ours.is_empty() != it.openssl.is_empty())
            });
        let example = differing.map_or_else(String::new, |it| {
            format!(
                "ours {:?}, pkilint {:?}, openssl {:?}",
                it.ours, it.pkilint, it.openssl
            )
        });
        Self {
            change,
            looked_at: verdicts.len(),
            ours: count(|it| !it.ours.is_empty()),
            pkilint: count(|it| !it.pkilint.is_empty()),
            openssl: count(|it| !it.openssl.is_empty()),
            as_pkilint: count(|it| it.ours.is_empty() == it.pkilint.is_empty()),
            as_openssl: count(|it| it.ours.is_empty() == it.openssl.is_empty()),
            example,
        }
    }

    /// Whether a difference has its reason, and no reason stands where there is none.
    pub(crate) fn is_explained(&self) -> bool {
        let agree = self.as_pkilint == self.looked_at && self.as_openssl == self.looked_at;
        agree == self.change.why.is_empty()
    }

    fn relation(agreed: usize, ours: usize, theirs: usize, all: usize) -> &'static str {
        if agreed == all {
            "agree"
        } else if ours > theirs {
            "stricter"
        } else if ours < theirs {
            "laxer"
        } else {
            "other"
        }
    }

    fn relations(&self) -> [&'static str; 2] {
        [
            Self::relation(self.as_pkilint, self.ours, self.pkilint, self.looked_at),
            Self::relation(self.as_openssl, self.ours, self.openssl, self.looked_at),
        ]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: of {} we have a finding in {}, pkilint in {}, openssl in {}",
            self.change.name, self.looked_at, self.ours, self.pkilint, self.openssl
        )?;
        if !self.is_explained() {
            write!(f, "; such as {}", self.example)?;
        }
        Ok(())
    }
}

pub(crate) fn to_markdown(good: &Good, rows: &[Row], peers: &Peers) -> String {
    let mut text = String::new();
    let total: usize = rows.iter().map(|row| row.looked_at).sum();
    let (as_pkilint, as_openssl): (Vec<_>, Vec<_>) = rows
        .iter()
        .map(|row| (row.as_pkilint, row.as_openssl))
        .unzip();
    let percent = |agreed: Vec<usize>| agreed.iter().sum::<usize>() * 100 / total.max(1);
    let _ = writeln!(
        text,
        "With pkilint {} and OpenSSL {}.\n\n{}.\n",
        peers.version("pkilint"),
        peers.version("OpenSSL"),
        good.summary()
    );
    for known in NAMED {
        let _ = writeln!(
            text,
            "- `{}` about `{}`: {}",
            known.code, known.about, known.why
        );
    }
    let _ = writeln!(
        text,
        "\n{total} certificates with one change: we say the same as pkilint about {} %, and as OpenSSL about {} %.\n",
        percent(as_pkilint),
        percent(as_openssl)
    );
    text += "| change | of | ours | pkilint | openssl | beside pkilint | beside openssl | why |\n";
    text += "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for row in rows {
        let [pkilint, openssl] = row.relations();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {pkilint} | {openssl} | {} |",
            row.change.name, row.looked_at, row.ours, row.pkilint, row.openssl, row.change.why
        );
    }
    text
}
