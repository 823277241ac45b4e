//! Many peers at once, and what they leave behind.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use mtls_server::Limits;
use rustls::AlertDescription as Alert;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};

use support::{
    World,
    adapter::{ADAPTERS, Running},
    client::{self, VERSIONS},
    connection::{Connection, Http, PATIENCE},
    pki::{Ca, Leaf},
    raw::Raw,
    router,
};

/// Descriptors are of the process, and time is of the machine: one test after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "{what}");
}

async fn serves(world: &World, server: &Running, leaf: &Leaf) -> Duration {
    let began = Instant::now();
    let config = client::config(world, Some(leaf), VERSIONS[1]);
    let answer = client::get(server.address, config, "/").await.unwrap();
    assert!(answer.contains("CN=alice"), "{answer}");
    began.elapsed()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hundred_silent_and_rude_sockets_delay_nobody_and_leave_no_descriptor() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let world = World::new();
    let alice = world.ca.client("alice");
    for adapter in ADAPTERS {
        let in_time = Duration::from_secs(4);
        let config = world.config().handshake_timeout(in_time).build().unwrap();
        let server = adapter.start(config, router()).await;
        serves(&world, &server, &alice).await;
        until("the first connection ends", || {
            server.handle.connection_count() == 0
        })
        .await;
        let before = descriptors();
        let mut peers = Vec::new();
        for number in 0..400 {
            let mut peer = TcpStream::connect(server.address).await.unwrap();
            let sent: &[u8] = match number % 4 {
                0 => b"",
                1 => b"garbage garbage garbage\r\n",
                2 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
                _ => b"GET / HTTP/1.1\r\n\r\n",
            };
            peer.write_all(sent).await.unwrap();
            peers.push(peer);
        }
        let took = serves(&world, &server, &alice).await;
        assert!(took < Duration::from_secs(1), "{adapter:?} {took:?}");
        // The peers stay: it is the server that lets go of them.
        let own = peers.len();
        until("the server closes its sockets", || {
            descriptors() <= before + own
        })
        .await;
        drop(peers);
        until("all sockets are closed", || descriptors() <= before).await;
        assert_eq!(server.handle.connection_count(), 0, "{adapter:?}");
    }
}

/// Leaves at each step of the handshake, with some of it or all but Finished sent.
async fn abandon(world: &World, server: &Running, leaf: &Leaf) {
    for version in VERSIONS {
        for part in [0, 1, 5, 60, usize::MAX] {
            let config = client::config(world, Some(leaf), version);
            let mut raw = Raw::new("localhost", server.address, config).await;
            let hello = raw.pending();
            let sent = hello.len().min(part);
            raw.send(&hello[..sent]).await.unwrap();
        }
        for held in [1, 10, 100] {
            let (mut raw, flight) = reach_last_flight(world, server, leaf, version).await;
            raw.send(&flight[..flight.len() - held]).await.unwrap();
        }
        // On a busy machine the server may not have noticed yet that those before have left.
        let connect = async || {
            let config = client::config(world, Some(leaf), version);
            client::connect(server.address, config).await
        };
        let connected = async { while connect().await.is_err() {} };
        timeout(PATIENCE, connected).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_is_cut_off_in_its_handshake_notices() {
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = client::config(&world, None, VERSIONS[1]);
    let mut raw = Raw::new("localhost", address, config).await;
    let (mut server, _) = listener.accept().await.unwrap();
    let cut = async {
        let _ = server.read(&mut [0; 4096]).await.unwrap();
        drop(server);
    };
    let (flight, ()) = timeout(PATIENCE, async { tokio::join!(raw.last_flight(), cut) })
        .await
        .unwrap();
    flight.unwrap_err();
}

/// Tries until a handshake gets that far: where all permits are taken by those who have left, and the
/// server has not noticed yet, it is refused.
async fn reach_last_flight(
    world: &World,
    server: &Running,
    leaf: &Leaf,
    version: &'static rustls::SupportedProtocolVersion,
) -> (Raw, Vec<u8>) {
    let reached = async {
        loop {
            let config = client::config(world, Some(leaf), version);
            let mut raw = Raw::new("localhost", server.address, config).await;
            if let Ok(flight) = raw.last_flight().await {
                return (raw, flight);
            }
        }
    };
    timeout(PATIENCE, reached).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_handshake_gives_its_permit_back() {
    const MOST: usize = 4;
    let _alone = ONE_AT_A_TIME.lock().await;
    let world = World::new();
    let alice = world.ca.client("alice");
    for adapter in ADAPTERS {
        let mut limits = Limits::default();
        limits.half_open_per_address = MOST;
        limits.connections = MOST;
        limits.first_byte = Duration::from_secs(60);
        let config = world.config().limits(limits).build().unwrap();
        let server = adapter.start(config, router()).await;
        for _ in 0..3 {
            abandon(&world, &server, &alice).await;
        }
        let count = || server.handle.connection_count();
        until("all have left", || count() == 0).await;

        // Exactly as many unfinished handshakes as allowed, none of which gives way.
        let mut silent = Vec::new();
        for _ in 0..MOST {
            silent.push(TcpStream::connect(server.address).await.unwrap());
        }
        until("all wait", || count() == MOST).await;
        for peer in &mut silent {
            let end = timeout(Duration::from_millis(50), peer.read_u8()).await;
            assert!(end.is_err(), "{adapter:?}: none gives way");
        }
        // One more: the oldest.
        let _another = TcpStream::connect(server.address).await.unwrap();
        let end = timeout(PATIENCE, silent[0].read_u8()).await.unwrap();
        assert!(end.is_err(), "{adapter:?}");
        drop((silent, _another));
        until("all have left", || count() == 0).await;

        // And as many connections, each of which is served.
        let config = || client::config(&world, Some(&alice), VERSIONS[1]);
        let mut open = Vec::new();
        for _ in 0..MOST {
            let connection = Connection::open(Http::One, server.address, config()).await;
            open.push(connection.unwrap());
        }
        for connection in &mut open {
            assert_eq!(connection.get("/").await.unwrap().0, 200, "{adapter:?}");
        }
        let more = client::get(server.address, config(), "/").await;
        assert!(more.is_err(), "{adapter:?}: {more:?}");
        drop(open);
        until("all have left", || count() == 0).await;
        serves(&world, &server, &alice).await;
    }
}

/// Client certificates whose chains look as if they led to the root: CAs of its name, below each
/// other in any order.
fn bombs(world: &World) -> Vec<(&'static str, Leaf)> {
    let alike = |count: usize| -> Vec<Ca> {
        let named = |_| Ca::root("Test root");
        (0..count).map(named).collect()
    };
    let bomb = |count: usize| {
        let cas = alike(count);
        cas[0].client("alice").presenting(cas.iter().map(Ca::der))
    };
    // Each signs for each: of n there are n! ways.
    let crossed = |count: usize| {
        let cas = alike(count);
        let below = cas.iter().map(|ca| ca.issuing("Test root").der().clone());
        cas[0].client("alice").presenting(below)
    };
    let padded = world.ca.client("alice").presenting([world.ca.der(); 140]);
    vec![
        ("nine look-alikes", bomb(9)),
        ("nine crossed look-alikes", crossed(9)),
        ("60 KiB of look-alikes", bomb(140)),
        ("60 KiB of the root", padded),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_bomb_is_refused_before_it_costs_anything() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let world = World::new();
    let alice = world.ca.client("alice");
    let bombs = bombs(&world);
    for adapter in ADAPTERS {
        let config = world.config().build().unwrap();
        let server = adapter.start(config, router()).await;
        for version in VERSIONS {
            for (name, leaf) in &bombs {
                let case = format!("{adapter:?} {version:?} {name}");
                let bytes: usize = leaf.chain().iter().map(|der| der.len()).sum();
                assert!(
                    name.starts_with("nine") || bytes > 50 << 10,
                    "{case}: {bytes}"
                );
                let began = Instant::now();
                let config = client::config(&world, Some(leaf), version);
                let failure = client::get(server.address, config, "/").await.unwrap_err();
                let alert = failure.alert();
                let expected = [Alert::BadCertificate, Alert::UnknownCA];
                assert!(
                    alert.is_some_and(|alert| expected.contains(&alert)),
                    "{case}: {failure:?}"
                );
                let took = began.elapsed();
                assert!(took < Duration::from_secs(1), "{case}: {took:?}");
            }
        }
        serves(&world, &server, &alice).await;
    }
}
