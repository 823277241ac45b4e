//! How a server that runs in a task of its own is waited for and ended.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::{net::TcpStream, sync::oneshot, time::timeout};

use crate::support::{
    World,
    client::{self, VERSIONS},
    start,
};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_signal_ends_it_and_it_is_awaited() {
    let world = World::new();
    let (signal, signalled) = oneshot::channel::<()>();
    let server = start(world.config())
        .await
        .with_graceful_shutdown(async { drop(signalled.await) });
    let address = server.local_addr();
    let config = client::config(&world, Some(&world.ca.client("alice")), VERSIONS[1]);
    client::get(address, config, "/").await.unwrap();
    let mut ended = Box::pin(server.into_future());
    let early = timeout(Duration::from_millis(50), &mut ended).await;
    assert!(early.is_err(), "nobody has told it to stop");
    signal.send(()).unwrap();
    timeout(SOON, ended).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_select_may_wait_for_it_and_then_end_it() {
    let server = start(World::new().config()).await;
    let stop = tokio::time::sleep(Duration::from_millis(50));
    let ended = tokio::select! {
        _ = server.finished() => unreachable!("nobody has told it to stop"),
        () = stop => server.graceful_shutdown(Duration::from_secs(1)).await,
    };
    ended.unwrap();
    // Whoever asks again has the same answer.
    timeout(SOON, server.finished()).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.local_addr()).await.is_err());
}

#[tokio::test]
async fn it_stops_even_if_nobody_waits_for_its_end() {
    let server = start(World::new().config()).await;
    let begun = server.graceful_shutdown(Duration::ZERO).now_or_never();
    assert!(begun.is_none());
    timeout(SOON, server.finished()).await.unwrap().unwrap();
}

#[tokio::test]
async fn dropped_it_goes_on() {
    let world = World::new();
    let server = start(world.config()).await;
    let address = server.local_addr();
    drop(server);
    let config = client::config(&world, Some(&world.ca.client("alice")), VERSIONS[1]);
    client::get(address, config, "/").await.unwrap();
}
