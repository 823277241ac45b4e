//! schemathesis sends whatever the OpenAPI document allows and what it does not, and looks for answers that it does not
//! have.

use anyhow::Result;
use suite::process;

use super::curl;
use super::site::Site;
use crate::report::group::EST as GROUP;
use crate::report::{Report, Verdict};

pub(super) fn tell(site: &Site<'_>, report: &mut Report) -> Result<()> {
    let token = site.token("sensor-8", &["--uses", "1000"])?;
    // Until it revokes it: a certificate to renew by.
    curl::made(site, "sensor-8", &token)?;
    let seen = run(site, &token);
    let case = "every answer is in the OpenAPI document, and none is 5xx";
    report.push(GROUP, "schemathesis", case, Verdict::Accepted, seen);
    Ok(())
}

fn run(site: &Site<'_>, token: &str) -> Result<(Verdict, String)> {
    let document = site.url("/v1/openapi.json");
    let bearer = format!("Authorization: Bearer {token}");
    let mut schemathesis = site.command(
        "schemathesis",
        &["run", &document, "--tls-verify", "ca.crt"],
    );
    schemathesis
        .args(["--header", &bearer, "--checks", CHECKS, "--seed", "1"])
        .args(["--max-time", "15", "--no-color"])
        .args(["--request-cert", "sensor-8.crt"])
        .args(["--request-cert-key", "sensor-8.key"]);
    let ran = process::run(&mut schemathesis, None)?;
    let text = ran.stdout.lines().rev().take(12).collect::<Vec<_>>();
    let text = text.into_iter().rev().collect::<Vec<_>>().join("\n");
    Ok((
        Verdict::accepted_if(ran.success()),
        format!("{text}{}", ran.stderr),
    ))
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
