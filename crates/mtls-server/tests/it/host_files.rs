//! What the files of a host come to, and which connections go on when they change.

use mtls_server::{ClientAuth, MtlsFiles, Reloaded, VirtualHostFiles};

use crate::{
    reload::Disk,
    support::{
        World,
        audit::Log,
        client::{self, VERSIONS},
        connection::{Connection, HTTPS},
        forwarded::trust,
        pki::{Ca, Leaf},
    },
};

#[tokio::test]
async fn settings_that_are_not_files_are_used_as_well() {
    let disk = Disk::new();
    let [chain, key, roots] = ["server.crt", "server.key", "ca.crt"].map(|name| disk.path(name));
    let files = || VirtualHostFiles::new(&chain, &key, &roots);
    let optional = ClientAuth::Optional;
    for (files, anonymous) in [
        (MtlsFiles::new(files()), false),
        (MtlsFiles::new(files().client_auth(optional)), true),
        (
            MtlsFiles::new(files().settings(move |host| host.client_auth(optional))),
            true,
        ),
        (
            MtlsFiles::new(files()).settings(move |all| all.client_auth(optional)),
            true,
        ),
    ] {
        let server = disk.serve(files).await;
        let config = client::config(&disk.world, None, VERSIONS[1]);
        let served = client::get(server.local_addr(), config, "/").await;
        assert_eq!(served.is_ok(), anonymous, "{served:?}");
        assert!(disk.asks(&server, &disk.world.ca.client("alice")).await);
    }
}

#[tokio::test]
async fn each_virtual_host_has_its_files() {
    let disk = Disk::new();
    let elsewhere = Ca::root("elsewhere");
    let host = disk.world.ca.server("other.test");
    disk.write("other.crt", &host.chain_pem());
    disk.write("other.key", &host.key_pem());
    disk.write("elsewhere.crt", &elsewhere.pem());
    let [chain, key, roots] =
        ["other.crt", "other.key", "elsewhere.crt"].map(|name| disk.path(name));
    let files = MtlsFiles::new(disk.site())
        .virtual_host("other.test", VirtualHostFiles::new(chain, key, roots));
    let server = disk.serve(files).await;
    let (alice, bob) = (disk.world.ca.client("alice"), elsewhere.client("bob"));
    for (name, leaf, accepted) in [
        ("localhost", &alice, true),
        ("localhost", &bob, false),
        ("other.test", &alice, false),
        ("other.test", &bob, true),
    ] {
        let config = client::config(&disk.world, Some(leaf), VERSIONS[1]);
        let open = Connection::open_as(name, HTTPS[0], server.local_addr(), config).await;
        let served = match open {
            // 421, where the request is not for the host of the handshake; no alert, at any rate.
            Ok(mut open) => open.get("/").await.is_ok(),
            Err(_) => false,
        };
        assert_eq!(served, accepted, "{name}");
    }
}

#[tokio::test]
async fn a_certificate_that_clients_will_refuse_is_a_warning_whenever_its_file_changes() {
    let log = Log::capture();
    let disk = Disk::new();
    let chain = disk.path("server.crt");
    let warnings = || -> Vec<String> {
        let events = log.take_of(&chain).into_iter();
        events
            .map(|mut event| event.remove("reason").unwrap())
            .collect()
    };
    let present = |leaf: &Leaf| {
        disk.write("server.key", &leaf.key_pem());
        disk.write("server.crt", &leaf.chain_pem());
    };
    let server = disk.serve(MtlsFiles::new(disk.site())).await;
    assert_eq!(warnings(), [""; 0]);
    let good = || disk.world.ca.server("localhost");
    for (leaf, said) in [
        (good().expired(), Some("expired at")),
        (good(), None),
        (good().not_yet_valid(), Some("is not valid before")),
        (good().expired(), Some("expired at")),
    ] {
        present(&leaf);
        server.handle().reload().await.unwrap();
        let warned = warnings();
        assert_eq!(warned.len(), usize::from(said.is_some()), "{warned:?}");
        assert!(
            said.is_none_or(|said| warned[0].contains(said)),
            "{warned:?}"
        );
    }
    // Another file changes; this one was told of already.
    disk.write("ca.crl", &disk.world.ca.crl().number(12).pem());
    let taken = server.handle().reload().await.unwrap();
    assert_eq!(taken, Reloaded::Generation(6));
    assert_eq!(warnings(), [""; 0]);
    // Whoever starts with it is told.
    MtlsFiles::new(disk.site()).load().await.unwrap();
    assert_eq!(warnings().len(), 1);
}

#[tokio::test]
async fn a_connection_goes_on_while_what_decides_about_it_stays() {
    let disk = Disk::new();
    disk.write("rule.toml", "common_name = \"alice\"");
    let files = disk.site().rule(disk.path("rule.toml"));
    let server = disk.serve(MtlsFiles::new(files)).await;
    let alice = disk.world.ca.client("alice");
    let config = client::config(&disk.world, Some(&alice), VERSIONS[1]);
    let open = Connection::open(HTTPS[0], server.local_addr(), config).await;
    let mut open = open.unwrap();
    for number in 2..4 {
        disk.write("ca.crl", &disk.world.ca.crl().number(number + 10).pem());
        let taken = server.handle().reload().await.unwrap();
        assert_eq!(taken, Reloaded::Generation(number));
        assert_eq!(open.get("/").await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn a_new_configuration_ends_what_it_would_not_have_begun() {
    let world = World::new();
    let optional = || world.config().client_auth(ClientAuth::Optional);
    let trusting = || optional().trust_forwarded(trust());
    for (next, ends) in [
        (optional(), false),
        (world.config(), true),
        // Another proxy may say who asks.
        (trusting(), true),
    ] {
        let server = crate::support::start(optional()).await;
        let config = client::config(&world, None, VERSIONS[1]);
        let open = Connection::open(HTTPS[0], server.local_addr(), config).await;
        let mut open = open.unwrap();
        assert_eq!(open.get("/").await.unwrap().0, 200);
        server.handle().replace(next.build().unwrap()).await;
        match ends {
            true => open.closed().await,
            false => assert_eq!(open.get("/").await.unwrap().0, 200),
        }
    }
}
