//! Settings that are files follow them, all or nothing.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::to_bytes;
use mtls_server::{
    LoadError, MtlsFiles, ReloadError, Reloaded, Rule, Serving, VirtualHostFiles,
    crl::CrlSource,
    health,
    verify::{ExpiredCrl, Revocation},
};
use test_pki::Crl;
use tokio::{sync::Notify, time::timeout};
use tower::ServiceExt as _;

use crate::support::{
    World,
    audit::Log,
    client::{self, VERSIONS},
    connection::{Connection, HTTPS, PATIENCE},
    origin::{Origin, Reply},
    pki::{Ca, Leaf},
    router,
};

/// The files of a server, in a directory of their own.
pub(crate) struct Disk {
    pub(crate) world: World,
    directory: tempfile::TempDir,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let disk = Self {
            world: World::new(),
            directory: tempfile::tempdir().unwrap(),
        };
        disk.write("server.crt", &disk.world.server.chain_pem());
        disk.write("server.key", &disk.world.server.key_pem());
        disk.write("ca.crt", &disk.world.ca.pem());
        disk.write("ca.crl", &disk.world.ca.crl().pem());
        disk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        // As tools do it: the file is there, or the one before it.
        let new = self.path("new");
        fs::write(&new, content).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    pub(crate) fn site(&self) -> VirtualHostFiles {
        let [chain, key, roots] =
            ["server.crt", "server.key", "ca.crt"].map(|name| self.path(name));
        VirtualHostFiles::new(chain, key, roots).crl(self.path("ca.crl"))
    }

    pub(crate) async fn serve(&self, files: MtlsFiles) -> Serving {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        mtls_server::serve(tcp, router(), files.load().await.unwrap()).unwrap()
    }

    pub(crate) async fn asks(&self, server: &Serving, leaf: &Leaf) -> bool {
        let config = client::config(&self.world, Some(leaf), VERSIONS[1]);
        client::get(server.local_addr(), config, "/").await.is_ok()
    }
}

const REVOKED: u64 = 0x5150;

#[tokio::test]
async fn a_change_is_taken_and_nothing_else_makes_a_generation() {
    let disk = Disk::new();
    let alice = disk.world.ca.client("alice").serial(REVOKED);
    let server = disk.serve(MtlsFiles::new(disk.site())).await;
    let handle = server.handle();
    assert!(disk.asks(&server, &alice).await);
    assert_eq!(handle.reload().await.unwrap(), Reloaded::Unchanged);
    // The same bytes in a new file are no change.
    disk.write("ca.crt", &disk.world.ca.pem());
    assert_eq!(handle.reload().await.unwrap(), Reloaded::Unchanged);
    disk.write("ca.crl", &disk.world.ca.crl().revoke(REVOKED).pem());
    assert_eq!(handle.reload().await.unwrap(), Reloaded::Generation(2));
    assert!(!disk.asks(&server, &alice).await);
    assert!(disk.asks(&server, &disk.world.ca.client("bob")).await);
    disk.write("ca.crl", &disk.world.ca.crl().pem());
    assert_eq!(handle.reload().await.unwrap(), Reloaded::Generation(3));
    assert!(disk.asks(&server, &alice).await);
    // The same text in another file is a change.
    let (chain, key) = (disk.world.server.chain_pem(), disk.world.server.key_pem());
    for (number, [end, begin]) in [(4, ["# 1\n", ""]), (5, ["", "# 1\n"])] {
        disk.write("server.crt", &(chain.clone() + end));
        disk.write("server.key", &(begin.to_owned() + &key));
        assert_eq!(handle.reload().await.unwrap(), Reloaded::Generation(number));
    }
}

#[tokio::test]
async fn bad_files_keep_the_last_good_settings_and_say_so() {
    let elsewhere = Ca::root("elsewhere");
    let (key, other) = (
        elsewhere.client("x").key_pem(),
        elsewhere.server("localhost").chain_pem(),
    );
    for (name, content, said) in [
        ("ca.crt", "", "is empty"),
        ("ca.crt", "garbage", "neither PEM nor DER"),
        ("ca.crt", &key, "holds a private key"),
        ("ca.crl", "", "is empty"),
        (
            "ca.crl",
            "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
            "is not well-formed DER",
        ),
        ("ca.crl", &elsewhere.pem(), "holds a certificate"),
        ("server.key", &key, "does not belong"),
        ("server.crt", &other, "does not belong"),
        ("server.crt", &key, "look swapped"),
        ("rule.toml", "commn_name = \"alice\"", "commn_name"),
        ("rule.toml", "", "is empty"),
    ] {
        let disk = Disk::new();
        disk.write("rule.toml", "common_name = \"alice\"");
        let alice = disk.world.ca.client("alice");
        let server = disk
            .serve(MtlsFiles::new(disk.site().rule(disk.path("rule.toml"))))
            .await;
        let handle = server.handle();
        let mut changes = handle.subscribe();
        for gone in [false, true] {
            match gone {
                false => disk.write(name, content),
                true => fs::remove_file(disk.path(name)).unwrap(),
            }
            let error = handle.reload().await.unwrap_err();
            assert!(matches!(error, ReloadError::Load(_)));
            let degraded = handle.status().degraded.unwrap();
            let said = if gone { "does not exist" } else { said };
            assert!(
                degraded.reason.contains(said),
                "{name}: {}",
                degraded.reason
            );
            assert!(
                degraded.reason.contains(name) || name.starts_with("server"),
                "{}",
                degraded.reason
            );
            assert!(changes.has_changed().unwrap());
            changes.mark_unchanged();
            assert_eq!(handle.generation(), 1);
            assert!(disk.asks(&server, &alice).await, "{name}");
            assert_eq!(ready(&server).await, (200, "degraded".to_owned()));
        }
        // And it recovers when the files do.
        let good = Disk {
            world: disk.world,
            directory: disk.directory,
        };
        good.write("server.crt", &good.world.server.chain_pem());
        good.write("server.key", &good.world.server.key_pem());
        good.write("ca.crt", &good.world.ca.pem());
        good.write("ca.crl", &good.world.ca.crl().pem());
        good.write("rule.toml", "common_name = \"alice\"");
        handle.reload().await.unwrap();
        assert!(handle.status().degraded.is_none());
        assert_eq!(ready(&server).await, (200, "ok".to_owned()));
    }
}

async fn ready(server: &Serving) -> (u16, String) {
    let request = axum::http::Request::get("/readyz")
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = health(server.handle()).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 4096).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (status, body["status"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_cannot_be_loaded_does_not_start() {
    for name in ["server.crt", "server.key", "ca.crt", "ca.crl"] {
        let disk = Disk::new();
        fs::remove_file(disk.path(name)).unwrap();
        let error = MtlsFiles::new(disk.site()).load().await.unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn settings_that_were_not_made_of_files_cannot_be_reloaded() {
    let world = World::new();
    let server = crate::support::start(world.config()).await;
    assert!(matches!(
        server.handle().reload().await,
        Err(ReloadError::NoFiles)
    ));
}

#[tokio::test]
async fn a_kubernetes_volume_is_followed_through_its_symbolic_links() {
    let disk = Disk::new();
    let volume = disk.path("volume");
    let fill = |version: &str, crl: &str| {
        let real = volume.join(version);
        fs::create_dir_all(&real).unwrap();
        for name in ["server.crt", "server.key", "ca.crt"] {
            fs::copy(disk.path(name), real.join(name)).unwrap();
        }
        fs::write(real.join("ca.crl"), crl).unwrap();
        // As the kubelet does: a link beside, renamed over the one in use.
        let link = volume.join("..data_tmp");
        symlink(version, &link).unwrap();
        fs::rename(link, volume.join("..data")).unwrap();
    };
    fill("..2026_01", &disk.world.ca.crl().pem());
    let at = |name: &str| -> PathBuf {
        let link = volume.join(name);
        symlink(Path::new("..data").join(name), &link).unwrap();
        link
    };
    let site =
        VirtualHostFiles::new(at("server.crt"), at("server.key"), at("ca.crt")).crl(at("ca.crl"));
    let server = disk.serve(MtlsFiles::new(site)).await;
    let watch = server.handle().watch(Duration::from_millis(20));
    let alice = disk.world.ca.client("alice").serial(REVOKED);
    assert!(disk.asks(&server, &alice).await);
    fill("..2026_02", &disk.world.ca.crl().revoke(REVOKED).pem());
    let mut status = server.handle().subscribe();
    let taken = status.wait_for(|status| status.generation == 2);
    timeout(PATIENCE, taken).await.unwrap().unwrap();
    assert!(!disk.asks(&server, &alice).await);
    // Until nobody watches any more.
    drop(watch);
    fill("..2026_03", &disk.world.ca.crl().number(9).pem());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.handle().generation(), 2);
}

#[tokio::test]
async fn a_new_server_certificate_is_presented_and_the_connections_of_the_old_one_go_on() {
    let disk = Disk::new();
    let server = disk.serve(MtlsFiles::new(disk.site())).await;
    let alice = disk.world.ca.client("alice");
    for http in HTTPS {
        let config = client::config(&disk.world, Some(&alice), VERSIONS[1]);
        let mut open = Connection::open(http, server.local_addr(), config.clone())
            .await
            .unwrap();
        assert_eq!(open.get("/").await.unwrap().0, 200);
        let renewed = disk.world.ca.server("localhost");
        disk.write("server.key", &renewed.key_pem());
        // Half of a rotation is none.
        assert!(server.handle().reload().await.is_err());
        disk.write("server.crt", &renewed.chain_pem());
        server.handle().reload().await.unwrap();
        let stream = client::connect(server.local_addr(), config).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap();
        assert_eq!(&shown[0], renewed.der());
        assert_eq!(open.get("/").await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn a_rule_that_changes_lets_requests_finish_and_decides_about_the_next_connection() {
    let disk = Disk::new();
    disk.write("rule.toml", "common_name = \"alice\"");
    let server = disk
        .serve(MtlsFiles::new(disk.site().rule(disk.path("rule.toml"))))
        .await;
    let bob = disk.world.ca.client("bob");
    for http in HTTPS {
        let config = || client::config(&disk.world, Some(&bob), VERSIONS[1]);
        let mut before = Connection::open(http, server.local_addr(), config())
            .await
            .unwrap();
        assert_eq!(before.get("/").await.unwrap().0, 403);
        disk.write("rule.toml", "common_name = \"bob\"");
        server.handle().reload().await.unwrap();
        before.closed().await;
        let mut after = Connection::open(http, server.local_addr(), config())
            .await
            .unwrap();
        assert_eq!(after.get("/").await.unwrap().0, 200);
        disk.write("rule.toml", "common_name = \"alice\"");
        server.handle().reload().await.unwrap();
    }
}

#[tokio::test]
async fn a_crl_that_expires_ends_open_connections_at_the_next_reload() {
    // Another file that is bad keeps nobody in, and neither does it if nothing has changed.
    let both = [false, true].map(async |is_bad| {
        let disk = Disk::new();
        // It ended a second ago, and counts for three seconds more.
        let ended = time::OffsetDateTime::now_utc() - time::Duration::SECOND;
        disk.write("ca.crl", &disk.world.ca.crl().next_update(ended).pem());
        let grace = |revocation: Revocation| {
            let grace = Duration::from_secs(4);
            revocation.expired(ExpiredCrl::Deny { grace })
        };
        let files = MtlsFiles::new(disk.site().revocation(grace));
        let server = disk.serve(files).await;
        let alice = disk.world.ca.client("alice");
        let config = client::config(&disk.world, Some(&alice), VERSIONS[1]);
        let open = Connection::open(HTTPS[0], server.local_addr(), config).await;
        let mut open = open.unwrap();
        assert_eq!(open.get("/").await.unwrap().0, 200);
        assert_eq!(server.handle().reload().await.unwrap(), Reloaded::Unchanged);
        assert_eq!(open.get("/").await.unwrap().0, 200);
        tokio::time::sleep(Duration::from_secs(4)).await;
        if is_bad {
            disk.write("server.key", "garbage");
        }
        assert_eq!(server.handle().reload().await.is_err(), is_bad);
        open.closed().await;
        assert!(!disk.asks(&server, &alice).await);
    });
    futures_util::future::join_all(both).await;
}

#[tokio::test]
async fn a_url_that_fails_later_leaves_its_last_crl_in_use_and_is_reported() {
    let disk = Disk::new();
    let list = disk.world.ca.crl().revoke(REVOKED).pem();
    let fails = Arc::new(AtomicBool::new(false));
    let origin = {
        let fails = Arc::clone(&fails);
        Origin::start(move |_| match fails.load(Ordering::Relaxed) {
            true => Reply::with("500 Internal Server Error", &[], ""),
            false => Reply::ok(&list),
        })
        .await
    };
    let [chain, key, roots] = ["server.crt", "server.key", "ca.crt"].map(|name| disk.path(name));
    let url = CrlSource::url(&origin.url("/ca.crl")).unwrap();
    let site = || VirtualHostFiles::new(&chain, &key, &roots).crl(url.clone());
    let server = disk.serve(MtlsFiles::new(site())).await;
    let alice = disk.world.ca.client("alice").serial(REVOKED);
    let bob = disk.world.ca.client("bob");
    fails.store(true, Ordering::Relaxed);
    assert_eq!(server.handle().reload().await.unwrap(), Reloaded::Unchanged);
    assert_eq!(ready(&server).await, (200, "degraded".to_owned()));
    assert!(!disk.asks(&server, &alice).await);
    assert!(disk.asks(&server, &bob).await);
    // A new generation does not mend it, and it fails since then.
    let degraded = server.handle().status().degraded;
    disk.write(
        "ca.crt",
        &[disk.world.ca.pem(), Ca::root("other").pem()].concat(),
    );
    let log = Log::capture();
    let reloaded = server.handle().reload().await.unwrap();
    assert_eq!(reloaded, Reloaded::Generation(2));
    assert_eq!(server.handle().status().degraded, degraded);
    assert!(log.take().is_empty());
    fails.store(false, Ordering::Relaxed);
    server.handle().reload().await.unwrap();
    assert_eq!(ready(&server).await, (200, "ok".to_owned()));
    // At the start there is no last list.
    fails.store(true, Ordering::Relaxed);
    let error = MtlsFiles::new(site()).load().await.unwrap_err();
    assert!(matches!(error, LoadError::Crls(_)), "{error}");
}

#[tokio::test]
async fn why_nothing_could_be_loaded_is_in_the_log_once() {
    let disk = Disk::new();
    let server = disk.serve(MtlsFiles::new(disk.site())).await;
    let handle = server.handle();
    let log = Log::capture();
    let fails_twice = async || {
        for _ in 0..2 {
            handle.reload().await.unwrap_err();
        }
        let degraded = handle.status().degraded.unwrap();
        let [said] = log.take().try_into().expect("one event");
        assert_eq!(said["reason"], degraded.reason);
        degraded.since
    };
    disk.write("ca.crl", "");
    let since = fails_twice().await;
    fs::remove_file(disk.path("ca.crl")).unwrap();
    assert_eq!(fails_twice().await, since);
    // After a success it is news again; so it is after settings from elsewhere.
    disk.write("ca.crl", &disk.world.ca.crl().pem());
    handle.reload().await.unwrap();
    assert!(handle.status().degraded.is_none());
    fs::remove_file(disk.path("ca.crl")).unwrap();
    assert!(fails_twice().await > since);
    handle.replace(disk.world.config().build().unwrap()).await;
    assert!(handle.status().degraded.is_none());
}

#[tokio::test]
async fn a_reload_that_is_under_way_does_not_undo_a_replacement() {
    let disk = Disk::new();
    let gate = Arc::new(Notify::new());
    let lists = [5, 6].map(|number| disk.world.ca.crl().number(number).pem());
    let origin = {
        let (gate, begun) = (Arc::clone(&gate), AtomicBool::new(false));
        Origin::start(move |_| match begun.swap(true, Ordering::Relaxed) {
            false => Reply::ok(&lists[0]),
            true => Reply::ok(&lists[1]).after(&gate),
        })
        .await
    };
    let [chain, key, roots] = ["server.crt", "server.key", "ca.crt"].map(|name| disk.path(name));
    let files = VirtualHostFiles::new(chain, key, roots)
        .crl(CrlSource::url(&origin.url("/ca.crl")).unwrap());
    let server = disk.serve(MtlsFiles::new(files)).await;
    let alice = disk.world.ca.client("alice");
    assert!(disk.asks(&server, &alice).await);

    let handle = server.handle();
    let replaced = async {
        while origin.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
        let elsewhere = World::new().config().build().unwrap();
        let number = handle.replace(elsewhere).await;
        gate.notify_one();
        number
    };
    let both = async { tokio::join!(handle.reload(), replaced) };
    let (reloaded, number) = timeout(PATIENCE, both).await.unwrap();
    // What is active now has no files, and nothing is wrong with it.
    assert_eq!(reloaded.unwrap(), Reloaded::Unchanged);
    assert!(handle.status().degraded.is_none());
    assert_eq!((number, handle.generation()), (2, 2));
    assert!(!disk.asks(&server, &alice).await);
}

#[tokio::test]
async fn a_replayed_crl_lets_nobody_in_and_health_says_so() {
    let disk = Disk::new();
    let issuing = disk.world.ca.issuing("issuing");
    // The CA of one list is known from the files, that of the other from no handshake so far.
    for ca in [&disk.world.ca, &issuing] {
        let shelf = Arc::new(Mutex::new(ca.crl().number(5).revoke(REVOKED).pem()));
        let origin = {
            let shelf = Arc::clone(&shelf);
            Origin::start(move |_| Reply::ok(shelf.lock().unwrap().clone())).await
        };
        let put = |list: Crl| *shelf.lock().unwrap() = list.pem();
        let [chain, key, roots] =
            ["server.crt", "server.key", "ca.crt"].map(|name| disk.path(name));
        let files = VirtualHostFiles::new(chain, key, roots)
            .crl(CrlSource::url(&origin.url("/ca.crl")).unwrap())
            .crl(disk.path("ca.crl"));
        let server = disk.serve(MtlsFiles::new(files)).await;
        let alice = ca.client("alice").serial(REVOKED);
        let bob = ca.client("bob");

        put(ca.crl().number(4));
        server.handle().reload().await.unwrap();
        assert_eq!(ready(&server).await, (200, "degraded".to_owned()));
        let degraded = server.handle().status().degraded.unwrap();
        let said = format!("{} responds with older CRLs", origin.url("/ca.crl"));
        assert!(degraded.reason.starts_with(&said), "{}", degraded.reason);
        assert!(!disk.asks(&server, &alice).await);
        assert!(disk.asks(&server, &bob).await);

        put(ca.crl().number(6).revoke(REVOKED));
        server.handle().reload().await.unwrap();
        assert_eq!(ready(&server).await, (200, "ok".to_owned()));
        assert!(!disk.asks(&server, &alice).await);
        assert!(disk.asks(&server, &bob).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_settings_are_reloaded_under_load() {
    let disk = Arc::new(Disk::new());
    let server = disk.serve(MtlsFiles::new(disk.site())).await;
    let (address, handle) = (server.local_addr(), server.handle());
    let (stop, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut pumps = Vec::new();
    for pump in 0..4 {
        let (disk, stop, asked) = (Arc::clone(&disk), Arc::clone(&stop), Arc::clone(&asked));
        pumps.push(tokio::spawn(async move {
            let alice = disk.world.ca.client("alice");
            let config = client::config(&disk.world, Some(&alice), VERSIONS[1]);
            while !stop.load(Ordering::Relaxed) {
                let http = HTTPS[pump % 2];
                let mut connection = Connection::open(http, address, config.clone())
                    .await
                    .unwrap();
                for _ in 0..10 {
                    assert_eq!(connection.get("/").await.unwrap().0, 200);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    for serial in 30..50_u64 {
        disk.write("ca.crl", &disk.world.ca.crl().revoke(serial).pem());
        handle.reload().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    handle.revoke_now(Rule::common_name("nobody")).await;
    stop.store(true, Ordering::Relaxed);
    for pump in pumps {
        pump.await.unwrap();
    }
    assert_eq!(handle.generation(), 21);
    assert!(asked.load(Ordering::Relaxed) > 100);
}
