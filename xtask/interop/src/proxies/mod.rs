//! Real proxies in front of our server, each with the header that it writes, and one behind our gateway.

mod front;
mod gateway;
mod people;
pub(crate) mod proxy_protocol;

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use suite::process::Server;

use self::people::Person;
use super::Bench;
use super::lab::Lab;
use super::report::{Report, Verdict};
use crate::clients::curl::{self, Shown};

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let people = match People::new(bench, lab) {
        Ok(people) => people,
        Err(error) => {
            let case = "certificates for the proxies";
            return report.push(GROUP, "rcgen", case, Verdict::Accepted, Err(error));
        }
    };
    for front in front::FRONTS {
        front::check(bench, lab, &people, front, report);
    }
    for form in gateway::FORMS {
        gateway::check(bench, lab, &people, form, report);
    }
}

struct People {
    /// The certificate of the proxy that is trusted.
    edge: Person,
    /// A client of the same CA, who is no proxy.
    mallory: Person,
    /// Whom nobody may pass for.
    admin: Person,
    /// One whose alternative name is made to look like the words of a proxy.
    forger: Person,
}

impl People {
    fn new(bench: &Bench<'_>, lab: &Lab) -> Result<Self> {
        let admin = Person::new(bench, lab, "admin", None)?;
        let element = admin.as_element();
        Ok(Self {
            edge: Person::new(bench, lab, "edge", None)?,
            mallory: Person::new(bench, lab, "mallory", None)?,
            forger: Person::new(bench, lab, "forger", Some(&element))?,
            admin,
        })
    }
}

/// The headers that would say that it is this person.
fn lines(person: &Person) -> Vec<String> {
    let line = |(name, value): (&str, String)| format!("{name}: {value}");
    person.headers().map(line).to_vec()
}

fn ask(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Server,
    shown: &Shown,
    headers: &[String],
) -> Result<(Verdict, String)> {
    let more: Vec<&str> = headers
        .iter()
        .flat_map(|header| ["--header", header])
        .collect();
    let url = format!("https://localhost:{}/", server.port());
    curl::ask(bench, &url, &lab.path("same-ca/ca.crt"), shown, &more)
}

fn filled(bench: &Bench<'_>, lab: &Lab, configuration: &str, port: u16) -> String {
    configuration
        .replace("@PORT@", &port.to_string())
        .replace("@RUN@", &bench.scratch.path().to_string_lossy())
        .replace("@LAB@", lab.arg("").trim_end_matches('/'))
}

fn command(bench: &Bench<'_>, program: &str, arguments: &[&str], file: &Path) -> Command {
    let mut command = bench.peers.command(program);
    let file = file.to_string_lossy();
    command.args(arguments.iter().map(|it| it.replace("FILE_", &file)));
    command
}

const GROUP: &str = "proxies";

const NGINX: &[&str] = &["-e", "stderr", "-c", "FILE_"];
