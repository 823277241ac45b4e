//! A proxy that holds our token, and changes what is asked and answered: nothing that it changes is given out.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::json;
use suite::Home;
use suite::process;

use super::proxy::{Proxy, Tamper};
use super::rows::{holds, refused};
use super::site::{Site, until};
use crate::pki::request;
use crate::report::Report;
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let site = Site::new(bench, home)?;
    let home = &site.home;
    let proxy = Proxy::start(bench, &site.bao)?;
    site.init(&proxy.url)?;
    for name in ["sensor", "impostor"] {
        request::by_openssl(bench, home.directory(), name, "/CN=sensor-7", &[])?;
    }
    let impostor = fs::read_to_string(home.path("impostor.csr"))?;
    let sign = |out: &str| home.run(&["sign", "sensor.csr", "--profile", "client", "--out", out]);
    let cases = [
        ("another key", "another key", Tamper::Csr(impostor), "pki"),
        (
            "an extra name",
            "dns:admin.example.org",
            Tamper::Set("alt_names", json!("admin.example.org")),
            "pki",
        ),
        (
            "another subject",
            "its subject",
            Tamper::Set("common_name", json!("admin")),
            "pki",
        ),
        (
            "a longer validity period",
            "later than the approved",
            Tamper::Set("not_after", json!("2036-01-01T00:00:00Z")),
            "pki",
        ),
        (
            "another issuer of the same name",
            "not signed by the configured CA",
            Tamper::Mount("other"),
            "other",
        ),
    ];
    for (case, words, tamper, mount) in cases {
        proxy.tamper(tamper);
        refused(report, case, words, sign("sensor.crt"));
        let serial = proxy.signed.try_recv().context("OpenBao has signed it")?;
        let revoked = site.is_revoked(mount, &serial).map(|is| (is, serial));
        holds(report, &format!("{case}: OpenBao has revoked it"), revoked);
    }

    proxy.tamper(Tamper::No);
    let good = sign("sensor.crt")?;
    let seen = (good.success(), format!("{}{}", good.stdout, good.stderr));
    holds(report, "what is not changed", Ok(seen));
    let first = proxy.signed.try_recv().context("OpenBao has signed it")?;
    proxy.tamper(Tamper::Again);
    let ran = sign("again.crt");
    refused(report, "a serial number that was used", "used before", ran);
    let hidden = proxy.signed.try_recv().context("OpenBao has signed it")?;
    let seen = site.is_revoked("pki", &first).map(|is| (!is, first));
    holds(
        report,
        "whoever has that number keeps his certificate",
        seen,
    );
    proxy.tamper(Tamper::No);
    let [port] = process::free_ports()?;
    let _serving = home.publish(port)?;
    let found = until("the revocation", || site.is_revoked("pki", &hidden));
    let found = found.map(|()| (true, hidden));
    holds(
        report,
        "what the proxy has kept back is found, and revoked",
        found,
    );
    let rows = site.audited("upstream-refused")?.len();
    let seen = (rows >= 6, format!("{rows} rows"));
    holds(report, "each is in the audit log", Ok(seen));
    home.ok(&["audit", "verify"])?;
    Ok(())
}
