//! Handshakes that no client should try: certificates without a proof, messages that are none, in any order.
//!
//! Each ends in an alert, or with the connection, and never in an answer by HTTP; also where clients need no
//! certificate, since one that is shown and not proved is nobody's.

use anyhow::{Context, Result, bail, ensure};
use mtls_server::{ClientAuth, MtlsConfig, ServerIdentity, files};
use suite::{process, workspace};

use crate::report::group::HANDSHAKES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;
use crate::workbench::whoami::Whoami;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    for (auth, asked) in [
        (ClientAuth::Required, "required"),
        (ClientAuth::Optional, "optional"),
    ] {
        for version in ["1.2", "1.3"] {
            let subject = format!("tlslite-ng, TLS {version}, {asked}");
            match ask(bench, lab, auth, asked, version) {
                Ok(tries) => {
                    for Try {
                        case,
                        expected,
                        seen,
                    } in tries
                    {
                        report.push(GROUP, &subject, &case, expected, seen);
                    }
                }
                Err(error) => {
                    report.push(GROUP, &subject, "runs", Verdict::Accepted, Err(error));
                }
            }
        }
    }
}

/// What came of the handshakes of one case.
struct Try {
    case: String,
    expected: Verdict,
    seen: Result<(Verdict, String)>,
}

fn ask(
    bench: &Bench<'_>,
    lab: &Lab,
    auth: ClientAuth,
    asked: &str,
    version: &str,
) -> Result<Vec<Try>> {
    let identity = ServerIdentity::from_files(
        lab.path("same-ca/server.crt"),
        lab.path("same-ca/server.key"),
    )?;
    let roots = files::client_roots(lab.path("same-ca/ca.crt"))?;
    let config = MtlsConfig::builder(identity, roots).client_auth(auth);
    let server = Whoami::start(config.build()?)?;
    let mut python = bench.peers.command("python");
    python
        .arg(workspace().join("xtask/interop/src/clients/handshakes.py"))
        .arg(lab.path(""))
        .args([&server.port().to_string(), version, asked]);
    let said = process::run(&mut python, None)?;
    ensure!(said.success(), "{}", said.reason());
    said.stdout.lines().map(read).collect()
}

/// Reads a line of the script: name, `good` or `bad`, and how many handshakes were answered, were ended by an alert, by
/// the end of the connection, and by nothing of these.
fn read(line: &str) -> Result<Try> {
    let fields: Vec<_> = line.split('\t').collect();
    let [case, kind, counts @ .., said] = &fields[..] else {
        bail!("the script said {line}");
    };
    let counts: Vec<usize> = counts
        .iter()
        .map(|count| {
            count
                .parse()
                .with_context(|| format!("the script said {line}"))
        })
        .collect::<Result<_>>()?;
    let [answered, alert, closed, others] = counts[..] else {
        bail!("the script said {line}");
    };
    let expected = match *kind {
        "good" => Verdict::Accepted,
        _ => Verdict::RefusedInTls,
    };
    let refused = alert + closed;
    let seen = match (answered, refused, others) {
        (1.., 0, 0) => Ok((Verdict::Accepted, (*said).to_owned())),
        (0, 1.., 0) => Ok((Verdict::RefusedInTls, (*said).to_owned())),
        _ => Err(anyhow::anyhow!(
            "{answered} answered, {refused} refused, {others} neither: {said}"
        )),
    };
    Ok(Try {
        case: (*case).to_owned(),
        expected,
        seen,
    })
}

#[cfg(test)]
mod tests {
    use super::{Verdict, read};

    #[test]
    fn one_answer_among_refusals_is_no_refusal() {
        for (line, expected) in [
            ("x\tbad\t0\t5\t1\t0\tsaid", Some(Verdict::RefusedInTls)),
            ("x\tbad\t1\t4\t1\t0\tsaid", None),
            ("x\tbad\t0\t5\t0\t1\tsaid", None),
            ("x\tgood\t2\t0\t0\t0\tsaid", Some(Verdict::Accepted)),
            ("x\tgood\t1\t1\t0\t0\tsaid", None),
            ("x\tgood\t0\t0\t0\t0\tsaid", None),
        ] {
            let seen = read(line).expect("a line of the script").seen;
            assert_eq!(seen.ok().map(|(verdict, _)| verdict), expected, "{line}");
        }
        assert!(read("Traceback (most recent call last):").is_err());
    }
}
