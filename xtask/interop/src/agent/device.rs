//! The example `device`, with `mtls serve` and the example `hello`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use suite::process::{self, Server};
use suite::{Home, Profile, ServerFiles, example_of};

use super::ca::Ca;
use crate::report::group::AGENT as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    with_a_token(bench, home, report)?;
    as_a_phone(bench, report)
}

/// The example, and the `hello` that it calls.
struct Device<'a> {
    ca: &'a Ca,
    hello: Server,
    program: PathBuf,
}

impl<'a> Device<'a> {
    fn before(bench: &Bench<'_>, ca: &'a Ca) -> Result<Self> {
        ca.home
            .ok(&["issue", "server", "localhost", "--out", "service"])?;
        let hello = bench.own()?.serve(&ServerFiles {
            cert: ca.home.path("service/server.crt"),
            key: ca.home.path("service/server.key"),
            client_ca: ca.home.path("ca.crt"),
            crl: None,
        })?;
        let program = example_of("integrations", Profile::Dev, "device")?;
        Ok(Self { ca, hello, program })
    }

    fn command(&self, token_file: &str, out: &str) -> Command {
        let enroll = format!("https://localhost:{}", self.ca.ports[1]);
        let mut command = Command::new(&self.program);
        command
            .arg(format!("https://localhost:{}/", self.hello.port()))
            .args(["--enroll", &enroll, "--ca-file", "ca.crt", "--out", out])
            .args(["--token-file", token_file, "--every", "50"])
            .current_dir(self.ca.home.directory());
        command
    }
}

fn with_a_token(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let ca = Ca::make(home)?;
    ca.shorten("client", "default = \"24h\"", "8s")?;
    let _serving = ca.serve()?;
    let device = Device::before(bench, &ca)?;
    let device = |out: &str| {
        let mut command = device.command("sensor-7.token", out);
        process::run(command.args(["--renewals", "1"]), None)
    };
    ca.token("client", "sensor-7", "1")?;
    let seen = device("device").map(|ran| {
        let greeted = ran.stdout.matches("Hello sensor-7").count() == 2;
        let renewed = ran.stdout.contains("calls answered, 1 renewals");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        (
            Verdict::accepted_if(ran.success() && greeted && renewed),
            said,
        )
    });
    let case = "enrols, calls `hello`, renews, and calls again";
    report.push(GROUP, "the example `device`", case, Verdict::Accepted, seen);
    let seen = device("another").map(|ran| {
        let refused = ran.code == Some(1) && ran.stderr.contains("the token was used already");
        (Verdict::accepted_if(!refused), ran.stderr)
    });
    let case = "another one with the same token";
    report.push(GROUP, "the example `device`", case, Verdict::Refused, seen);
    Ok(())
}

/// The same with `--simulated-phone`, at a profile that asks phones for evidence.
fn as_a_phone(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let ca = Ca::make(bench.home()?)?;
    ca.shorten("client", "default = \"24h\"", "8s")?;
    let device = Device::before(bench, &ca)?;
    let device = |platform: Option<(&str, &str)>, token: &str, out: &str| {
        let mut command = device.command(token, out);
        command.args(["--renewals", "2"]);
        if let Some((kind, directory)) = platform {
            command.args(["--simulated-phone", kind, "--platform", directory]);
        }
        process::run(&mut command, None)
    };
    for kind in ["android", "apple"] {
        // Each makes its platform, which the CA is told of, and another one that it is not.
        for platform in [kind.to_owned(), format!("other-{kind}")] {
            let made = device(Some((kind, &platform)), "none", "none")?;
            ensure!(made.stdout.contains("made a platform"), "{}", made.stderr);
        }
        let profiles = ca.home.path("home/default/profiles");
        let client = std::fs::read_to_string(profiles.join("client.toml"))?;
        let table = std::fs::read_to_string(ca.home.path(&format!("{kind}/profile.toml")))?;
        std::fs::write(
            profiles.join(format!("{kind}.toml")),
            format!("{client}\n{table}"),
        )?;
    }
    let _serving = ca.serve()?;
    for kind in ["android", "apple"] {
        let subject = format!("the example `device` as a phone ({kind})");
        let name = format!("phone-{kind}");
        let token = format!("{name}.token");
        ca.token(kind, &name, "1")?;
        let refused = |seen: Result<process::Finished>, why: &str| {
            seen.map(|ran| {
                let refused = ran.code == Some(1) && ran.stderr.contains(why);
                (Verdict::accepted_if(!refused), ran.stderr)
            })
        };
        let seen = refused(device(None, &token, "plain"), "attestation");
        let case = "without evidence";
        report.push(GROUP, &subject, case, Verdict::Refused, seen);
        let other = format!("other-{kind}");
        let seen = device(Some((kind, &other)), &token, "other");
        let seen = refused(seen, "the evidence of the");
        let case = "with evidence under a root that the CA does not know";
        report.push(GROUP, &subject, case, Verdict::Refused, seen);
        let seen = device(Some((kind, kind)), &token, kind).map(|ran| {
            let greeted = ran.stdout.matches(&format!("Hello {name}")).count() == 2;
            let renewed = ran.stdout.contains("calls answered, 2 renewals");
            let said = format!("{}{}", ran.stdout, ran.stderr);
            (
                Verdict::accepted_if(ran.success() && greeted && renewed),
                said,
            )
        });
        let case = "enrols with evidence, calls `hello`, renews twice with new evidence";
        report.push(GROUP, &subject, case, Verdict::Accepted, seen);
        let listed = ca.home.ok(&["list", "--json"])?;
        let certificates: Vec<serde_json::Value> = serde_json::from_str(&listed)?;
        let proved = certificates.iter().filter(|it| {
            let is_its = it["subject"].as_str() == Some(&format!("CN={name}"));
            is_its && !it["attestation"].is_null()
        });
        let proved = proved.count();
        let seen = Ok((Verdict::accepted_if(proved >= 3), listed));
        let case = "`mtls list` has what was proved for each certificate";
        report.push(GROUP, &subject, case, Verdict::Accepted, seen);
    }
    Ok(())
}
