//! A device: it gets its own certificate by a token, calls a service with it, and lives through rotations.
//!
//! ```sh
//! mtls serve --enroll 127.0.0.1:8444
//! mtls token create --name sensor-7 --out token
//! cargo run -p integrations --example device -- https://localhost:8443/ --enroll https://localhost:8444 \
//!     --ca-file ca.crt --token-file token --out device
//! ```
//!
//! The service is any that trusts the CA's root, such as the example `hello`.
//!
//! With `--simulated-phone android` (or `apple`) it proves what it is, too, to a profile that asks for it, with each
//! certificate. The first time it makes a platform under a root of its own in `--platform`, says what the profile needs
//! so that the CA believes it, and ends. The token is then one for that profile.

mod simulated;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use examples::{finish, print, sentence, stop_wanted};
use mtls_client::x509_identity::DistinguishedName;
use mtls_client::{
    Attester, Connector, EnrolledFiles, Enroller, IdentityFiles, Password, RenewalAgent,
    RenewalEvent, Rotating, TrustAnchors,
};
use reqwest::Url;
use tokio::time::{MissedTickBehavior, interval};

/// Gets a certificate, keeps it fresh, and calls a service with it
#[derive(Parser)]
struct Options {
    /// What to call
    service: Url,
    /// Where `mtls serve --enroll` is reached
    #[arg(long, value_name = "URL")]
    enroll: String,
    /// The root of the CA
    #[arg(long, value_name = "FILE")]
    ca_file: PathBuf,
    /// The file with the token, which is for the first certificate
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Where the certificate and its key are kept
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Be a simulated phone, which sends evidence of what it is with each request
    #[arg(long, value_name = "KIND")]
    simulated_phone: Option<simulated::Kind>,
    /// Where the simulated platform and the phone's app have their keys: whoever has them can be any phone
    #[arg(long, value_name = "DIR", default_value = "simulated-phone")]
    platform: PathBuf,
    /// End after so many renewals; without it, on Ctrl-C
    #[arg(long, value_name = "NUMBER")]
    renewals: Option<u64>,
    /// How often to call
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let phone = match options.simulated_phone {
        None => None,
        Some(kind) => match simulated::open(kind, &options.platform)? {
            Some(phone) => Some(phone),
            None => {
                let table = options.platform.join("profile.toml");
                let table = table.display();
                print(&format!(
                    "made a platform: add {table} to the CA's profile, and run this again\n"
                ))?;
                return Ok(ExitCode::SUCCESS);
            }
        },
    };
    let files = EnrolledFiles::open(&options.out)?;
    let agent = agent(&options, phone, &files)?;
    if files.identity()?.is_none() {
        // Without a name it gets the one of the token.
        let name = DistinguishedName::default();
        let told = |event| tell(&event);
        let enrolled = agent.enroll(&name, &[], told).await?;
        print(&format!("enrolled {}\n", enrolled.certificate.subject()))?;
    }

    let [certificate, key, _] = files.paths();
    let identity = IdentityFiles::pem(certificate, key);
    let roots = files.roots()?.context("the CA has told its roots")?;
    let connector = Connector::builder(roots, identity.read()?).build()?;
    let _watch = connector.watch(identity, Duration::from_secs(1));
    let service = Service {
        client: connector.rotating(|connector| connector.reqwest().build())?,
        url: options.service,
    };

    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    // The other end lives as long as this.
    let renewing = agent.run(move |event| drop(sender.send(event)));
    let mut renewing = std::pin::pin!(renewing);
    let mut stop = std::pin::pin!(stop_wanted());
    let mut calls = interval(Duration::from_millis(options.every));
    calls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut answered, mut renewals) = (0_u64, 0);
    loop {
        tokio::select! {
            _ = calls.tick() => {
                let answer = service.call().await?;
                answered += 1;
                if answered == 1 {
                    print(&answer)?;
                }
            }
            Some(event) = events.recv() => {
                tell(&event);
                renewals += u64::from(matches!(event, RenewalEvent::Renewed(_)));
                if options.renewals.is_some_and(|enough| renewals >= enough) {
                    break;
                }
            }
            ended = &mut renewing => ended?,
            stopped = &mut stop => {
                stopped?;
                break;
            }
        }
    }
    print(&service.call().await?)?;
    print(&format!(
        "{} calls answered, {renewals} renewals\n",
        answered + 1
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn agent(
    options: &Options,
    phone: Option<Box<dyn Attester>>,
    files: &EnrolledFiles,
) -> anyhow::Result<RenewalAgent> {
    let read = |path: &PathBuf| {
        fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let roots = TrustAnchors::from_pem(&read(&options.ca_file)?)?;
    let mut enroller = Enroller::new(&options.enroll, roots)?;
    if let Some(phone) = phone {
        enroller = enroller.attester(phone.into());
    }
    let agent = RenewalAgent::new(enroller, files.clone());
    if !options.token_file.exists() {
        // It may be removed after its use.
        return Ok(agent);
    }
    let token = Password::from_file(&read(&options.token_file)?)?;
    Ok(agent.token(token))
}

/// A service that wants to know who calls.
struct Service {
    client: Rotating<reqwest::Client>,
    url: Url,
}

impl Service {
    async fn call(&self) -> anyhow::Result<String> {
        let answer = self.client.get().get(self.url.clone()).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(mtls_client::Error::from_reqwest)?;
        Ok(answer.text().await?)
    }
}

fn tell(event: &RenewalEvent) {
    match event {
        RenewalEvent::Renewed(enrolled) => {
            eprintln!("renewed until {}", enrolled.certificate.not_after());
        }
        RenewalEvent::Failed { error, again_in } => {
            eprintln!("again in {} s: {}", again_in.as_secs(), sentence(error));
        }
        _ => {}
    }
}
