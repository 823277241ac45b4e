//! The commands of the guide: curl sends, and openssl makes and reads.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};

use super::site::Site;
use crate::report::group::EST as GROUP;
use crate::report::{Report, Verdict};

const CLIENT: &str = "curl";

pub(super) fn tell(site: &Site<'_>, report: &mut Report) -> Result<()> {
    let seen = certificates_of_ca(site);
    report.push(
        GROUP,
        CLIENT,
        "the CA's certificates",
        Verdict::Accepted,
        seen,
    );
    as_libest_reads(site, report);
    for form in FORMS {
        let name = format!("router-{form}").replace(' ', "-");
        let token = site.token(&name, &[])?;
        site.csr(&name, &name, &[])?;
        write_form(site, &name, form)?;
        let seen = enrol(site, &name, &format!("{name}:{token}"));
        let case = format!("enrols by a password, CSR as {form}");
        report.push(GROUP, CLIENT, &case, Verdict::Accepted, seen);
    }
    refusals(site, report)?;
    renewals(site, report)?;
    let token = site.token("router-9", &["--profile", "approved"])?;
    site.csr("router-9", "router-9", &[])?;
    write_form(site, "router-9", "PEM")?;
    let user = format!("router-9:{token}");
    let waits = post(site, "simpleenroll", "router-9", &["--user", &user])?;
    ensure!(waits.headers.contains("Retry-After: "), "{}", waits.headers);
    let seen = Ok(waits.verdict());
    report.push(
        GROUP,
        CLIENT,
        "before somebody approves",
        Verdict::RefusedByStatus(202),
        seen,
    );
    approve(site)?;
    let seen = enrol(site, "router-9", &user);
    report.push(
        GROUP,
        CLIENT,
        "the same request, approved",
        Verdict::Accepted,
        seen,
    );
    Ok(())
}

/// A certificate of this name in `NAME.crt`, with its key.
pub(super) fn made(site: &Site<'_>, name: &str, token: &str) -> Result<()> {
    site.csr(name, name, &[])?;
    write_form(site, name, "PEM")?;
    let (verdict, text) = enrol(site, name, &format!("{name}:{token}"))?;
    ensure!(verdict == Verdict::Accepted, "{text}");
    Ok(())
}

/// Approves what waits.
pub(super) fn approve(site: &Site<'_>) -> Result<()> {
    let waiting = site.home.json(&["requests", "list"])?;
    let id = waiting[0]["id"].to_string();
    site.home.ok(&["requests", "approve", &id])?;
    Ok(())
}

fn certificates_of_ca(site: &Site<'_>) -> Result<(Verdict, String)> {
    let url = site.url("/.well-known/est/cacerts");
    site.ok(
        "curl",
        &["-sS", "--fail", "--cacert", "ca.crt", "-o", "cas.b64", &url],
    )?;
    let text = read_pkcs7(site, "cas")?;
    let count = text.matches("BEGIN CERTIFICATE").count();
    let root = fs::read_to_string(site.home.path("ca.crt"))?;
    let holds = count == 2 && text.contains(root.trim());
    Ok((Verdict::accepted_if(holds), format!("{count} certificates")))
}

/// libest decodes them by OpenSSL's `BIO_f_base64`, as `openssl base64 -d` does without `-A`: a first line of more than 1024
/// characters is skipped.
fn as_libest_reads(site: &Site<'_>, report: &mut Report) {
    for (case, agent, expected) in [
        ("as libest reads them", "libest 3.2.0p", Verdict::Accepted),
        ("one line, as libest reads them", "curl", Verdict::Refused),
    ] {
        let read = || {
            let url = site.url("/.well-known/est/cacerts");
            let get = ["-sS", "--fail", "--cacert", "ca.crt", "-A", agent];
            site.ok("curl", &[&get[..], &["-o", "libest.b64", &url]].concat())?;
            let decode = ["base64", "-d", "-in", "libest.b64", "-out", "libest.p7"];
            site.ok("openssl", &decode)?;
            let print = [
                "pkcs7",
                "-inform",
                "DER",
                "-print_certs",
                "-in",
                "libest.p7",
            ];
            let ran = site.run("openssl", &print)?;
            let count = ran.stdout.matches("BEGIN CERTIFICATE").count();
            let verdict = Verdict::accepted_if(count == 2);
            Ok((verdict, format!("{count} certificates")))
        };
        let case = format!("the CA's certificates, {case}");
        report.push(GROUP, "openssl base64", &case, expected, read());
    }
}

/// Turns `STEM.b64` into `STEM.crt`.
fn read_pkcs7(site: &Site<'_>, stem: &str) -> Result<String> {
    let file = |end: &str| format!("{stem}.{end}");
    decode(site, &file("b64"), &file("p7"))?;
    let print = [
        "pkcs7",
        "-inform",
        "DER",
        "-print_certs",
        "-in",
        &file("p7"),
    ];
    let text = site.ok("openssl", &print)?;
    fs::write(site.home.path(&file("crt")), &text)?;
    Ok(text)
}

fn decode(site: &Site<'_>, from: &str, to: &str) -> Result<()> {
    let decode = ["base64", "-d", "-A", "-in", from, "-out", to];
    site.ok("openssl", &decode).map(drop)
}

/// `STEM.body`, of `STEM.csr`.
fn write_form(site: &Site<'_>, stem: &str, form: &str) -> Result<()> {
    let pem = fs::read_to_string(site.home.path(&format!("{stem}.csr")))?;
    let lines = || pem.lines().filter(|line| !line.starts_with("-----"));
    let body = match form {
        "one line" => lines().collect::<String>().into_bytes(),
        "lines" => lines()
            .flat_map(|line| [line, "\n"])
            .collect::<String>()
            .into_bytes(),
        "lines with CRLF" => lines()
            .flat_map(|line| [line, "\r\n"])
            .collect::<String>()
            .into_bytes(),
        "PEM" => pem.into_bytes(),
        "DER" => {
            let (csr, der) = (format!("{stem}.csr"), format!("{stem}.der"));
            site.ok(
                "openssl",
                &["req", "-in", &csr, "-outform", "DER", "-out", &der],
            )?;
            fs::read(site.home.path(&der))?
        }
        other => bail!("nobody writes {other}"),
    };
    fs::write(site.home.path(&format!("{stem}.body")), body)?;
    Ok(())
}

const FORMS: [&str; 5] = ["one line", "lines", "lines with CRLF", "PEM", "DER"];

/// Status and headers of an answer, whose body is in `STEM.b64`.
struct Answer {
    status: u16,
    headers: String,
    text: String,
}

impl Answer {
    fn verdict(&self) -> (Verdict, String) {
        match self.status {
            200 => (Verdict::Accepted, "issued".to_owned()),
            status => (Verdict::RefusedByStatus(status), self.text.clone()),
        }
    }
}

/// Sends `STEM.body`.
fn post(site: &Site<'_>, operation: &str, stem: &str, more: &[&str]) -> Result<Answer> {
    let (body, out) = (format!("@{stem}.body"), format!("{stem}.b64"));
    let url = site.url(&format!("/.well-known/est/{operation}"));
    let post = ["-sS", "--cacert", "ca.crt", "-D", "-", "-o", &out];
    let content = [
        "-H",
        "Content-Type: application/pkcs10",
        "--data-binary",
        &body,
    ];
    let headers = site.ok("curl", &[&post[..], &content, more, &[&url]].concat())?;
    let status = headers.split_whitespace().nth(1).context("no status")?;
    Ok(Answer {
        status: status.parse()?,
        text: fs::read_to_string(site.home.path(&out))?,
        headers,
    })
}

fn enrol(site: &Site<'_>, stem: &str, user: &str) -> Result<(Verdict, String)> {
    let answer = post(site, "simpleenroll", stem, &["--user", user])?;
    if answer.status == 200 {
        read_pkcs7(site, stem)?;
        site.verify(&format!("{stem}.crt"), stem)?;
    }
    Ok(answer.verdict())
}

fn refusals(site: &Site<'_>, report: &mut Report) -> Result<()> {
    let token = site.token("router-6", &[])?;
    site.csr("router-6", "router-6", &[])?;
    site.csr("other", "router-6", &[])?;
    site.csr("admin", "admin", &[])?;
    for stem in ["router-6", "other", "admin"] {
        write_form(site, stem, "one line")?;
    }
    let user = format!("router-6:{token}");
    let (good, wrong) = (["--user", user.as_str()], ["--user", "router-6:guess"]);
    for (case, operation, stem, more, expected) in [
        (
            "without a password",
            "simpleenroll",
            "router-6",
            &[][..],
            401,
        ),
        ("a wrong password", "simpleenroll", "router-6", &wrong, 401),
        ("another name", "simpleenroll", "admin", &good, 403),
        (
            "another profile",
            "server/simpleenroll",
            "router-6",
            &good,
            403,
        ),
        (
            "a profile that is not there",
            "x/simpleenroll",
            "router-6",
            &good,
            404,
        ),
        ("the right one", "simpleenroll", "router-6", &good, 200),
        ("the same again", "simpleenroll", "router-6", &good, 200),
        (
            "the token for another key",
            "simpleenroll",
            "other",
            &good,
            403,
        ),
    ] {
        let seen = post(site, operation, stem, more).map(|answer| answer.verdict());
        let expected = match expected {
            200 => Verdict::Accepted,
            status => Verdict::RefusedByStatus(status),
        };
        report.push(GROUP, CLIENT, case, expected, seen);
    }
    read_pkcs7(site, "router-6")?;
    let url = site.url("/.well-known/est/simpleenroll");
    let json = [
        "-sS",
        "--cacert",
        "ca.crt",
        "-o",
        "json.out",
        "-w",
        "%{http_code}",
        "--json",
        "{}",
    ];
    let status = site.ok("curl", &[&json[..], &["--user", &user, &url]].concat())?;
    let seen = Ok((Verdict::RefusedByStatus(status.trim().parse()?), status));
    report.push(GROUP, CLIENT, "JSON", Verdict::RefusedByStatus(415), seen);
    let attributes = site.url("/.well-known/est/client/csrattrs");
    let get = [
        "-sS",
        "--fail",
        "--cacert",
        "ca.crt",
        "-o",
        "attributes.b64",
        &attributes,
    ];
    site.ok("curl", &get)?;
    decode(site, "attributes.b64", "attributes.der")?;
    let parse = ["asn1parse", "-inform", "DER", "-in", "attributes.der"];
    let text = site.ok("openssl", &parse)?;
    let verdict = Verdict::accepted_if(text.contains("prime256v1"));
    report.push(
        GROUP,
        CLIENT,
        "what a CSR should have",
        Verdict::Accepted,
        Ok((verdict, text)),
    );
    Ok(())
}

fn renewals(site: &Site<'_>, report: &mut Report) -> Result<()> {
    for (stem, name) in [("next", "router-6"), ("changed", "router-7")] {
        site.csr(stem, name, &[])?;
        write_form(site, stem, "PEM")?;
    }
    let presented = ["--cert", "router-6.crt", "--key", "router-6.key"];
    for (case, stem, more, expected) in [
        (
            "renews without a certificate",
            "next",
            &[][..],
            Verdict::RefusedByStatus(403),
        ),
        (
            "renews with another name",
            "changed",
            &presented,
            Verdict::RefusedByStatus(403),
        ),
        (
            "renews by its certificate",
            "next",
            &presented,
            Verdict::Accepted,
        ),
    ] {
        let seen = post(site, "simplereenroll", stem, more).map(|answer| answer.verdict());
        report.push(GROUP, CLIENT, case, expected, seen);
    }
    read_pkcs7(site, "next")?;
    site.verify("next.crt", "router-6")?;
    site.home
        .ok(&["revoke", "--cert", "router-6.crt", "--yes"])?;
    let seen = post(site, "simplereenroll", "next", &presented).map(|answer| answer.verdict());
    let expected = Verdict::RefusedByStatus(403);
    report.push(GROUP, CLIENT, "renews by a revoked one", expected, seen);
    let token = site.token("api.example.org", &["--profile", "server"])?;
    let san = "subjectAltName=DNS:api.example.org";
    for stem in ["api", "api-next"] {
        site.csr(stem, "api.example.org", &["-addext", san])?;
        write_form(site, stem, "one line")?;
    }
    let user = format!("api:{token}");
    let first = post(site, "simpleenroll", "api", &["--user", &user])?;
    ensure!(first.status == 200, "{}", first.text);
    read_pkcs7(site, "api")?;
    let presented = ["--cert", "api.crt", "--key", "api.key"];
    let seen = post(site, "simplereenroll", "api-next", &presented).map(|answer| answer.verdict());
    report.push(
        GROUP,
        CLIENT,
        "a server's certificate renews itself",
        Verdict::Accepted,
        seen,
    );
    let seen = post(site, "simpleenroll", "api-next", &presented).map(|answer| answer.verdict());
    let case = "a server's certificate enrols";
    report.push(GROUP, CLIENT, case, Verdict::RefusedByStatus(403), seen);
    Ok(())
}
